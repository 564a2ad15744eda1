"""A line of the log is one JSON object, or short for people; it tells no secret."""

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.domain.texts import UNSAFE
from tests.stands.patience import PATIENCE
from tests.stands.processes.gateway import GatewayProcess

TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJHVyJ9.c2lnbmF0dXJl"
BEGIN = """
import logging, sys, threading, warnings
from gateway import logs
logs.configure()
logs.take_in_crashes()
import structlog
log = structlog.get_logger()
"""


def lines_of(script: str) -> list[dict[str, Any]]:
    """What a process that does this writes on stderr, each line read as JSON."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", BEGIN + script], capture_output=True, check=False
    )
    text = done.stderr.decode("ascii")
    assert not UNSAFE.search(text.replace("\n", ""))
    return [json.loads(line) for line in text.splitlines()]


NAMES = ["aiohttp.server", "aiohttp.access", "asyncio", "grpc", "sqlalchemy", "alembic", "any"]


def test_libraries_write_lines_like_any_other() -> None:
    """With level, time and logger; below WARNING they are silent."""
    script = f"""
for name in {NAMES!r}:
    logging.getLogger(name).info("no")
    logging.getLogger(name).error("%s", "x")
"""
    lines = lines_of(script)
    assert [line["logger"] for line in lines] == NAMES
    assert {(line["event"], line["level"]) for line in lines} == {("x", "error")}
    assert all(line["timestamp"] for line in lines)


CRASHES = {
    "crashed": "raise RuntimeError('x\\n' + '\\u202e' * 5000)",
    "thread_crashed": "t = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()",
    "not_raised": "class A:\n    def __del__(self): 1 / 0\nA()",
}


@pytest.mark.parametrize("event", CRASHES)
def test_what_nobody_caught_is_a_line(event: str) -> None:
    """In this thread, in another, and where Python cannot raise; each with its traceback."""
    (line,) = lines_of(CRASHES[event])
    assert line["event"] == event
    assert line["exception"][0]["exc_type"]


def test_a_warning_is_a_line() -> None:
    """Python's own warnings go through the log."""
    (line,) = lines_of("warnings.warn('hm', stacklevel=1)")
    assert line["logger"] == "py.warnings"


def test_what_aiohttp_quotes_of_a_request_is_left_out() -> None:
    """Its error about a malformed header holds the header."""
    script = f"""
from aiohttp.http_exceptions import InvalidHeader
try:
    raise InvalidHeader(b"Authorization: Bearer {TOKEN}\\x00")
except Exception:
    logging.getLogger("aiohttp.server").exception("Error handling request from %s", "peer")
"""
    (line,) = lines_of(script)
    assert line["exception"][0]["exc_type"] == "InvalidHeader"
    assert "Authorization" not in str(line)
    assert TOKEN not in str(line)


SECRETS = [
    f"Authorization: Bearer {TOKEN}",
    f"token {TOKEN} in the middle",
    "Authorization: Basic dXNlcjpwYXNzd29yZA==",
    "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "postgresql://gateway:MfKQ9r8GKYqr@db.internal/gateway",
    "https://crm.example/hook/MfKQ9r8GKYqr?key=c2lnbmF0dXJl",
    "error [SQL: SELECT c2lnbmF0dXJl FROM x WHERE y = 'MfKQ9r8GKYqr']\n[parameters: ...]",
]


def test_no_secret_stands_in_a_line() -> None:
    """Wherever it stands: a field, a library's message, an exception."""
    script = f"""
for text in {SECRETS!r}:
    log.info("e", text=text, inner=[{{"a": text}}])
    logging.error(text)
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("e")
"""
    lines = lines_of(script)
    assert len(lines) == 3 * len(SECRETS)
    for part in ("c2lnbmF0dXJl", "MfKQ9r8GKYqr", "dXNlcjpwYXNzd29yZA"):
        assert part not in json.dumps(lines)


def test_numbers_stand_as_redaction_says() -> None:
    """In any field, also nested, and in the text of a refusal."""
    script = """
logs.redact_numbers(lambda number: "hmac:x")
log.info("refused", text="no route fits +4930123456", more={"to": ["sip:004930123456@h"]})
"""
    (line,) = lines_of(script)
    assert line["text"] == "no route fits hmac:x"
    assert line["more"] == {"to": ["sip:hmac:x@h"]}


CONSOLE = "logs.configure(logs.LogForm(logs.LogFormat.CONSOLE))\n"


def told(script: str) -> str:
    """What a process that does this writes on stderr, which is a pipe."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", BEGIN + script], capture_output=True, check=True, text=True
    )
    return done.stderr


def at_a_terminal(script: str) -> str:
    """What a process that does this writes on stderr, which is a terminal."""
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        with os.fdopen(theirs, "wb") as stderr:
            command = [sys.executable, "-c", BEGIN + script]
            subprocess.run(command, stderr=stderr, check=True)  # noqa: S603
        seen = b""
        with suppress(OSError):  # what a terminal says when nobody has it open any more
            while some := screen.read(65536):
                seen += some
    return seen.decode()


def test_people_get_short_lines() -> None:
    """At a terminal, in colours unless they are not wanted; all others get JSON."""
    say = "log.info('serving', grpc_port=50051)\n"
    coloured = at_a_terminal(say)
    assert "serving" in coloured
    assert "50051" in coloured
    assert "\x1b[" in coloured
    assert not coloured.startswith("{")
    plain = at_a_terminal(f"logs.configure(logs.LogForm(colored=False))\n{say}")
    assert re.fullmatch(r"\d\d:\d\d:\d\d \[info\] serving +grpc_port=50051\r\n", plain)
    asked = at_a_terminal(f"logs.configure(logs.LogForm(logs.LogFormat.JSON))\n{say}")
    assert json.loads(asked)["grpc_port"] == 50051
    assert "\x1b" not in told(CONSOLE + say)


def test_a_level_leaves_out_what_is_below() -> None:
    """Of the gateway's own lines and of libraries'."""
    script = """
logs.configure(logs.LogForm(level=logs.LogLevel.ERROR))
log.warning("no")
logging.getLogger("any").warning("no")
log.error("yes")
logging.getLogger("any").error("yes")
"""
    assert [line["event"] for line in lines_of(script)] == ["yes", "yes"]


def test_short_lines_tell_no_secret_and_nothing_that_a_terminal_obeys() -> None:
    """Wherever it stands; an exception is a few lines below, without what its variables held."""
    script = f"""
nasty = "\\x1b[31m\\x9b\\u202e"
for text in {SECRETS!r}:
    log.info("e" + nasty, text=text + nasty, inner=[{{"a": text + nasty}}])
    logging.error(text)
    try:
        raise ValueError(text + nasty)
    except ValueError:
        log.exception("e")
"""
    seen = told(CONSOLE + script)
    assert seen.count("ValueError: ") == len(SECRETS)
    assert seen.count("  <string>:") == len(SECRETS)
    for part in ("c2lnbmF0dXJl", "MfKQ9r8GKYqr", "dXNlcjpwYXNzd29yZA"):
        assert part not in seen
    assert not UNSAFE.search(seen.replace("\n", ""))


def test_the_huge_is_cut() -> None:
    """Texts, lists and numbers."""
    script = "log.info('e', a='x' * 60_000, b=list(range(10_000)), c=10**5000, d=float('inf'))"
    (line,) = lines_of(script)
    assert len(line["a"].encode()) <= 1024
    assert len(line["b"]) == 100
    assert line["c"] == line["d"] == "[out of range]"


def test_secrets_by_name_are_hidden() -> None:
    """A field called so holds one."""
    (line,) = lines_of("log.info('e', password='x', inner={'Token': 'y', 'other': 'z'})")
    assert (line["password"], line["inner"]) == ("[hidden]", {"Token": "[hidden]", "other": "z"})


async def test_a_malformed_header_tells_no_token(tmp_path: Path) -> None:
    """A gateway that is sent one writes no token and nothing but JSON, and answers none back."""
    log = tmp_path / "log"
    environment = {
        "GATEWAY_PLATFORM": "sandbox",
        "GATEWAY_DATABASE_URL": f"sqlite:///{tmp_path}/gateway.db",
    }
    process = GatewayProcess(environment, log)
    await process.start()
    try:
        for nasty in ("\x00", "\x9b", "Bad Name"):
            reader, writer = await asyncio.open_connection("127.0.0.1", process.http_port)
            header = f"Authorization: Bearer {TOKEN}{nasty}\r\n{nasty}: {TOKEN}\r\n"
            head = f"POST /twirp/x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{header}\r\n"
            writer.write(head.encode("latin-1"))
            answer = bytearray()
            with suppress(ConnectionResetError):  # what it had not read yet is thrown away
                while chunk := await asyncio.wait_for(reader.read(4096), PATIENCE):
                    answer += chunk
            writer.close()
            assert TOKEN.encode() not in answer
    finally:
        process.terminate()
        await process.wait()
    text = log.read_text()
    assert TOKEN not in text
    assert all(isinstance(json.loads(line), dict) for line in text.splitlines())
