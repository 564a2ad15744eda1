"""What can be measured from outside, under `/metrics` (Prometheus).

Several workers add up what they count; each gauge says what several of its values mean.
"""

from collections.abc import Iterable
from itertools import islice

from prometheus_client import Counter, Gauge, Histogram

MOST_NAMED = 100
"""Tenants, and trunks, that have series of their own."""
OTHER = "other"


class Named:
    """Values of a label that are told by name: the first ones kept; all others are `other`.

    The empty value, which stands for none, is told as it is.
    """

    def __init__(self, most: int = MOST_NAMED) -> None:
        self._most = most
        self._names: frozenset[str] = frozenset()

    def keep(self, names: Iterable[str]) -> None:
        """From now on these are known, the most important first."""
        self._names = frozenset(islice(dict.fromkeys(names), self._most))

    def __call__(self, name: str) -> str:
        """The label."""
        return name if not name or name in self._names else OTHER


TENANTS, TRUNKS = Named(), Named()
"""In the order of the configuration; of trunks that bring calls in, LiveKit's ids behind those."""

RPC_SECONDS = Histogram(
    "gateway_rpc_seconds",
    "Time from request to response, or to the end of a stream.",
    ["method", "wire"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 80, 300),
)
RPCS = Counter(
    "gateway_rpcs",
    "RPCs by outcome: OK, CANCELLED (the client left), or the reason of the refusal.",
    ["method", "wire", "reason"],
)
CALLS_ENDED = Counter("gateway_calls_ended", "Calls by trunk and end reason.", ["trunk", "reason"])
NOTICES = Counter(
    "gateway_webhooks_in",
    "LiveKit's notices: queued, ignored, repeated, late, full (sent again), or not LiveKit's.",
    ["result"],
)
LEGS_SWEPT = Counter(
    "gateway_legs_swept",
    "Legs seen by sweeps: known, left_over (hung up), arrived (adopted), foreign, beside.",
    ["found"],
)
WEBHOOK_DELIVERIES = Counter(
    "gateway_webhook_deliveries",
    "Tries to post an event to a receiver: delivered, failed (tried again), dead (given up).",
    ["result"],
)
WEBHOOK_OLDEST_SECONDS = Gauge(
    "gateway_webhook_oldest_seconds",
    "Age of the oldest event that some receiver has not been given; 0: there is none.",
    multiprocess_mode="livemax",
)
AUDIT_LINES = Counter(
    "gateway_audit_lines",
    "Audit records passed on to stdout, file and otlp: written, lost (the sink was away too long).",
    ["sink", "result"],
)
AUDIT_WAITING = Gauge(
    "gateway_audit_sink_waiting",
    "Audit records that wait for a sink.",
    ["sink"],
    multiprocess_mode="livesum",
)
CLOCK_STEPS = Counter(
    "gateway_clock_steps",
    "Steps of the machine's clock by half a second or more: noticed, taken_in (it lasted).",
    ["what"],
)
INBOUND_OBJECTS = Gauge(
    "gateway_inbound_objects",
    "Declared inbound trunks and rules, the same at every gateway: in_place, pending, drifted.",
    ["state"],
    multiprocess_mode="livemax",
)
SEIZURES = Counter(
    "gateway_trunk_seizures",
    "Attempts that were dialled on a trunk and are answered or over; with the next: the ASR.",
    ["trunk"],
)
ANSWERS = Counter("gateway_trunk_answers", "Those of them that were answered.", ["trunk"])
POST_DIAL_SECONDS = Histogram(
    "gateway_post_dial_seconds",
    "Time from the dial of an attempt to its ringing, or its answer where it did not ring.",
    ["trunk"],
    buckets=(0.25, 0.5, 1, 2, 3, 4, 6, 8, 10, 15, 20, 30),
)
CALLS_OPEN = Gauge(
    "gateway_calls_open",
    "Calls that a gateway follows, by tenant, direction and state.",
    ["tenant", "direction", "state"],
    multiprocess_mode="livesum",
)
CALLS_HELD = Gauge(
    "gateway_calls_held", "Those of them that are on hold.", multiprocess_mode="livesum"
)
TRUNK_CALLS_OPEN = Gauge(
    "gateway_trunk_calls_open",
    "Calls that take a place on a trunk, by the gateway that follows them.",
    ["trunk"],
    multiprocess_mode="livesum",
)
CALLS_MAXIMUM = Gauge(
    "gateway_calls_maximum",
    "How many calls a tenant may have open, on all gateways together; none: no limit.",
    ["tenant", "direction"],
    multiprocess_mode="livemax",
)
TRUNK_CALLS_MAXIMUM = Gauge(
    "gateway_trunk_calls_maximum",
    "How many calls a trunk carries, on all gateways together; none: no limit.",
    ["trunk"],
    multiprocess_mode="livemax",
)
TRUNK_STANDING = Gauge(
    "gateway_trunk_standing",
    "The health of a trunk, the same at every gateway: 0 healthy, 1 probing, 2 quarantined.",
    ["trunk"],
    multiprocess_mode="livemax",
)
REFUSALS = Counter(
    "gateway_tenant_refusals",
    "Requests of a tenant that were refused: limits, calling hours, do-not-call lists and others.",
    ["tenant", "reason"],
)
TRANSFERS = Counter(
    "gateway_transfers", "Transfers by what they have become, each state once.", ["mode", "state"]
)
HOLDS = Counter("gateway_holds", "Calls put on hold, and taken back.", ["what"])
AUDIT_LAG_SECONDS = Gauge(
    "gateway_audit_lag_seconds",
    "For how long the oldest audit record has waited that is not stored yet; 0: there is none.",
    multiprocess_mode="livemax",
)
NOTICES_WAITING = Gauge(
    "gateway_webhooks_in_waiting",
    "LiveKit's notices that were accepted and not handled yet.",
    multiprocess_mode="livesum",
)
DIALS = Gauge(
    "gateway_dials",
    "Dials until the platform accepts or refuses them: waiting, under_way, limit (of under_way).",
    ["platform", "what"],
    multiprocess_mode="livesum",
)
DATABASE_BATCH_SECONDS = Histogram(
    "gateway_database_batch_seconds",
    "Time to write and commit a batch of transactions.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
DATABASE_WAIT_SECONDS = Histogram(
    "gateway_database_wait_seconds",
    "How long the first transaction of a batch has waited for its turn to be written.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
DATABASE_BATCH_JOBS = Histogram(
    "gateway_database_batch_transactions",
    "Transactions that share a commit.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
HTTP_CONNECTIONS = Gauge(
    "gateway_http_connections",
    "Connections that the HTTP ports hold.",
    multiprocess_mode="livesum",
)
HTTP_CONNECTIONS_CUT = Counter(
    "gateway_http_connections_cut",
    "Connections ended by the gateway: limit and peer_limit (too many), head (of a request that "
    "does not arrive), idle (no further request, or a response that is not read), chunks (a "
    "body in thousands of chunks).",
    ["cause"],
)
HTTP_MALFORMED = Counter("gateway_http_malformed", "Input to the HTTP ports that is not HTTP.")
LOOP_STALL_SECONDS = Histogram(
    "gateway_loop_stall_seconds",
    "How late the event loop was, measured 40 times a second.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
WORKERS_SERVING = Gauge(
    "gateway_workers_serving", "Processes that serve.", multiprocess_mode="livesum"
)
WORKER_RESTARTS = Counter(
    "gateway_worker_restarts",
    "Workers that were started again: ended (by themselves, or killed), hung (killed for it).",
    ["cause"],
)
TLS_EXPIRES = Gauge(
    "gateway_tls_certificate_expires_seconds",
    "When the certificate in force ends, in seconds since 1970: server, livekit (a client's).",
    ["purpose"],
    multiprocess_mode="livemin",
)
TLS_RELOADS = Counter(
    "gateway_tls_certificates",
    "Newer certificates that were found: taken, refused (they cannot be used).",
    ["purpose", "result"],
)
TLS_HANDSHAKES_FAILED = Counter(
    "gateway_tls_handshakes_failed", "TLS handshakes at the HTTP ports that came to nothing."
)
AUDIT_TREE_RECORDS = Gauge(
    "gateway_audit_tree_records", "Audit records in the tree.", multiprocess_mode="livemax"
)
AUDIT_TREE_WAITING = Gauge(
    "gateway_audit_tree_waiting",
    "Audit records that are stored and not in the tree yet.",
    multiprocess_mode="livemax",
)
AUDIT_CHECKPOINT_RECORDS = Gauge(
    "gateway_audit_checkpoint_records",
    "Audit records of the newest signed checkpoint.",
    multiprocess_mode="livemax",
)
AUDIT_CHECKPOINT_SECONDS = Gauge(
    "gateway_audit_checkpoint_time_seconds",
    "When the newest checkpoint was signed, in seconds since 1970.",
    multiprocess_mode="livemax",
)
AUDIT_TREE_BROKEN = Gauge(
    "gateway_audit_tree_broken",
    "1: audit records cannot be taken up, since a tile or a record is not what it must be.",
    multiprocess_mode="livemax",
)
AUDIT_SIGNING_REFUSED = Gauge(
    "gateway_audit_signing_refused",
    "1: the stored audit log is not signed, since it contradicts what was published, or the key "
    "fails.",
    multiprocess_mode="livemax",
)
AUDIT_PUBLISHED = Counter(
    "gateway_audit_published",
    "Checkpoints by where they went: told or failed (receivers), signed or failed (witnesses).",
    ["to", "result"],
)
