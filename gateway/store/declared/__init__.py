"""The table of the inbound trunks and dispatch rules that are made on platforms."""
