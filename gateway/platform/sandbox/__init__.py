"""Simulated phones: a platform on which no real phone rings."""
