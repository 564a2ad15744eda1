"""Calls in progress: `follow` dials a call, polls it and ends it, in one task per call.

Dial (`dial`, behind `dial_gate`) → leg (`leg`) → next trunk (`refusal`, `failover`) or transfer
(`refer`). `looking` says how a follower pauses between two polls, and when it is its turn.
`followers` holds the tasks; `take_over` finds the calls of gateways that died.
"""
