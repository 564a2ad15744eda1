"""Nonsense on every door: each gets an answer, none breaks the gateway."""
