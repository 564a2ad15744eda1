"""The composition root: the only room that names concrete classes.

`ground` makes what stands before any service, `services` every story that this gateway tells,
`doors` every port, and `gateway` the process: its chores, its start and stop. `clock` is the
machine's, as far as it is believed. Nothing is decided here.
"""

from gateway.build.clock import SystemClock
from gateway.build.gateway import Gateway
from gateway.build.ground import Administration, ConfigurationError, administration

__all__ = ["Administration", "ConfigurationError", "Gateway", "SystemClock", "administration"]
