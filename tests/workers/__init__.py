"""Several processes as one: supervision, ports, lines; no gateway is in them."""
