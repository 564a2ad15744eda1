"""Where a secret is: the configuration only ever points at secrets, it never holds one."""

import re
from dataclasses import dataclass
from enum import StrEnum

MAX_PATH = 1024

_REFERENCE = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]{0,254})|file:(?P<path>/[!-~]+)")
# Whoever writes the configuration must not read these through a carrier or a receiver of its own.
_OWN = frozenset(
    {"GATEWAY_MASTER_KEY", "GATEWAY_DATABASE_URL", "LIVEKIT_API_KEY", "LIVEKIT_API_SECRET"}
)


class SecretSource(StrEnum):
    """What holds a secret."""

    ENV = "env"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class SecretRef:
    """A place on the gateway's machine: a variable of its environment, or an absolute path."""

    source: SecretSource
    name: str


class SecretError(Exception):
    """A secret cannot be read now; the text names the place, never the secret."""


def parse(reference: str) -> SecretRef | None:
    """`env:NAME` or `file:/path`; None for anything else, and for the gateway's own secrets."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    name, path = found["name"], found["path"]
    if name is not None:
        return None if name in _OWN else SecretRef(SecretSource.ENV, name)
    if len(path) > MAX_PATH or ".." in path.split("/"):
        return None
    return SecretRef(SecretSource.FILE, path)
