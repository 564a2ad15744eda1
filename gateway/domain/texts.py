"""Texts and numbers from outside, as they may be stored, shown and logged.

Carriers, callers and LiveKit may send anything: terminals would act on it, readers would be
misled by it, and databases and messages could not hold it.
"""

import re

MAX_TOLD = 256
"""Bytes of a text from outside."""
MAX_MESSAGE = 1024
"""Bytes of an error's message, in which its meaning is searched for."""
MIN_SIP_CODE, MAX_SIP_CODE = 100, 699

UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Control characters, line separators, what turns the direction of writing, halves of pairs."""


def escaped(text: str) -> str:
    r"""The same with each unsafe character written as in `\x1b` or `\u202e`."""
    return UNSAFE.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


def cleaned(text: str, limit: int = MAX_TOLD) -> str:
    """Escaped, and at most `limit` bytes; a `…` at its end means that there was more."""
    safe = escaped(text[:limit])
    if len(text) <= limit and len(safe.encode()) <= limit:
        return safe
    return safe.encode()[: limit - len("…".encode())].decode(errors="ignore") + "…"


def names_in(names: str) -> tuple[str, ...]:
    """What stands between commas."""
    return tuple(name for each in names.split(",") if (name := each.strip()))


def sip_code(number: int) -> int:
    """A SIP status; 0 if it is none or cannot be one."""
    return number if MIN_SIP_CODE <= number <= MAX_SIP_CODE else 0


_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_=-]*){1,2}")
_CREDENTIAL = re.compile(
    r"(?P<scheme>\b(?:bearer|basic)\b(?:\s|\\t)*)[^\s,'\"\\]{12,}", re.IGNORECASE
)
_SHORTEST_CREDENTIAL = len("basic") + 12
_WEBHOOK_SECRET = re.compile(r"whsec_[A-Za-z0-9+/=_-]+")
_ADDRESS = re.compile(
    r"(?P<scheme>\b[a-z][a-z0-9+.-]{1,20}://)(?:[^\s/?#@'\"]*@)?(?P<host>[^\s/?#@'\",)]*)"
    r"(?P<rest>[^\s'\",)]*)",
    re.IGNORECASE,
)
_SQL = re.compile(r"\[SQL: .*", re.DOTALL)
HIDDEN = "[hidden]"


def without_secrets(text: str) -> str:
    """The same without tokens, credentials, signing secrets and SQL; only the host of a URL.

    A path or query may be as secret as a password, and it is impossible to tell.
    """
    # Most texts are short names: what is in none of them need not be looked for.
    if "[SQL: " in text:
        text = _SQL.sub("[SQL]", text)
    if "eyJ" in text:
        text = _TOKEN.sub(HIDDEN, text)
    if len(text) >= _SHORTEST_CREDENTIAL:
        text = _CREDENTIAL.sub(lambda found: f"{found['scheme']}{HIDDEN}", text)
    if "whsec_" in text:
        text = _WEBHOOK_SECRET.sub(HIDDEN, text)
    return _ADDRESS.sub(_host_only, text) if "://" in text else text


def _host_only(found: re.Match[str]) -> str:
    rest = "/…" if found["rest"].strip("/") else found["rest"]
    return f"{found['scheme']}{found['host']}{rest}"
