"""What must not happen when clients give up, proxies repeat, and gateways are killed."""
