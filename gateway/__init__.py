"""Call-control gateway: one small telephony API in front of LiveKit SIP.

Rooms, from the street inwards: `wire` (bytes and messages), `pipeline` (once around every
RPC), `service` (the story of each RPC), `domain` (pure decisions). `store` and `platform`
stand behind the ports in `ports`; `build` alone names the concrete classes.
"""
