"""The stories: ask the store, let the domain decide, tell the platform.

`api` tells one per RPC; what an RPC leaves under way is told by `following`. `arrivals` tells
what comes from LiveKit, `deliveries` what goes to tenants. All of them write through `ledger`
and ask `access` who may. No bytes and no SQL live here, and nothing of LiveKit's library; LiveKit's
own three methods have their story in `api/livekit_sip.py`. Long stories are tasks that write
every step to the store, so another process can go on. What is lost at this door: who exactly waits
for a call lives in memory only.
"""
