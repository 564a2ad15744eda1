"""What the gateway promises its callers: each promise on each wire, platform and database."""
