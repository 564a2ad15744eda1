"""The only user of LiveKit's API: what is asked, and what its answers prove."""
