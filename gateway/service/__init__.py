"""The story of each method: ask the store, let the domain decide, tell the platform.

No bytes, no SQL and no LiveKit word lives here. Long stories (a call after its RPC has
returned, a transfer under way) are tasks that write every step to the store, so another
process can tell the rest. What is lost at this door: who exactly waits for a call lives in
memory only.
"""
