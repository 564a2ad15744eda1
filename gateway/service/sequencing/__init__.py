"""How audit records become leaves of one tree, and what is signed of it.

Whoever writes a record waits for none of this. Receipts and the proof of the whole log are here,
too. No key is read here, and nothing is published: that is `publishing`.
"""
