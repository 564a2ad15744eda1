"""What the gateway costs, as ratios measured in one run on one machine (`make bench`).

One module a subject; `floor.py` is what they are compared with, `measure.py` how. No gateway is
changed for it: subjects use the public API, as any client would.
"""

import os

# What gRPC tells of each process that is started would stand between the tables. It reads this
# once, when it is imported.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
