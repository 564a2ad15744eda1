"""The suite, run against the reference and against the gateway."""

from collections.abc import Iterator

import pytest

from tests.conformance.case import Case
from tests.conformance.table import CASES, unexplained
from tests.conformance.target import Target
from tests.conformance.targets import gateway_server, go_server


@pytest.fixture(scope="module", params=["go", "gateway"])
def target(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """A running server."""
    folder = tmp_path_factory.mktemp("gateway")
    with go_server() if request.param == "go" else gateway_server(folder) as running:
        yield running


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_server_keeps_each_promise(target: Target, case: Case) -> None:
    """Twirp's own Go server and the gateway behave alike, as the case says."""
    if not case.needs(target):
        code = case.name.partition(" ")[0]
        pytest.skip(target.unreachable.get(code, f"{target.name} tells too little of itself"))
    case.run(target)


def test_every_error_code_is_provoked_or_explained(target: Target) -> None:
    """A target leaves no error code out without saying why."""
    assert not unexplained(target)
