"""The server that is asked, and what may be asked of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EncodingName = Literal["json", "protobuf"]
ENCODINGS: tuple[EncodingName, ...] = ("json", "protobuf")
NO_HEADERS: Mapping[str, str] = {}

Path = tuple[str | int, ...]
"""Keys and indices that lead to a place in a JSON document."""


@dataclass(frozen=True, kw_only=True)
class Rpc:
    """One request to one method, in both encodings."""

    method: str
    json: bytes
    protobuf: bytes | None = None
    """None: the suite asks in JSON only."""
    headers: Mapping[str, str] | None = None
    """Instead of the target's own."""

    def body(self, encoding: EncodingName) -> bytes:
        """The request in this encoding."""
        return self.json if encoding == "json" else self.protobuf or b""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A Twirp server. What it does not tell, the suite leaves out."""

    name: str
    url: str
    """Scheme, host and port."""
    prefix: str = "/twirp"
    service: str
    """With its package, such as `example.v1.Haberdasher`."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Sent with every request, such as `Authorization`."""

    rpc: Rpc
    """Answered with success however often it is asked. Its JSON is an object; where it has a
    field with a two-word name, under the proto's own name, both spellings are tried."""
    defaults_answered: bool = True
    """The same method answers a request with no field set, and otherwise than `rpc`."""
    default_field: str = ""
    """A field of that answer at its default, with a two-word name."""
    int64_at: Path = ()
    """Where `rpc`'s answer has a 64-bit number."""
    enum_at: Path = ()
    """Where `rpc`'s answer has an enum."""
    read: Callable[[bytes], Any] | None = None
    """A protobuf answer as its JSON object."""
    bad_text: bytes = b""
    """A protobuf request whose string field is no UTF-8."""
    max_body_bytes: int = 0
    """The largest body that is read. 0: not told."""

    errors: Mapping[str, Rpc] = field(default_factory=dict)
    """Twirp error code → what is answered with it."""
    unreachable: Mapping[str, str] = field(default_factory=dict)
    """Twirp error code → why no request is answered with it."""

    def path(self, method: str = "") -> str:
        """Of a method; unset: `rpc`'s."""
        return f"{self.prefix}/{self.service}/{method or self.rpc.method}"
