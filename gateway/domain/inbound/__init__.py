"""Inbound trunks and dispatch rules: as a tenant declares them, and as a platform holds them.

Values only: nothing here decides.
"""
