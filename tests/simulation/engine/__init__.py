"""Virtual time: several event loops run by one scheduler, and what they share.

Nothing here knows a gateway, LiveKit or a phone.
"""
