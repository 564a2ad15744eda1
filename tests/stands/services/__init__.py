"""The services without a network: their desks, and who may call."""
