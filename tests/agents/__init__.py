"""Agents of LiveKit's own framework, in an environment of its own that `build.sh` makes."""
