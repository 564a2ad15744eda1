"""What happens in one run, written down before it begins: made from a seed, and made smaller.

A plan holds everything that is done to the gateways. What it does not hold (latencies, which
process runs next) comes from streams of the same seed.
"""
