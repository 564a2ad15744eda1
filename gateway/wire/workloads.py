"""What a client certificate says of who sent a request: on the connection, or at a proxy."""

import re
from collections.abc import Iterable
from functools import lru_cache

from cryptography import x509

from gateway.domain.config.spiffe import NO_WORKLOAD, Workload, is_id
from gateway.domain.fields import printable
from gateway.wire.peers import Peers

FORWARDED = "x-forwarded-client-cert"
MAX_REMEMBERED = 4096

_PAIR = re.compile(r'\s*([A-Za-z]+)=("(?:[^"\\]|\\.)*"|[^",;]*)([,;]|$)')
_UNTRUSTED = Workload(ignored=f"{FORWARDED} came from a peer that is no trusted proxy")


def workload_of(
    peers: Peers,
    peer: str,
    headers: Iterable[tuple[str, str | bytes]],
    certificate: bytes = b"",
) -> Workload:
    """The workload that sent a request over the connection of `peer`.

    From a trusted proxy its header alone counts, never its own certificate; from all others the
    connection's certificate alone, in PEM or DER, which TLS has checked.
    """
    lines = [value for name, value in headers if name.lower() == FORWARDED]
    if lines and peers.trusts(peer):
        return _forwarded(b",".join(v if isinstance(v, bytes) else v.encode() for v in lines))
    if peers.trusts(peer):
        return NO_WORKLOAD
    if certificate:
        return _certified(certificate)
    return _UNTRUSTED if lines else NO_WORKLOAD


@lru_cache(maxsize=MAX_REMEMBERED)
def _certified(certificate: bytes) -> Workload:
    is_pem = certificate.startswith(b"-----")
    load = x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate
    try:
        found = load(certificate)
        names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return NO_WORKLOAD
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return Workload(fault="the client certificate cannot be read")
    uris = names.get_values_for_type(x509.UniformResourceIdentifier)
    return _named(uris, found)


def _named(uris: list[str], certificate: x509.Certificate | None = None) -> Workload:
    """SPIFFE: a certificate that names a workload has one URI and no other."""
    if len(uris) > 1:
        return Workload(fault="the client certificate has several URIs")
    if not uris or not is_id(uris[0]):
        told = f"the URI {printable(uris[0])} is no SPIFFE id" if uris else ""
        return Workload(ignored=told)
    return Workload(uris[0], certificate.not_valid_after_utc if certificate else None)


def _forwarded(header: bytes) -> Workload:
    """Of its elements the last counts: the nearest proxy wrote that, clients the others."""
    text = header.decode(errors="replace").strip()
    at, uris = 0, list[str]()
    while at < len(text):
        pair = _PAIR.match(text, at)
        if pair is None:
            return Workload(fault=f"{FORWARDED} cannot be read")
        name, value, end = pair.groups()
        if name.lower() == "uri":
            uris.append(value.strip('"'))
        if end == ",":
            uris = []
        at = pair.end()
    return _named([uri for uri in uris if uri])
