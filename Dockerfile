FROM python:3.13-slim AS builder
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
RUN python -m pip install --no-cache-dir uv==0.13.8
WORKDIR /build
COPY requirements.lock requirements-dev.lock ./
RUN uv venv /opt/gateway \
    && uv pip sync --python /opt/gateway --require-hashes requirements.lock
COPY pyproject.toml README.md ./
COPY gateway gateway
# The dev lock names the version of the build backend.
RUN uv pip install --python /opt/gateway --no-deps --build-constraints requirements-dev.lock .

FROM python:3.13-slim
RUN groupadd --system --gid 10001 gateway \
    && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/gateway --create-home gateway
COPY --from=builder /opt/gateway /opt/gateway
ENV PATH=/opt/gateway/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GATEWAY_DATABASE_URL=sqlite:////var/lib/gateway/gateway.db \
    GATEWAY_GRPC_ADDRESS=0.0.0.0:50051 \
    GATEWAY_HTTP_ADDRESS=0.0.0.0:8080
USER 10001:10001
WORKDIR /var/lib/gateway
VOLUME /var/lib/gateway
# gRPC, HTTP, and what GATEWAY_ADMIN_ADDRESS is in deploy/.
EXPOSE 50051 8080 9090
# Asks /healthz, with TLS and at the operators' address where the gateway has them.
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["gateway", "healthcheck"]
ENTRYPOINT ["gateway"]
CMD ["serve"]
