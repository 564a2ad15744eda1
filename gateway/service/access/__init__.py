"""Who may ask, and how much at a time: tenants and trunks as configured, tokens and keys, turns."""
