"""A certificate authority, and what it has signed."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import grpc
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

DAY = timedelta(days=1)
SERVER_NAMES = (x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1")))


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, and the authority that signed it, all in PEM."""

    chain: bytes
    key: bytes
    authority: bytes

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """The files of certificate and key; each replaced at once."""
        found = []
        for content, end in ((self.chain, "crt"), (self.key, "key")):
            path = folder / f"{name}.{end}"
            draft = path.with_suffix(".draft")
            draft.write_bytes(content)
            found.append(draft.replace(path))
        return found[0], found[1]

    def client(self, trusted: bytes, folder: Path) -> ssl.SSLContext:
        """For an HTTP client that shows this certificate."""
        context = ssl.create_default_context(cadata=trusted.decode())
        chain, key = self.write(folder, f"client-{id(self)}")
        context.load_cert_chain(chain, key)
        return context

    def channel(self, trusted: bytes) -> grpc.ChannelCredentials:
        """The same for gRPC."""
        return grpc.ssl_channel_credentials(trusted, self.key, self.chain)


class Authority:
    """Signs what it is asked to sign."""

    def __init__(self, name: str = "tests") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        self.certificate = self._signed(
            self._unsigned(self.name, self.key.public_key(), now - DAY, now + DAY).add_extension(
                x509.BasicConstraints(ca=True, path_length=None), critical=True
            )
        )

    @property
    def pem(self) -> bytes:
        """Its own certificate."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self, *names: x509.GeneralName, starts: timedelta = -DAY, ends: timedelta = DAY
    ) -> Issued:
        """A certificate for these names; it begins and ends so long after now."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "a test")])
        now = datetime.now(UTC)
        unsigned = self._unsigned(subject, key.public_key(), now + starts, now + ends)
        if names:
            unsigned = unsigned.add_extension(x509.SubjectAlternativeName(names), critical=False)
        unsigned = unsigned.add_extension(
            x509.BasicConstraints(ca=False, path_length=None), critical=True
        ).add_extension(_SIGNS, critical=True)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Issued(self._signed(unsigned).public_bytes(Encoding.PEM), pem, self.pem)

    def server(self) -> Issued:
        """For a server on this machine."""
        return self.issue(*SERVER_NAMES)

    def workload(self, *spiffe_ids: str, **times: timedelta) -> Issued:
        """For a client of these SPIFFE ids; there should be one."""
        return self.issue(*map(x509.UniformResourceIdentifier, spiffe_ids), **times)

    def _unsigned(
        self, subject: x509.Name, key: Any, starts: datetime, ends: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(starts)
            .not_valid_after(ends)
        )

    def _signed(self, unsigned: x509.CertificateBuilder) -> x509.Certificate:
        return unsigned.sign(self.key, hashes.SHA256())


_SIGNS = x509.KeyUsage(
    digital_signature=True,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=False,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
