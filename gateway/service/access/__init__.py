"""Who may send requests, and how many: tenants and trunks as configured, tokens, keys, turns."""
