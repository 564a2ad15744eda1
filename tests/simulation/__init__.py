"""The whole gateway in one process, on a virtual clock, in a hostile world made from a seed.

`engine/` runs several event loops on one clock; `world/` is what surrounds the gateways: LiveKit
and its phones, the database's faults, the network, clients and receivers; `judge/` knows what
really happened and holds the gateways to their promises. See docs/simulation.md.
"""
