"""What surrounds the gateways: network, LiveKit with its phones, database, clients, receivers.

All of it is simulated, but for SQLite itself. It does what the seed says, and writes down what
really happened; it never looks into a gateway.
"""
