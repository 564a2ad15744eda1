"""Numbers and URIs that can be called: their forms and readings."""
