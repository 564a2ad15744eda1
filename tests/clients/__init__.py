"""Contract tests: programs as users write them, each in its language, against a gateway.

The programs are in the folders beside: `<language>-<wire>` with the packages that `make clients`
builds or with stubs generated from proto/, and `<language>-livekit` with LiveKit's own library,
which is not told that it meets a gateway. Each takes the name of a scenario and prints what came
of it as one line of JSON. `build.sh` builds them.
"""
