"""The composition root: the only package that names concrete classes.

`ground` makes what services need, `services` makes every service, `running` starts and stops
them with their background tasks, `doors` makes every port, and `gateway` the process. `clock`
filters the steps of the machine's clock. Nothing is decided here.
"""

from gateway.build.clock import SystemClock
from gateway.build.gateway import Gateway
from gateway.build.ground import Administration, administration
from gateway.build.places import ConfigurationError

__all__ = ["Administration", "ConfigurationError", "Gateway", "SystemClock", "administration"]
