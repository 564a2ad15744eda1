"""A command that signs: the key is where it knows, in a module of hardware or another machine."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.audit.tree.notes import NoteError, Verifier, bytes_of_base64

TIMEOUT_SECONDS = 10.0
ENVIRONMENT = {"PATH": os.defpath}
"""The gateway's own holds its secrets."""
SIGNATURE_BYTES = 64
LONGEST_ANSWER = 4096
"""Bytes: a signature has 88."""


@dataclass(frozen=True, slots=True)
class CommandSigner:
    """Runs a program for each signature: the text on its standard input, base 64 on its output."""

    verifier: Verifier
    command: Sequence[str]

    async def sign(self, text: str) -> bytes:
        """See `Signer`."""
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                written = await self._answer(text)
        except TimeoutError:
            raise NoteError(f"{self.command[0]} does not answer in {TIMEOUT_SECONDS:g} s") from None
        except OSError as away:
            raise NoteError(f"{self.command[0]} cannot be run: {away.strerror}") from None
        signature = bytes_of_base64(written.strip())
        if len(signature) != SIGNATURE_BYTES:
            raise NoteError(f"{self.command[0]} printed no signature of {SIGNATURE_BYTES} bytes")
        return signature

    async def _answer(self, text: str) -> str:
        pipe = asyncio.subprocess.PIPE
        program = await asyncio.create_subprocess_exec(
            *self.command,
            stdin=pipe,
            stdout=pipe,
            stderr=asyncio.subprocess.DEVNULL,
            env=ENVIRONMENT,
        )
        try:
            out, _ = await program.communicate(text.encode())
        finally:
            if program.returncode is None:
                program.kill()
                await program.wait()
        if program.returncode:
            raise NoteError(f"{self.command[0]} ended with {program.returncode}")
        return out[:LONGEST_ANSWER].decode(errors="replace")
