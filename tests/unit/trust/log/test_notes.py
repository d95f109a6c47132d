"""Signed notes, checkpoints, keys in files, requests to witnesses."""

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.trust.log.asking import read_request, write_request
from xinglin.trust.log.checkpoint import Checkpoint, read_checkpoint
from xinglin.trust.log.errors import NotANote, UnusableKey
from xinglin.trust.log.keyfile import keep_signer, replace_file
from xinglin.trust.log.notes import (
    Note,
    Scheme,
    make_signer,
    read_note,
    read_signature,
    read_signer,
    read_verifier,
)

# The example of Go's package golang.org/x/mod/sumdb/note, which the specification is drawn from.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n\n"
    "— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
CHECKPOINT = Checkpoint("log.example/one", 9, bytes(range(32)))
SCHEMES: tuple[Scheme, ...] = ("ed25519", "sm2")


def test_the_published_example() -> None:
    assert read_verifier(GO_KEY).signed(read_note(GO_NOTE)) == [None]
    assert read_verifier(GO_KEY).write() == GO_KEY
    assert read_note(GO_NOTE).write() == GO_NOTE
    assert not read_verifier(GO_KEY).signed(read_note(GO_NOTE.replace("answer", "Answer")))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("timed", [False, True])
def test_signing(scheme: Scheme, timed: bool) -> None:
    signer = make_signer("log.example/one", scheme, timed=timed)
    other = make_signer("log.example/one", scheme, timed=timed)
    time = 1_800_000_000 if timed else None
    note = read_note(Note(CHECKPOINT.text(), (signer.sign(CHECKPOINT.text(), time=time),)).write())
    assert read_verifier(signer.verifier.write()).signed(note) == [time]
    assert not other.verifier.signed(note)
    assert not signer.verifier.signed(Note(note.text.replace("9", "8"), note.signatures))
    (line,) = note.signatures
    for at in (0, 8, len(line.value) - 1):
        spoilt = line.value[:at] + bytes([line.value[at] ^ 1]) + line.value[at + 1 :]
        assert not signer.verifier.signed(Note(note.text, (type(line)(line.name, line.key, spoilt),)))
    assert not signer.verifier.signed(Note(note.text, (type(line)(line.name, line.key, b"x"),)))
    again = read_signer(signer.write())
    assert signer.verifier.signed(Note(note.text, (again.sign(note.text, time=time),)))
    assert signer.write() not in repr(signer)


@pytest.mark.parametrize(
    "text", ["", "a+b", "a+00000000+", GO_KEY[:-4], GO_KEY.replace("c7", "c8"), "a+0+?", "a+0+AAAA"]
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(NotANote):
        read_verifier(text)
    with pytest.raises(NotANote):
        read_signer(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "a\n\n",
        "a\n\nb\n",
        "a\n\n— a\n",
        "a\n\n— a ?\n",
        GO_NOTE[:-1],
        GO_NOTE + "x" * 100_000 + "\n",
    ],
)
def test_what_is_no_note(text: str) -> None:
    if text == "a\n\n":  # a note that nobody signed
        assert read_note(text) == Note("a\n")
        return
    with pytest.raises(NotANote):
        read_note(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_readers(text: str) -> None:
    for read in (read_note, read_signature, read_checkpoint, read_verifier, read_signer, read_request):
        try:
            read(text)
        except NotANote:
            continue


def test_checkpoints_are_written_and_read() -> None:
    assert CHECKPOINT.text() == f"log.example/one\n9\n{base64.b64encode(bytes(range(32))).decode()}\n"
    assert read_checkpoint(CHECKPOINT.text()) == CHECKPOINT
    assert read_checkpoint(CHECKPOINT.text() + "a line of a later form\n") == CHECKPOINT


@pytest.mark.parametrize(
    ("old", "new"),
    [("\n9\n", "\n09\n"), ("\n9\n", "\n-9\n"), ("\n9\n", "\n٩\n"), ("AAEC", "AAE"), ("log.example/one", "")],
)
def test_what_is_no_checkpoint(old: str, new: str) -> None:
    with pytest.raises(NotANote):
        read_checkpoint(CHECKPOINT.text().replace(old, new))


def test_requests_to_witnesses() -> None:
    note, proof = read_note(GO_NOTE), [bytes([n]) * 32 for n in range(3)]
    assert read_request(write_request(note, 5, proof)) == (note, 5, proof)
    assert read_request(write_request(note, 0, [])) == (note, 0, [])
    for bad in (
        "old -1\n\n" + GO_NOTE,
        "new 5\n\n" + GO_NOTE,
        "old 5\nAAAA\n\n" + GO_NOTE,
        "old 5\n" * 70 + "\n" + GO_NOTE,
    ):
        with pytest.raises(NotANote):
            read_request(bad)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_key_is_made_once_and_kept_for_its_owner(tmp_path: Path, scheme: Scheme) -> None:
    file = tmp_path / "new" / "log.key"
    first = keep_signer(file, "a", scheme, timed=False)
    assert keep_signer(file, "a", scheme, timed=False) == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [one.name for one in file.parent.iterdir()] == ["log.key"]
    replace_file(file, "spoilt")
    with pytest.raises(UnusableKey):
        keep_signer(file, "a", scheme, timed=False)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "log.key"
    keep_signer(file, "a", "ed25519", timed=False)
    file.chmod(0o640)
    with pytest.raises(UnusableKey):
        keep_signer(file, "a", "ed25519", timed=False)
