"""What can be checked of README and docs is checked."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml
from typer.core import TyperGroup

from gateway.__main__ import app
from gateway.domain.audit_event import AuditEvent
from gateway.domain.calls.call import EventType
from gateway.domain.calls.transfer import TransferState
from gateway.domain.outcome import EndReason, HangupSource
from gateway.errors import Reason
from gateway.platform.sandbox.phones import NUMBERS
from gateway.settings import Settings
from gateway.telephony.v1 import admin_pb2
from gateway.wire.codes import CODES
from gateway.wire.config import document as config_document
from tests.docs.conftest import Examples
from tests.docs.pages import ROOT, Block, Page, page, pages

PAGES = pages()
BLOCKS = [block for each in PAGES for block in each.blocks()]


def named(kind: str) -> list[Block]:
    """The blocks whose fence begins with these words."""
    return [block for block in BLOCKS if f"{block.info} ".startswith(f"{kind} ")]


def rows(name: str) -> dict[str, list[str]]:
    """The rows of a page's tables by the code in their first cell."""
    found = {}
    for line in page(name).prose.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and (code := re.fullmatch(r"`([^`]+)`", cells[0])):
            found[code[1]] = cells[1:]
    return found


@pytest.mark.parametrize("block", named("python run"), ids=lambda block: block.name)
def test_a_python_example_runs(block: Block, examples: Examples) -> None:
    """Each Python block marked `run` works against a gateway, and says something."""
    command = block.info.partition("<")[2].split()
    stdin = examples.gateway(*command[1:]) if command else ""
    assert examples.run(sys.executable, "-c", block.text, stdin=stdin)


@pytest.mark.parametrize("block", named("sh run"), ids=lambda block: block.name)
def test_a_shell_example_runs(block: Block, examples: Examples) -> None:
    """Each shell block marked `run` prints the gateway's answer, which is no error."""
    if not shutil.which("curl"):
        pytest.skip("there is no curl on this machine")
    assert '"code"' not in examples.run("bash", "-ec", block.text)


@pytest.mark.parametrize("block", named("yaml config"), ids=lambda block: block.name)
def test_a_configuration_example_is_valid(block: Block) -> None:
    """Each YAML block marked `config` is a whole configuration without a mistake."""
    assert config_document.from_yaml(block.text).tenants


def test_apply_accepts_the_configuration_example(examples: Examples, tmp_path: Path) -> None:
    """`gateway apply --dry-run` takes the annotated example."""
    (block,) = named("yaml config")
    path = tmp_path / "gateway.yaml"
    path.write_text(block.text)
    assert "checked, not applied" in examples.gateway("apply", str(path), "--dry-run")


def test_the_configuration_example_has_every_field() -> None:
    """The annotated example sets each field of the configuration's messages somewhere."""
    (block,) = named("yaml config")
    given = yaml.safe_load(block.text)
    assert field_names(admin_pb2.Config.DESCRIPTOR) - set(set_fields(given, "Config")) == set()


def field_names(message: Any) -> set[tuple[str, str]]:
    """A message's fields by its name and theirs, and those of the messages within."""
    names = set()
    for field in message.fields:
        names.add((message.name, field.name))
        inner = field.message_type
        if inner is not None and inner.file is message.file:
            names |= field_names(inner) if not inner.GetOptions().map_entry else set()
    return names


def set_fields(given: dict[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """The fields that a document of this message sets, and those of the messages within."""
    message: Any = admin_pb2.DESCRIPTOR.message_types_by_name[name]
    for key, value in given.items():
        yield name, key
        inner = message.fields_by_name[key].message_type
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict) and not inner.GetOptions().map_entry:
                yield from set_fields(one, inner.name)


@pytest.mark.parametrize("reason", Reason)
def test_every_error_reason_has_its_row(reason: Reason) -> None:
    """The table of reasons has each one, with its codes as the wires have them."""
    grpc, twirp, *_ = rows("docs/errors.md")[reason.value]
    code = CODES[reason]
    assert (grpc, twirp) == (code.grpc.name, f"`{code.twirp}` ({code.http})")


@pytest.mark.parametrize("name", [*EndReason, *TransferState, *EventType])
def test_every_outcome_has_its_row(name: str) -> None:
    """Each end reason, state of a transfer and type of event is a row of the outcomes' page."""
    assert str(name) in rows("docs/outcomes.md")


def test_every_hangup_source_is_named() -> None:
    """The outcomes' page names each source of a hang-up."""
    assert {source.value for source in HangupSource} <= page("docs/outcomes.md").codes()


def test_every_number_of_the_sandbox_has_its_row() -> None:
    """The sandbox's table has each of its numbers and no other."""
    digits = {name for name in rows("docs/outcomes.md") if re.fullmatch(r"\d\d", name)}
    assert digits == set(NUMBERS)


def test_every_environment_name_has_its_row() -> None:
    """The table of the environment has each name that the settings read."""
    names = {
        str(field.validation_alias or name.upper()) for name, field in Settings.model_fields.items()
    }
    assert names <= set(rows("docs/configuration.md"))


def test_every_key_of_an_audit_record_has_its_row() -> None:
    """The table of the record has each key that a record may hold."""
    keys = {"log_id", "sequence", "known_logs", *AuditEvent.__dataclass_fields__}
    assert keys <= set(rows("docs/audit.md"))


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_link_leads_somewhere(each: Page) -> None:
    """A link within the project names a file that is there, and a heading that is in it."""
    broken = [link for link in each.links() if "://" not in link and not leads(each, link)]
    assert not broken


def leads(origin: Page, link: str) -> bool:
    """Whether there is what the link names."""
    name, _, heading = link.partition("#")
    path = (origin.path.parent / name).resolve() if name else origin.path
    if not path.exists():
        return False
    return not heading or heading in Page(path, path.read_text()).anchors()


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_command_exists(each: Page) -> None:
    """Each `gateway …` in the docs is a command, with options that it has."""
    wrong = [typed for typed in each.commands() if problem(shlex.split(typed)[1:])]
    assert not wrong


def problem(words: list[str]) -> str:
    """What is wrong with a command line; empty if nothing is."""
    command: Any = typer.main.get_command(app)
    while isinstance(command, TyperGroup) and words and not words[0].startswith("-"):
        inner = command.commands.get(words[0])
        if inner is None:
            return f"no command {words[0]}"
        command, words = inner, words[1:]
    known = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in words if word.startswith("--") and word not in known]
    return f"no option {unknown}" if unknown else ""


def test_a_wrong_command_is_found() -> None:
    """The check above finds a command and an option that do not exist."""
    assert problem(["calls", "teleport"])
    assert problem(["calls", "place", "+15005550100", "--teleport"])
    assert not problem(["calls", "place", "+15005550100", "--wait"])


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_file_named_is_there(each: Page) -> None:
    """A path of the project between backticks is there."""
    tops = ("gateway/", "tests/", "docs/", "scripts/", "proto/")
    paths = {
        code for code in each.codes() if code.startswith(tops) and re.fullmatch(r"[\w./-]+", code)
    }
    assert not {path for path in paths if not (ROOT / path).exists()}


def test_the_readme_fits_a_screen() -> None:
    """README.md has at most 80 lines."""
    assert len(page("README.md").text.splitlines()) <= 80


def test_every_decision_has_its_parts() -> None:
    """A decision record has a status, a date, and the four headings; numbers have no gap."""
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(path.name[:4]) for path in records] == list(range(1, len(records) + 1))
    for path in records:
        text = path.read_text()
        front = re.match(r"---\nstatus: (\w+)\ndate: \d{4}-\d\d-\d\d\n---\n# (\d{4}) ", text)
        assert front, path
        assert front[1] in {"draft", "proposed", "rejected", "accepted", "superseded"}
        assert front[2] == path.name[:4]
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences", "Alternatives"]


def test_the_service_config_is_the_documented_one() -> None:
    """The file that clients load and the block in the text are the same."""
    block = next(each for each in BLOCKS if '"methodConfig"' in each.text)
    assert block.text.strip() == (ROOT / "docs" / "service-config.json").read_text().strip()
