"""What the suites share: a gateway with its phones, wires, clocks, processes, values."""
