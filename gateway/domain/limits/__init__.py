"""How much may be asked: calls of a tenant and a trunk, requests of a peer, whose turn it is."""
