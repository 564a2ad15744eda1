"""The configuration: YAML, its message and the domain's values."""
