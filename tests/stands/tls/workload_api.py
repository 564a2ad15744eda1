"""A SPIFFE Workload API as an agent serves it: a gRPC server at a Unix socket."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Self

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from spiffe._proto import workload_pb2, workload_pb2_grpc  # the standard's own messages

from tests.stands.tls.authority import Authority, Issued


class WorkloadApi(workload_pb2_grpc.SpiffeWorkloadAPIServicer):
    """Gives everyone who asks the newest of what it was told to `give`."""

    def __init__(self, folder: Path) -> None:
        self.socket = f"unix://{folder / 'agent.sock'}"
        self._newest: Any = None
        self._streams: list[queue.Queue[Any]] = []
        self._server = grpc.server(ThreadPoolExecutor(4))
        add = workload_pb2_grpc.add_SpiffeWorkloadAPIServicer_to_server
        add(self, self._server)  # type: ignore[no-untyped-call]
        self._server.add_insecure_port(self.socket)

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        for stream in self._streams:
            stream.put(None)
        self._server.stop(0).wait()

    def give(self, spiffe_id: str, issued: Issued, *authorities: Authority) -> None:
        """From now on this certificate; and to those who listen at once."""
        chain = b"".join(
            each.public_bytes(Encoding.DER)
            for each in x509.load_pem_x509_certificates(issued.chain)
        )
        key = load_pem_private_key(issued.key, None).private_bytes(
            Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
        )
        bundle = b"".join(each.certificate.public_bytes(Encoding.DER) for each in authorities)
        svid = workload_pb2.X509SVID(
            spiffe_id=spiffe_id, x509_svid=chain, x509_svid_key=key, bundle=bundle
        )
        self.give_raw(workload_pb2.X509SVIDResponse(svids=[svid]))

    def give_raw(self, response: Any) -> None:
        """The same with any message."""
        self._newest = response
        for stream in self._streams:
            stream.put(response)

    def FetchX509SVID(self, _request: Any, context: Any) -> Iterator[Any]:  # noqa: N802
        """See the standard: the header proves that no browser was tricked into asking."""
        if ("workload.spiffe.io", "true") not in context.invocation_metadata():
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "security header missing")
        stream: queue.Queue[Any] = queue.Queue()
        self._streams.append(stream)
        if self._newest is not None:
            yield self._newest
        while (response := stream.get()) is not None:
            yield response
