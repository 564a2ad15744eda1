"""Pure decisions: no clock, no network, nothing to set up."""
