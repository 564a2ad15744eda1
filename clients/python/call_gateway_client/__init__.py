"""Channels to a call-control gateway, with its retry policy and health checking."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import Any, NamedTuple

import grpc
import grpc.aio

SERVICE_CONFIG = files(__package__).joinpath("service-config.json").read_text()
"""What gRPC is told by default: which answers are repeated, and whose health counts."""

Option = tuple[str, Any]
Token = str | Callable[[], str]


def channel(
    target: str,
    *,
    token: Token = "",
    credentials: grpc.ChannelCredentials | None = None,
    options: Sequence[Option] = (),
) -> grpc.Channel:
    """A channel that repeats requests as SERVICE_CONFIG says.

    `token`: sent with each request; a function is asked each time, for tokens that expire.
    `credentials`: unset: plain text. `options`: gRPC's; they replace the package's own.
    """
    told = _options(options)
    opened = (
        grpc.secure_channel(target, credentials, told)
        if credentials
        else grpc.insecure_channel(target, told)
    )
    return grpc.intercept_channel(opened, _SignIn(token)) if token else opened


def aio_channel(
    target: str,
    *,
    token: Token = "",
    credentials: grpc.ChannelCredentials | None = None,
    options: Sequence[Option] = (),
) -> grpc.aio.Channel:
    """The same for an event loop."""
    told = _options(options)
    signing: list[Any] = [_AioUnary(token), _AioStream(token)] if token else []
    if credentials:
        return grpc.aio.secure_channel(target, credentials, told, interceptors=signing)
    return grpc.aio.insecure_channel(target, told, interceptors=signing)


def _options(options: Sequence[Option]) -> list[Option]:
    named = {name for name, _ in options}
    own = ("grpc.service_config", SERVICE_CONFIG)
    return [*options, *([] if own[0] in named else [own])]


class _Details(NamedTuple):
    """What a request is sent with; gRPC reads these attributes."""

    method: str
    timeout: float | None
    metadata: Any
    credentials: grpc.CallCredentials | None
    wait_for_ready: bool | None
    compression: Any = None


class _Signing:
    """Adds the token to a request's metadata."""

    def __init__(self, token: Token) -> None:
        self._token = token

    def metadata(self, details: Any) -> list[tuple[str, str | bytes]]:
        token = self._token() if callable(self._token) else self._token
        return [*(details.metadata or ()), ("authorization", f"Bearer {token}")]


class _SignIn(_Signing, grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):
    def _signed(self, details: Any) -> Any:
        kept = (details.method, details.timeout, self.metadata(details), details.credentials)
        compression = getattr(details, "compression", None)
        return _Details(*kept, getattr(details, "wait_for_ready", None), compression)

    def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(self._signed(details), request)

    def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return continuation(self._signed(details), request)


class _AioSigning(_Signing):
    def _signed(self, details: Any) -> Any:
        metadata = grpc.aio.Metadata(*self.metadata(details))
        return details._replace(metadata=metadata)


class _AioUnary(_AioSigning, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self._signed(details), request)


class _AioStream(_AioSigning, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(self, continuation: Any, details: Any, request: Any) -> Any:
        return await continuation(self._signed(details), request)
