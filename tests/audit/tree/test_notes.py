"""Signed notes, checkpoints and receipts: what is written can be read, and nothing else."""

import pytest

from gateway.audit.tree.checkpoints import (
    Checkpoint,
    checkpoint_in,
    sign_checkpoint,
    trusted_checkpoint,
)
from gateway.audit.tree.hashing import hash_children, hash_leaf
from gateway.audit.tree.notes import (
    NoteError,
    note_of,
    sign_note,
    signer_of,
    verifier_of,
)
from gateway.audit.tree.proofs import ProofError
from gateway.audit.tree.receipts import RecordReceipt, check_receipt, receipts_in
from tests.stands.tree.signed import OTHER, SIGNER

VERIFIER = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ON"
    "ncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def test_the_example_of_the_specification_verifies() -> None:
    """The note and the key of C2SP's signed-note."""
    verifier = verifier_of(VERIFIER)
    assert str(verifier) == VERIFIER
    assert note_of(NOTE).signed_by([verifier]) == [verifier]
    assert str(note_of(NOTE)) == NOTE


def test_another_text_does_not() -> None:
    """A signature of a known key that is of another text is an error, not an unknown one."""
    with pytest.raises(NoteError, match=r"the signature of example\.com/foo is not of this text"):
        note_of(NOTE.replace("example message", "other message")).signed_by([verifier_of(VERIFIER)])


async def test_keys_are_written_as_go_writes_them() -> None:
    """A key that is read again signs the same; the private one is not in its repr."""
    again = signer_of(SIGNER.text)
    assert again == SIGNER
    assert verifier_of(str(SIGNER.verifier)) == SIGNER.verifier
    note = await sign_note("text\n", again)
    assert note.signed_by([SIGNER.verifier]) == [SIGNER.verifier]
    assert note.signed_by([OTHER.verifier]) == []
    assert SIGNER.text.rpartition("+")[2] not in repr(again)


@pytest.mark.parametrize(
    "key",
    ["", "PRIVATE+KEY+", "PRIVATE+KEY+name+00000000+AQ==", SIGNER.text[:-4], SIGNER.text[12:]],
)
def test_what_is_no_signing_key_is_refused(key: str) -> None:
    """By a message that does not repeat it."""
    with pytest.raises(NoteError) as refused:
        signer_of(key)
    assert len(key) < 20 or key not in str(refused.value)


@pytest.mark.parametrize(
    "key", ["", "name", "na me+530d903a+AQ==", VERIFIER.replace("530d", "0000"), VERIFIER[:-4]]
)
def test_what_is_no_verifier_key_is_refused(key: str) -> None:
    """An ID that is not the key's, too."""
    with pytest.raises(NoteError):
        verifier_of(key)


@pytest.mark.parametrize(
    "text",
    ["", "text", "text\n\n", "text\n\n— name\n", "text\n\n- name AAAA\n", "te\0xt\n\n— a AAAA\n"],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    """A text, an empty line, and lines of signatures: nothing else is a note."""
    with pytest.raises(NoteError):
        note_of(text)


async def test_a_checkpoint_is_read_as_it_was_signed() -> None:
    """Origin, size and root; the origin is the name of the key."""
    note = await sign_checkpoint(7, bytes(32), SIGNER)
    expected = Checkpoint("example.com/audit", 7, bytes(32))
    assert checkpoint_in(note) == trusted_checkpoint(str(note), [SIGNER.verifier]) == expected
    with pytest.raises(NoteError, match=r"signed by example\.com/audit\+.*, not by example\.com"):
        trusted_checkpoint(str(note), [OTHER.verifier])


@pytest.mark.parametrize("text", ["origin\n\n", "o\n07\nAA==\n", "o\n7\nAA==\n", "o\n-1\n\n"])
async def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    """Even if it is signed."""
    with pytest.raises(NoteError, match="checkpoint"):
        checkpoint_in(await sign_note(text, SIGNER))


async def test_a_receipt_proves_its_record() -> None:
    """It is read as it was written, holds for its record, and for no other."""
    leaves = [hash_leaf(b"one"), hash_leaf(b"two")]
    note = str(await sign_checkpoint(2, hash_children(*leaves), SIGNER))
    receipts = [
        RecordReceipt(b"one", 0, leaves[1:], note),
        RecordReceipt(b"two", 1, leaves[:1], note),
    ]
    written = "\n".join(map(str, receipts))
    assert list(receipts_in(written)) == receipts
    assert written.startswith("c2sp.org/tlog-proof@v1\nextra b25l\nindex 0\n")
    for each in receipts:
        check_receipt(each, [SIGNER.verifier])
    forged = RecordReceipt(b"three", 1, leaves[:1], note)
    with pytest.raises(ProofError):
        check_receipt(forged, [SIGNER.verifier])
    with pytest.raises(NoteError):
        check_receipt(receipts[0], [OTHER.verifier])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nothing",
        "c2sp.org/tlog-proof@v1\n",
        "c2sp.org/tlog-proof@v1\nindex 0\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nextra b25l\nindex 00\n\nnote\n",
        "c2sp.org/tlog-proof@v1\nextra b25l\nindex 0\nAAAA\n\nnote\n",
        "before\nc2sp.org/tlog-proof@v1\nextra b25l\nindex 0\n\nnote\n",
    ],
)
def test_what_is_no_receipt_is_refused(text: str) -> None:
    """A line that is missing or wrong is named."""
    with pytest.raises(NoteError, match="receipt"):
        list(receipts_in(text))
