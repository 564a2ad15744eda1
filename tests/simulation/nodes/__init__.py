"""The gateways as processes, and the one database that they share."""
