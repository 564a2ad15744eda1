"""LiveKit's own vocabulary, as the gateway serves it, and the door of LiveKit's notices."""
