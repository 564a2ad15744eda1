"""A command that signs: what it is given, and what of its failure is told."""

import os
import sys
from pathlib import Path

import pytest

from gateway.audit.tree.notes import NoteError, base64_of, sign_note
from gateway.publishing import command
from gateway.publishing.command import CommandSigner
from tests.stands.tree.signed import OTHER, SIGNER

SIGNS = """
import base64, os, sys
names = sorted(set(os.environ) - {"LC_CTYPE"})
sys.stdin.read()
print(base64.b64encode(",".join(names).ljust(64).encode()).decode())
"""


async def test_a_command_has_none_of_the_gateways_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the environment it has a search path alone."""
    monkeypatch.setenv("GATEWAY_MASTER_KEY", "secret")
    signer = CommandSigner(SIGNER.verifier, [sys.executable, "-I", "-c", SIGNS])
    assert (await signer.sign("text")).decode().strip() == "PATH"


async def test_a_command_that_fails_is_named() -> None:
    """By the program alone: arguments may be secrets."""
    signer = CommandSigner(SIGNER.verifier, [sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(NoteError) as failed:
        await signer.sign("text")
    assert str(failed.value) == f"{sys.executable} ended with 3"


async def test_a_command_signs(tmp_path: Path) -> None:
    """What it prints is taken for the signature of the text that it was given, and checked."""
    signature = base64_of(await SIGNER.sign("text\n"))
    script = f"import sys; assert sys.stdin.read() == 'text\\n'; print({signature!r})"
    signer = CommandSigner(SIGNER.verifier, [sys.executable, "-I", "-c", script])
    assert (await sign_note("text\n", signer)).signed_by([SIGNER.verifier])
    other = CommandSigner(OTHER.verifier, signer.command)
    with pytest.raises(NoteError, match="what was signed is no signature of the key"):
        await sign_note("text\n", other)
    away = CommandSigner(SIGNER.verifier, [str(tmp_path / "away")])
    with pytest.raises(NoteError, match="away cannot be run: No such file or directory"):
        await away.sign("text\n")


@pytest.mark.parametrize(
    ("prints", "told"), [("'AAAA'", "printed no signature of 64 bytes"), ("'?'", "not base 64")]
)
async def test_what_is_no_signature_is_refused(prints: str, told: str) -> None:
    """Something shorter, or something else."""
    words = [sys.executable, "-I", "-c", f"import sys; sys.stdin.read(); print({prints})"]
    with pytest.raises(NoteError, match=told):
        await CommandSigner(SIGNER.verifier, words).sign("text\n")


async def test_a_command_that_hangs_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """After its time, by name; it does not go on."""
    monkeypatch.setattr(command, "TIMEOUT_SECONDS", 2.0)
    told = tmp_path / "pid"
    signer = CommandSigner(SIGNER.verifier, ["/bin/sh", "-c", f"echo $$ > {told}; exec sleep 60"])
    while not told.exists() or not told.read_text():  # it may be ended before it has begun
        with pytest.raises(NoteError, match=r"^/bin/sh does not answer in 2 s$"):
            await signer.sign("text\n")
    with pytest.raises(ProcessLookupError):
        os.kill(int(told.read_text()), 0)
