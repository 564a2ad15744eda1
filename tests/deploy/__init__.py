"""What lies in `deploy/` is what it is meant to be, as the real tools see it.

Chart, compose file, unit and examples are rendered, checked against schemas and linted, and their
ports, paths, variables and timeouts agree with the gateway's. Neither a cluster nor a container
runs here. `build.sh` builds the tools and gathers the schemas.
"""
