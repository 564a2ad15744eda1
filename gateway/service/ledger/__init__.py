"""How a change is stored and published.

It is counted against limits, written with its event and audit record, and sent to the waiters.
"""
