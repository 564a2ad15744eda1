"""Databases for tests, as a first start of a gateway leaves them: made once, then copied."""
