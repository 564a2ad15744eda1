"""LiveKit's own vocabulary as the gateway serves it, and the endpoint for LiveKit's notices."""
