"""Numbers and URIs that can be called: what they are, and what they are read as."""
