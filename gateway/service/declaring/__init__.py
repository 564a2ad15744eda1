"""Makes the platforms' inbound trunks and dispatch rules as the configuration declares them.

One process at a time does so. What nobody of this store has made is never touched.
"""
