"""Certificates from the SPIFFE Workload API, which tells newer ones by itself."""

import asyncio

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from spiffe import X509Source
from spiffe.errors import PySpiffeError
from spiffe.workloadapi.x509_context import X509Context

from gateway.tls.certificates import Certificates
from gateway.tls.material import Material, MaterialError

FIRST_SECONDS = 30.0
"""How long the first certificate may take, and how long one after the API gave up."""


class WorkloadCertificates:
    """Exchanges `certificates` as the Workload API says, at a socket such as `unix:///run/…`.

    Authorities are those of the certificate's own trust domain: members of others that are
    federated with it are not accepted. While the API is away what is in force stays.
    """

    def __init__(self, socket: str, purpose: str) -> None:
        self._socket = socket
        self._source = self._open()
        self.certificates = Certificates(purpose, self._material())
        self._follow()

    @property
    def has_given_up(self) -> bool:
        """Whether it hears nothing more, as after an answer that it cannot read."""
        return self._source.is_closed()

    async def look(self) -> None:
        """Asks anew if it has given up."""
        if self.has_given_up:
            await asyncio.to_thread(self._again)

    def close(self) -> None:
        """Hears nothing more."""
        self._source.close()

    def _again(self) -> None:
        try:
            self._source = self._open()
        except MaterialError as away:
            self.certificates.kept(str(away))
        else:
            self._follow()

    def _open(self) -> X509Source:
        try:
            return X509Source(socket_path=self._socket, timeout_in_seconds=FIRST_SECONDS)
        except PySpiffeError as away:
            raise MaterialError(f"the SPIFFE Workload API at {self._socket}: {away}") from None

    def _follow(self) -> None:
        self._source.subscribe_for_updates(self._take)
        self._take()  # it may have changed since it was opened

    def _take(self) -> None:
        try:
            material = self._material()
        except MaterialError as wrong:
            self.certificates.kept(str(wrong))
        else:
            self.certificates.replace(material)

    def _material(self) -> Material:
        try:
            return _material_of(self._source.get_x509_context())
        except PySpiffeError as wrong:
            raise MaterialError(str(wrong)) from None


def _material_of(context: X509Context) -> Material:
    svid = context.default_svid
    domain = svid.spiffe_id.trust_domain
    bundle = context.x509_bundle_set.get_bundle_for_trust_domain(domain)
    if bundle is None or not bundle.x509_authorities:
        raise MaterialError(f"the trust domain {domain} has no authorities")
    return Material(
        chain=b"".join(one.public_bytes(Encoding.PEM) for one in svid.cert_chain),
        key=svid.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        authorities=b"".join(sorted(a.public_bytes(Encoding.PEM) for a in bundle.x509_authorities)),
    ).checked()
