"""Use cases: ask the store, let the domain decide, tell the platform.

`api` has one per RPC; `following` handles what an RPC leaves under way. `arrivals` handles what
comes from LiveKit, `deliveries` what goes to tenants. All of them write through `ledger` and check
permissions with `access`. No bytes and no SQL live here, and nothing of LiveKit's library;
LiveKit's own three methods are in `api/livekit_sip.py`. Long work runs in tasks that write every
step to the store, so another process can continue it. Only one thing is held in memory alone: who
exactly is waiting for a call.
"""
