"""Programs as Python's users write them: with the gateway's stubs, and with LiveKit's library."""
