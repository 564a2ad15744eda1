"""A call on its way: `follow` dials it, looks at it and ends it; one task a call.

Dial (`dial`, behind `dial_gate`) → leg (`leg`) → next trunk (`failover`) or transfer (`refer`).
`followers` holds the tasks; `take_over` finds the calls of gateways that died.
"""
