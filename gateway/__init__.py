"""Call-control gateway: one small telephony API in front of LiveKit SIP.

Packages, from the outside inwards: `wire` (bytes and messages), `rpc` (around every RPC),
`service` (each RPC's use case), `domain` (pure decisions). `store` and `platform` implement the
interfaces in `ports`; only `build` names the concrete classes.
"""
