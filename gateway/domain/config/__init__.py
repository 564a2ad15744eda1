"""The rules for a configuration, and the differences between two."""
