"""References to secrets: the configuration only points to secrets, it never holds one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.domain.tenant import Config, Inbound
from gateway.errors import FieldViolation

MAX_PATH = 1024

_REFERENCE = re.compile(r"env:(?P<name>[A-Za-z_][A-Za-z0-9_]{0,254})|file:(?P<path>/[!-~]+)")
# The author of a configuration must not be able to read these through a carrier or receiver:
# the settings of the gateway, the libraries in its process, and its machine.
_OWN_PREFIXES = (
    *("GATEWAY_", "LIVEKIT_", "PG", "AWS_", "AZURE_", "GOOGLE_", "GCP_", "KUBERNETES_", "VAULT_"),
    *("LD_", "DYLD_", "PYTHON", "OTEL_", "GRPC_", "SSL_", "REQUESTS_", "LC_", "XDG_", "UV_"),
)
_OWN_NAMES = frozenset(
    {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "PWD", "OLDPWD", "LANG", "TERM", "TZ", "TMPDIR"}
    | {"HOSTNAME", "VIRTUAL_ENV", "DATABASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"}
)
# The kernel's view of the process is not a secret file, and the credentials that a cluster or cloud
# gives the machine are stored next to secrets.
_KERNEL_FOLDERS = ("/proc", "/sys", "/dev")
_MACHINE_FOLDERS = (
    "kubernetes.io",
    "eks.amazonaws.com",
    "pods.eks.amazonaws.com",
    "azure/tokens",
)


class SecretSource(StrEnum):
    """The kinds of places that hold a secret."""

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
    """`env:NAME` or `file:/path`; None for anything else, and for settings of the process."""
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        return None
    name, path = found["name"], found["path"]
    if name is not None:
        return None if _is_own(name.upper()) else SecretRef(SecretSource.ENV, name)
    if len(path) > MAX_PATH or ".." in path.split("/") or is_of_machine(path):
        return None
    return SecretRef(SecretSource.FILE, path)


def below(path: str, folders: Iterable[str]) -> bool:
    """Whether the path is below one of the folders, judged by its text."""
    return any(path.startswith(f"{folder.rstrip('/')}/") for folder in folders)


def is_of_machine(path: str) -> bool:
    """Whether this path is the kernel's, or holds the machine's own credentials."""
    machine = any(f"/{folder}/" in f"{path}/" for folder in _MACHINE_FOLDERS)
    return machine or below(path, _KERNEL_FOLDERS)


def misplaced(config: Config, folders: Sequence[str]) -> Iterator[FieldViolation]:
    """References of a configuration to files outside the folders that secrets may be in."""
    told = ", ".join(folders) or "no directory"
    for path, reference in _references(config):
        found = parse(reference)
        if found and found.source is SecretSource.FILE and not below(found.name, folders):
            text = f"must be a file below {told} (GATEWAY_SECRET_DIRECTORIES)"
            yield FieldViolation(path, text)


def _references(config: Config) -> Iterator[tuple[str, str]]:
    for at, tenant in enumerate(config.tenants):
        for place, webhook in enumerate(tenant.webhooks):
            yield f"tenants[{at}].webhooks[{place}].secret_from", webhook.secret_from
        yield from _of_inbound(f"tenants[{at}].inbound", tenant.inbound)
    for at, trunk in enumerate(config.trunks):
        if trunk.inline is not None and trunk.inline.password_from:
            yield f"trunks[{at}].inline.password_from", trunk.inline.password_from


def _of_inbound(path: str, inbound: Inbound) -> Iterator[tuple[str, str]]:
    for at, trunk in enumerate(inbound.trunks):
        if trunk.auth_password_from:
            yield f"{path}.trunks[{at}].auth_password_from", trunk.auth_password_from
    for at, rule in enumerate(inbound.dispatch_rules):
        if rule.pin_from:
            yield f"{path}.dispatch_rules[{at}].pin_from", rule.pin_from


def _is_own(name: str) -> bool:
    return name in _OWN_NAMES or name.startswith(_OWN_PREFIXES)
