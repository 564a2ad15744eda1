"""A gRPC port's certificates, as grpc's core asks for them at each handshake."""

from collections.abc import Callable
from typing import cast

import grpc

from gateway.tls.certificates import Certificates
from gateway.tls.material import Material

_Answers = Callable[[], grpc.ServerCertificateConfiguration]


def credentials(certificates: Certificates) -> grpc.ServerCredentials:
    """Each connection gets the certificate in force when it begins.

    With authorities every client needs a certificate: the library cannot leave it to them.
    """
    fetch = _Fetch(certificates)
    first = _configuration(certificates.material)
    required = bool(certificates.material.authorities)
    # The stubs leave out None, which the library takes for "no change".
    return grpc.dynamic_ssl_server_credentials(first, cast("_Answers", fetch), required)


class _Fetch:
    """Called by grpc's own threads; None: nothing has changed since the last time."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._given = certificates.material

    def __call__(self) -> grpc.ServerCertificateConfiguration | None:
        material = self._certificates.material
        if material is self._given:
            return None
        self._given = material
        return _configuration(material)


def _configuration(material: Material) -> grpc.ServerCertificateConfiguration:
    pair = (material.key, material.chain)
    return grpc.ssl_server_certificate_configuration([pair], material.authorities or None)
