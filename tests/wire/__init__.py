"""Bytes ⇄ domain: what goes in comes out, and nothing is lost on the way."""
