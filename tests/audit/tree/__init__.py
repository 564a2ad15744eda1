"""Promises of the tree's hashes, proofs and texts."""
