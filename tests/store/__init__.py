"""What `ports.Store` promises, on every database."""
