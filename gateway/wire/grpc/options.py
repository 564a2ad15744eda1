"""The limits of a gRPC port's connections, as options of grpc's core."""

from dataclasses import dataclass

MAX_CONNECTIONS = 4096
MAX_MESSAGE_BYTES = 4 * 1024 * 1024
"""The largest request of any method; each has its own lower limit."""
MAX_METADATA_BYTES = 16 * 1024
"""The metadata of a request; tokens are the largest part of it."""
MAX_STREAMS = 4096
"""Concurrent requests of one connection, which all streams and polls of a client may share."""
SETTINGS_SECONDS = 10
"""How long a connection may take to begin with HTTP/2."""
PING_SECONDS = 60
"""How often an otherwise silent connection is pinged."""
PONG_SECONDS = 20
IDLE_SECONDS = 600
"""How long a connection may have no request; its client opens another one when needed."""

Option = tuple[str, int]


@dataclass(frozen=True, slots=True)
class ConnectionAge:
    """After how many seconds a connection is to be replaced, and how long its requests may last.

    The core spreads the age by a tenth, so that not all clients come back at once. `most` 0: never.
    """

    most: int = 0
    grace: int = 330
    """Longer than a phone may ring, so no waiting PlaceCall is cut."""

    def options(self) -> tuple[Option, ...]:
        """Those of grpc's core."""
        if not self.most:
            return ()
        return (
            ("grpc.max_connection_age_ms", self.most * 1000),
            ("grpc.max_connection_age_grace_ms", self.grace * 1000),
        )


@dataclass(frozen=True, slots=True)
class GrpcLimits:
    """How many connections a port holds, and how old they become.

    grpc's core cannot limit the connections of one peer.
    """

    most: int = MAX_CONNECTIONS
    age: ConnectionAge = ConnectionAge()


def options(limits: GrpcLimits, *, shared: bool = False) -> tuple[Option, ...]:
    """The options of a server. `shared`: other processes listen at the same port."""
    return (
        # Unless told so, two gateways on one port would share its connections at random.
        ("grpc.so_reuseport", int(shared)),
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.absolute_max_metadata_size", MAX_METADATA_BYTES),
        ("grpc.max_allowed_incoming_connections", limits.most),
        ("grpc.max_concurrent_streams", MAX_STREAMS),
        ("grpc.server_handshake_timeout_ms", SETTINGS_SECONDS * 1000),
        ("grpc.http2.settings_timeout", SETTINGS_SECONDS * 1000),
        # Connections whose other end has silently gone are found and closed.
        ("grpc.keepalive_time_ms", PING_SECONDS * 1000),
        ("grpc.keepalive_timeout_ms", PONG_SECONDS * 1000),
        # Without this one grpc's core waits for a minute, whatever the other option says.
        ("grpc.http2.ping_timeout_ms", PONG_SECONDS * 1000),
        ("grpc.max_connection_idle_ms", IDLE_SECONDS * 1000),
        # Watchers behind proxies ping to keep their streams open.
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
        *limits.age.options(),
    )
