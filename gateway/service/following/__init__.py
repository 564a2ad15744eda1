"""Calls in progress: `follow` dials a call, polls it and ends it, in one task per call.

Dial (`dial`, behind `dial_gate`) → leg (`leg`) → next trunk (`refusal`, `failover`) or transfer
(`refer`). Between two polls a follower pauses (`pauses`), until it is its turn (`looks`).
`followers` holds the tasks; `take_over` finds the calls of gateways that died.
"""
