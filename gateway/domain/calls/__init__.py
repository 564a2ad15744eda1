"""Calls: their values, requests and observations, and the one place where they change."""
