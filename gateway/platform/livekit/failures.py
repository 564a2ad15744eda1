"""LiveKit's codes and texts of a failure → the domain's `Cause`.

LiveKit reports four different things as "resource exhausted" and two as "sip request timed out",
so neither may be passed on as it is. The texts here come from LiveKit's source and its answers;
an unknown text proves nothing.
"""

from livekit.api import ServerErrorCode

from gateway.domain.outcome import Cause

# LiveKit sends these before any INVITE.
_NEVER_DIALED = (
    "cpu exhausted",
    "failed to listen on udp port",
    "no response from servers",
    "sip not connected",
    "update room failed",
)
_SILENCE = "0 intermediate responses"
"""LiveKit's own SIP timers gave up on a trunk that did not answer at all."""

# These codes say it whatever the text is.
_CERTAIN = {
    ServerErrorCode.UNAUTHENTICATED: Cause.KEY_REFUSED,
    ServerErrorCode.BAD_ROUTE: Cause.NO_PLATFORM,
    ServerErrorCode.MALFORMED: Cause.PLATFORM_FAILED,
    ServerErrorCode.NOT_FOUND: Cause.NO_SUCH_TRUNK,
}
_BY_CODE = {
    ServerErrorCode.CANCELED: Cause.TIMED_OUT,
    ServerErrorCode.DEADLINE_EXCEEDED: Cause.TIMED_OUT,
    ServerErrorCode.ABORTED: Cause.TIMED_OUT,
    ServerErrorCode.FAILED_PRECONDITION: Cause.TRUNK_UNUSABLE,
    ServerErrorCode.INVALID_ARGUMENT: Cause.TRUNK_UNUSABLE,
    ServerErrorCode.RESOURCE_EXHAUSTED: Cause.TRUNK_UNUSABLE,
    ServerErrorCode.PERMISSION_DENIED: Cause.TRUNK_UNUSABLE,
}


def cause(code: str, text: str) -> Cause:
    """Why a dial failed for which LiveKit sent this Twirp code and text, and no SIP status."""
    if code in _CERTAIN:
        return _CERTAIN[code]
    lowered = text.lower()
    if any(part in lowered for part in _NEVER_DIALED):
        full = code == ServerErrorCode.UNAVAILABLE
        return Cause.PLATFORM_FULL if full else Cause.PLATFORM_FAILED
    if code in _BY_CODE and _SILENCE in lowered:
        return Cause.SILENCE
    return _BY_CODE.get(code, Cause.UNKNOWN)
