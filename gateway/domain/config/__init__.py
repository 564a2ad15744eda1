"""What a configuration must be, and what is different between two."""
