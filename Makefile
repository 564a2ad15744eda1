.DEFAULT_GOAL := help
.PHONY: help setup run test test-fast test-clients clients bench chaos simulate stack generate lock format check

help: ## Shows what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Makes .venv as the lock says; quick when nothing changed
	@scripts/setup.sh

run: setup ## Serves on the sandbox with the tenant `demo`; nobody's phone rings
	@exec .venv/bin/gateway serve --demo

test: setup ## Runs all tests, also those on the real LiveKit (built once)
	@tests/postgres/install.sh >/dev/null
	@tests/stack/build.sh >/dev/null
	@tests/agents/build.sh >/dev/null
	@tests/conformance/goserver/build.sh >/dev/null
	@tests/conformance/protojson/build.sh >/dev/null
	@tests/clients/build.sh >/dev/null
	@tests/deploy/build.sh >/dev/null
	@tests/bench/build.sh >/dev/null
	@.venv/bin/pytest -n 4 --dist worksteal --durations=40

test-fast: setup ## Runs the tests that need no LiveKit, no PostgreSQL and take no minute
	@.venv/bin/pytest -n 4 --dist worksteal -m "not livekit and not postgres and not slow"

test-clients: setup ## Runs clients in five languages, and LiveKit's own libraries (built once)
	@tests/stack/build.sh >/dev/null
	@tests/clients/build.sh >/dev/null
	@.venv/bin/pytest -n 4 --dist worksteal tests/clients

clients: setup ## Builds packages of the stubs for five languages in dist/clients; LANGUAGES="go npm"
	@scripts/clients.sh $(LANGUAGES)

bench: setup ## Measures what the gateway costs, as ratios in one run; SUBJECTS="open soak", PROFILE=1
	@tests/postgres/install.sh >/dev/null
	@tests/stack/build.sh >/dev/null
	@tests/bench/build.sh >/dev/null
	@.venv/bin/python -m tests.bench $(SUBJECTS)

chaos: setup ## Attacks and breaks everything under hundreds of calls; CHAOS_SECONDS=120
	@tests/postgres/install.sh >/dev/null
	@tests/stack/build.sh >/dev/null
	@.venv/bin/python -m tests.chaos

simulate: setup ## Runs the whole gateway on a virtual clock in hostile worlds; SIMULATE_SEEDS=1000
	@.venv/bin/python -m tests.simulation

stack: setup ## Starts a real LiveKit with phones, prints its environment, until Ctrl-C
	@exec .venv/bin/python -m tests.stack

generate: setup ## Writes gateway/telephony from proto/
	@scripts/generate.sh

lock: ## Writes requirements*.lock from pyproject.toml; LOCK_OPTIONS=--upgrade for newer ones
	@scripts/lock.sh $(LOCK_OPTIONS)

format: setup ## Formats Python, proto and Go
	@scripts/format.sh

check: setup ## Checks all that CI checks beside the tests
	@scripts/check.sh
