"""What can be measured from outside, under `/metrics` (Prometheus).

Several workers add up what they count; each gauge says what several of its values mean.
"""

from prometheus_client import Counter, Gauge, Histogram

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
CLOCK_STEPS = Counter(
    "gateway_clock_steps",
    "Steps of the machine's clock by half a second or more: noticed, taken_in (it lasted).",
    ["what"],
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
