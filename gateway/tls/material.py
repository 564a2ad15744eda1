"""A certificate with its key, and the authorities that the other side is checked against."""

import os
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key


class MaterialError(Exception):
    """It cannot be used; the text says which part, and nothing of a key."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """PEM texts that belong together; `checked` before anyone uses them."""

    chain: bytes = b""
    """The certificate, then those that lead to its authority; empty: none."""
    key: bytes = field(default=b"", repr=False)
    authorities: bytes = b""
    """Who may have signed the other side's certificate; empty: of a client none is asked for."""

    def checked(self) -> "Material":
        """Itself, if it can be used. Raises MaterialError."""
        if self.chain:
            self._check_key()
            _ = self.expire_time
        if self.authorities:
            _certificates(self.authorities, "the authorities")
        try:
            _ = self.server_context if self.chain else self.client_context
        except (ssl.SSLError, ValueError) as wrong:
            raise MaterialError(f"the certificate and its key do not fit: {wrong}") from None
        return self

    @cached_property
    def expire_time(self) -> datetime:
        """When the certificate ends."""
        return _certificates(self.chain, "the certificate")[0].not_valid_after_utc

    @cached_property
    def server_context(self) -> ssl.SSLContext:
        """For a server: TLS 1.2 at least.

        If there are authorities, a client may present a certificate; one that they have not
        signed ends the handshake.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._load(context)
        context.set_alpn_protocols(["http/1.1"])
        if self.authorities:
            context.load_verify_locations(cadata=self.authorities.decode("ascii"))
            context.verify_mode = ssl.CERT_OPTIONAL
            # An authority may itself be signed by one that is not listed.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        return context

    @cached_property
    def client_context(self) -> ssl.SSLContext:
        """For a client; without authorities those of the machine count."""
        data = self.authorities.decode("ascii") if self.authorities else None
        context = ssl.create_default_context(cadata=data)
        if self.chain:
            self._load(context)
        return context

    def _load(self, context: ssl.SSLContext) -> None:
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        with _as_file(self.chain + b"\n" + self.key) as path:
            context.load_cert_chain(path)

    def _check_key(self) -> None:
        try:
            load_pem_private_key(self.key, None)
        except TypeError:
            raise MaterialError("the key must not be encrypted with a password") from None
        except ValueError:
            raise MaterialError("the key is not a private key in PEM") from None


def _certificates(pem: bytes, name: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise MaterialError(f"{name}: not certificates in PEM") from None


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """Python reads keys from files only; where the system can, this one is only in memory."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("certificate"), "wb") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "certificate.pem"
        path.touch(0o600)
        path.write_bytes(content)
        yield str(path)
