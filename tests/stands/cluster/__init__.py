"""Several gateways as processes on one database, and what became of their calls."""
