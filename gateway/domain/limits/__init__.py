"""Limits: calls of a tenant and a trunk, requests of a peer, and turns."""
