"""Operators' requests and their results, and the rules for keys."""
