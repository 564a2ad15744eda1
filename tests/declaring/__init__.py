"""Inbound trunks and dispatch rules made on a platform: the sandbox, and real LiveKit servers."""
