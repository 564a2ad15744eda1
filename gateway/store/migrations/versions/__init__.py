"""The steps. A new one is a copy of the newest: count `revision` on, and write its `upgrade`."""
