"""The composition root: the only room that names concrete classes.

`ground` makes what stands before any service, `services` every story that this gateway tells,
and `gateway` the process: its doors, its chores, its start and stop. Nothing is decided here.
"""

from gateway.build.gateway import Gateway
from gateway.build.ground import Administration, ConfigurationError, SystemClock, administration

__all__ = ["Administration", "ConfigurationError", "Gateway", "SystemClock", "administration"]
