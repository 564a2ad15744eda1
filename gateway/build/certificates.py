"""Which certificates a gateway serves with, and which it shows LiveKit."""

from gateway.build.places import ConfigurationError
from gateway.settings import Settings
from gateway.tls.certificates import Certificates
from gateway.tls.files import FileCertificates, Paths
from gateway.tls.material import MaterialError
from gateway.tls.workload_api import WorkloadCertificates

Source = FileCertificates | WorkloadCertificates
LOOK_SECONDS = 1.0
"""How often files are looked at."""


class Sources:
    """Where certificates come from, as far as there are any; `look` brings newer ones."""

    def __init__(self, settings: Settings) -> None:
        try:
            self._server = _server(settings)
            self._livekit = _livekit(settings)
            issuers = Paths(authorities=settings.issuer_ca)
            self._issuers = FileCertificates(issuers, "issuers") if settings.issuer_ca else None
        except MaterialError as wrong:
            raise ConfigurationError(str(wrong)) from wrong

    @property
    def server(self) -> Certificates | None:
        """Of the public ports; None: they are plain text."""
        return self._server.certificates if self._server else None

    @property
    def livekit(self) -> Certificates | None:
        """Of the connections to LiveKit; None: nothing of its own."""
        return self._livekit.certificates if self._livekit else None

    @property
    def issuers(self) -> Certificates | None:
        """Of the connections to token issuers; None: the machine's authorities count."""
        return self._issuers.certificates if self._issuers else None

    async def look(self) -> None:
        """Takes newer ones."""
        for source in (self._server, self._livekit, self._issuers):
            if source:
                await source.look()

    def close(self) -> None:
        """Hears of no newer ones any more."""
        if isinstance(self._server, WorkloadCertificates):
            self._server.close()


def _server(settings: Settings) -> Source | None:
    paths = Paths(chain=settings.tls_cert, key=settings.tls_key, authorities=settings.tls_client_ca)
    if settings.spiffe_socket:
        if paths != Paths():
            raise ConfigurationError(
                "GATEWAY_SPIFFE_SOCKET gives the certificate: GATEWAY_TLS_CERT, GATEWAY_TLS_KEY "
                "and GATEWAY_TLS_CLIENT_CA must not be set besides"
            )
        return WorkloadCertificates(settings.spiffe_socket, "server")
    if paths == Paths():
        return None
    if not paths.chain or not paths.key:
        raise ConfigurationError(
            "GATEWAY_TLS_CERT and GATEWAY_TLS_KEY must both be set, also for GATEWAY_TLS_CLIENT_CA"
        )
    return FileCertificates(paths, "server")


def _livekit(settings: Settings) -> FileCertificates | None:
    paths = Paths(
        chain=settings.livekit_cert, key=settings.livekit_key, authorities=settings.livekit_ca
    )
    if paths == Paths():
        return None
    if bool(paths.chain) != bool(paths.key):
        raise ConfigurationError(
            "GATEWAY_LIVEKIT_CERT and GATEWAY_LIVEKIT_KEY must both be set, or neither"
        )
    return FileCertificates(paths, "livekit")
