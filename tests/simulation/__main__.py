"""`make simulate`: runs the whole gateway in simulated worlds, and holds it to its promises.

`SIMULATE_SEEDS`: how many runs (1000), from `SIMULATE_FIRST` (0) on; `SIMULATE_CALLS`: calls of
each (300); `SIMULATE_PROCESSES`: at a time (one for each core). `SIMULATE_SEED` runs one seed and
`SIMULATE_PLAN` the file of a plan, and show all that happened. `SIMULATE_SHRINKING`: for how many
seconds a failed run is made smaller (60).
"""

import signal
import sys

from tests.simulation.reports.asked import asked
from tests.simulation.reports.simulate import simulate

if __name__ == "__main__":
    # Whoever is told to end leaves no folders and processes behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(simulate(asked()))
