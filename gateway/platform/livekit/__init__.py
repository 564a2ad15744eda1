"""The only user of LiveKit's API: requests, and what the answers prove."""
