"""Promises of the webhooks: what receivers see, over real HTTP on this machine."""
