"""The seams of declared inbound trunks and dispatch rules: the platform's and the store's."""
