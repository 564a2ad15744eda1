"""Phones that exist nowhere: a platform that rings nobody."""
