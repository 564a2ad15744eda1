"""Who signs the audit log and who is told of it, as the settings say."""

import asyncio
import secrets
import shlex
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from gateway.audit.tree.notes import (
    KeySigner,
    NoteError,
    Signer,
    Verifier,
    new_signer,
    signer_of,
    verifier_of,
)
from gateway.build.places import ConfigurationError, database_path, key_file
from gateway.metrics import (
    AUDIT_CHECKPOINT_RECORDS,
    AUDIT_CHECKPOINT_SECONDS,
    AUDIT_PUBLISHED,
    AUDIT_SIGNING_REFUSED,
    AUDIT_TREE_BROKEN,
    AUDIT_TREE_RECORDS,
    AUDIT_TREE_WAITING,
)
from gateway.ports import Clock, Store
from gateway.ports.checkpoints import CheckpointMemory
from gateway.publishing.command import CommandSigner
from gateway.publishing.file import FileMemory, NoMemory
from gateway.publishing.http import HttpOutlet, HttpWitness
from gateway.service.sequencing.checkpoints import CheckpointGauges, Checkpoints, Keys
from gateway.service.sequencing.cosigning import Cosigning, KnownWitness
from gateway.service.sequencing.publication import Publication
from gateway.service.sequencing.sequencer import Sequencer, TreeGauges
from gateway.settings import Settings

COMMAND = "command:"
FILE = "file:"
STOP_SECONDS = 3.0
"""For taking up and signing what was written last."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class AuditTree:
    """What keeps the tree of one gateway, and what it has open."""

    sequencer: Sequencer
    checkpoints: Checkpoints
    publication: Publication
    _connections: Sequence[HttpOutlet | HttpWitness] = field(default=())

    def concerns(self) -> Mapping[str, str]:
        """What is wrong with it, for whoever looks after the gateway."""
        told = {"audit_tree": self.sequencer.trouble, "audit_signing": self.checkpoints.trouble}
        return {part: cause for part, cause in told.items() if cause}

    def verifier_keys(self) -> Sequence[str]:
        """The public keys of the log."""
        return [str(each) for each in self.checkpoints.verifiers]

    def keep(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs for as long as the gateway does."""
        return self.sequencer.keep(), self.checkpoints.keep(), self.publication.keep()

    async def stop(self) -> None:
        """Takes up and signs what was written last, and closes the connections.

        Takes at most 3 s and raises nothing: the rest of the gateway is still to be stopped.
        """
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self.sequencer.take_up()
                await self.checkpoints.look(last=True)
        except Exception as failure:  # noqa: BLE001  another gateway does it, or the next start
            cause = str(failure) or type(failure).__name__
            log.warning("audit_not_signed_at_the_end", cause=cause)
        for each in self._connections:
            await each.close()


def audit_tree_of(
    settings: Settings, store: Store, clock: Clock, gateway_id: str, keys: Keys
) -> AuditTree:
    """The tree of this gateway."""
    outlets = [HttpOutlet(settings.audit_checkpoint_url)] if settings.audit_checkpoint_url else []
    publication = Publication(outlets, _published)
    keyed = [_witness(each) for each in settings.audit_witness_list]
    witnesses = [HttpWitness(key.name, url) for key, url in keyed]
    known = [KnownWitness(one, key) for one, (key, _) in zip(witnesses, keyed, strict=True)]
    checkpoints = Checkpoints(
        store,
        clock,
        gateway_id,
        keys,
        memory_of(settings),
        Cosigning(store, known, _published),
        CheckpointGauges(
            AUDIT_CHECKPOINT_RECORDS.set, AUDIT_CHECKPOINT_SECONDS.set, AUDIT_SIGNING_REFUSED.set
        ),
    )
    checkpoints.on_signed(publication.offer)
    gauges = TreeGauges(AUDIT_TREE_RECORDS.set, AUDIT_TREE_WAITING.set, AUDIT_TREE_BROKEN.set)
    return AuditTree(
        Sequencer(store, clock, gateway_id, gauges),
        checkpoints,
        publication,
        [*outlets, *witnesses],
    )


def audit_keys_of(settings: Settings) -> Keys:
    """Who signs the log, and by whom it may have been signed. Raises ConfigurationError."""
    try:
        verifiers = [verifier_of(each) for each in settings.audit_verifier_list]
        signer = _signer(settings, verifiers)
    except NoteError as wrong:
        raise ConfigurationError(
            f"GATEWAY_AUDIT_SIGNING_KEY or GATEWAY_AUDIT_VERIFIER_KEYS: {wrong}"
        ) from None
    if signer is None:
        return Keys(None, verifiers)
    own = signer.verifier
    return Keys(signer, [own, *(each for each in verifiers if each != own)])


def memory_of(settings: Settings) -> CheckpointMemory:
    """Where the newest checkpoint is remembered: the configured file, or one beside SQLite's."""
    path = checkpoint_path(settings)
    return FileMemory(path) if path else NoMemory()


def checkpoint_path(settings: Settings) -> Path | None:
    """The file of the newest checkpoint; None: there is none."""
    if settings.audit_checkpoint_file:
        return settings.audit_checkpoint_file
    database = database_path(settings)
    return Path(f"{database}.checkpoint") if database else None


def signing_key_path(settings: Settings) -> Path | None:
    """The file of the key that signs, if one is named."""
    key = settings.audit_signing_key
    told = key.get_secret_value().strip() if key else ""
    return Path(told.removeprefix(FILE)) if told.startswith(FILE) else None


def _signer(settings: Settings, verifiers: Sequence[Verifier]) -> Signer | None:
    if settings.audit_signing_key is None:
        database = database_path(settings)
        if database is None:
            return None
        path = Path(f"{database}.audit-key")
        return _strict(key_file(path, _new_key), f"the key file {path}")
    told = settings.audit_signing_key.get_secret_value().strip()
    if told.startswith(COMMAND):
        return _command(told.removeprefix(COMMAND), verifiers)
    if kept := signing_key_path(settings):
        return _strict(key_file(kept, None), f"the key file {kept}")
    return _strict(told, "it")


def _strict(written: str, place: str) -> KeySigner:
    try:
        return signer_of(written)
    except NoteError as wrong:
        raise NoteError(f"{place}: {wrong}") from None


def _command(told: str, verifiers: Sequence[Verifier]) -> CommandSigner:
    try:
        command = shlex.split(told)
    except ValueError as wrong:
        raise NoteError(f"command: {wrong}") from None
    if not command:
        raise NoteError("command: needs a program")
    if not verifiers:
        raise NoteError("with a command, GATEWAY_AUDIT_VERIFIER_KEYS must begin with its key")
    return CommandSigner(verifiers[0], command)


def _new_key() -> str:
    """A key by a name that no other installation has."""
    return new_signer(f"call-gateway/audit/{secrets.token_hex(4)}", secrets.token_bytes(32)).text


def _witness(told: str) -> tuple[Verifier, str]:
    key, _, url = told.partition(" ")
    try:
        return verifier_of(key), url.strip()
    except NoteError as wrong:
        raise ConfigurationError(f"GATEWAY_AUDIT_WITNESSES: {wrong}") from None


def _published(name: str, result: str) -> None:
    AUDIT_PUBLISHED.labels(name, result).inc()
