"""Warm transfers: the state machine of a transfer in which a human is consulted first.

Values in, values out: what is seen of the caller's call and of the human's decides. Nothing here
dials, waits or asks the platform.
"""
