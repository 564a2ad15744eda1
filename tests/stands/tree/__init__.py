"""An audit tree without a gateway around it: a key, a memory, and records in it."""
