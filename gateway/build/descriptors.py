"""How many files and connections the process may have open."""

import resource

import structlog

OWN = 256
"""What a gateway needs besides client connections: database, LiveKit, receivers, files."""

log = structlog.get_logger()


def raise_limit(clients: int) -> None:
    """Raises the limit to what the machine allows, and warns if `clients` connections are more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = clients + OWN
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    except (ValueError, OSError) as refused:
        # Some systems report a hard limit that they do not allow.
        log.warning("descriptors_not_raised", cause=str(refused))
    if soft != resource.RLIM_INFINITY and soft < needed:
        hint = "raise the limit of open files, or lower GATEWAY_MAX_CONNECTIONS"
        log.warning("descriptors_few", limit=soft, needed=needed, text=hint)
    else:
        log.info("descriptors", limit=soft, needed=needed)
