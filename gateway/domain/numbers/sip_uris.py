"""SIP and tel URIs: what they consist of, and their canonical form.

The grammars are those of RFC 3261, section 25.1, and RFC 3966, section 3. Callers decide which of
the parts are allowed. `str` writes exactly what was read, so nothing is judged in one form and sent
in another.
"""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from gateway.domain.numbers import hosts

MAX_URI = 2048
"""The longest text that is parsed, in characters."""

Parameters = tuple[tuple[str, str | None], ...]
"""In their order, decoded; names in lower case; None: there is no `=`."""

_MARK = "-_.!~*'()"
_USER = _MARK + "&=+$,;?/"
_PASSWORD = _MARK + "&=+$,"
_PARAMETER = _MARK + "[]/:&+$"
_HEADER = _MARK + "[]/?:+$"
_TEL_NAME = re.compile(r"[A-Za-z0-9-]+")
_VISUAL_SEPARATORS = re.compile(r"[-.()]")
_TEL_NUMBER = re.compile(r"\+[0-9]+|[0-9A-Fa-f*#]+")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME = re.compile(r"(sips?|tel):", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SipUri:
    """A `sip:` or `sips:` URI, decoded. Without a user `user` is empty."""

    scheme: str = "sip"
    user: str = ""
    password: str | None = None
    place: hosts.Place
    parameters: Parameters = ()
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        told = "" if self.password is None else f":{_escaped(self.password, _PASSWORD)}"
        user = f"{_escaped(self.user, _USER)}{told}@" if self.user else ""
        asked = "&".join(f"{_escaped(n, _HEADER)}={_escaped(v, _HEADER)}" for n, v in self.headers)
        behind = f"{_written(self.parameters)}{'?' if asked else ''}{asked}"
        return f"{self.scheme}:{user}{self.place}{behind}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TelUri:
    """A `tel:` URI: a number without its visual separators.

    RFC 3966 requires a `phone-context` with every number that does not begin with `+`. Since many
    omit it, it is optional here.
    """

    number: str
    parameters: Parameters = ()

    def __str__(self) -> str:
        return f"tel:{self.number}{_written(self.parameters)}"


def is_uri(text: str) -> bool:
    """Whether it has one of the schemes that `parse` reads."""
    return _SCHEME.match(text) is not None


def parse(text: str) -> SipUri | TelUri:
    """The URI that `text` is, as a whole.

    Raises ValueError that says what is wrong; of `text` it repeats one character at most.
    """
    found = _SCHEME.match(text)
    if found is None:
        raise ValueError("a URI must begin with sip:, sips: or tel:")
    if len(text) > MAX_URI:
        raise ValueError(f"a URI has at most {MAX_URI} characters")
    scheme, rest = found[1].lower(), text[found.end() :]
    return _tel(rest) if scheme == "tel" else _sip(scheme, rest)


def _sip(scheme: str, rest: str) -> SipUri:
    told, at, behind = rest.rpartition("@")
    user, colon, password = told.partition(":")
    if at and not user:
        raise ValueError("there is no user before the @")
    behind, question, headers = behind.partition("?")
    place, *parameters = behind.split(";")
    return SipUri(
        scheme=scheme,
        user=_decoded("the user", user, _USER),
        password=_decoded("the password", password, _PASSWORD) if colon else None,
        place=hosts.place(place),
        parameters=_parameters(parameters),
        headers=tuple(map(_header, headers.split("&"))) if question else (),
    )


def _tel(rest: str) -> TelUri:
    written, *parameters = rest.split(";")
    number = _VISUAL_SEPARATORS.sub("", written)
    if not _TEL_NUMBER.fullmatch(number):
        raise ValueError("a tel: URI has a number of digits and -.(), with + if it is global")
    found = _parameters(parameters)
    if not all(_TEL_NAME.fullmatch(name) for name, _ in found):
        raise ValueError("the name of a parameter has letters, digits and '-' in a tel: URI")
    return TelUri(number=number.upper(), parameters=found)


def _parameters(written: list[str]) -> Parameters:
    found = tuple(map(_parameter, written))
    if len({name for name, _ in found}) < len(found):
        raise ValueError("a parameter is given twice")
    return found


def _parameter(written: str) -> tuple[str, str | None]:
    name, equals, value = written.partition("=")
    if not name or (equals and not value):
        raise ValueError("a parameter has a name, and a value after its =")
    decoded = _decoded("a parameter", name, _PARAMETER).lower()
    return decoded, _decoded("a parameter", value, _PARAMETER) if equals else None


def _header(written: str) -> tuple[str, str]:
    name, equals, value = written.partition("=")
    if not name or not equals:
        raise ValueError("a header has a name and a =")
    return _decoded("a header", name, _HEADER), _decoded("a header", value, _HEADER)


def _decoded(part: str, text: str, allowed: str) -> str:
    """`text` without its escapes; `allowed`: the characters besides letters and digits."""
    for char in text:
        if not (char.isascii() and (char.isalnum() or char in allowed or char == "%")):
            escaped = quote(char, safe="", errors="replace")
            shown = char if " " < char <= "~" else "character"
            raise ValueError(f"{part} has a {shown} that must be written {escaped}")
    if _LONE_PERCENT.search(text):
        raise ValueError(f"{part} has a % without two hexadecimal digits after it")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise ValueError(f"{part} has escapes that are not UTF-8") from None


def _escaped(text: str, allowed: str) -> str:
    return quote(text, safe=allowed)


def _written(parameters: Parameters) -> str:
    return "".join(
        f";{_escaped(name, _PARAMETER)}"
        + ("" if value is None else f"={_escaped(value, _PARAMETER)}")
        for name, value in parameters
    )
