"""Hundreds of calls while everything that can fail does; see `__main__`."""
