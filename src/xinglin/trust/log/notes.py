"""Signed notes and their keys, as transparency logs write them.

- Signed note: https://c2sp.org/signed-note
- Cosignature: https://c2sp.org/tlog-cosignature (its signature has a time in front)

Ed25519 has the types 0x01 and 0x04. SM2 with SM3 (GB/T 32918, default signer id) has no type assigned; as the
specification asks it is 0xff followed by a longer name.
"""

import base64
import binascii
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Literal, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from gmssl_pyx import GmsslInnerError, sm2_key_generate, sm2_sign, sm2_verify

from xinglin.core.i18n import Phrase
from xinglin.trust.log.errors import NotANote

Scheme = Literal["ed25519", "sm2"]


class Kind(NamedTuple):
    """A sort of key: how it signs, and whether its signatures have a time in front."""

    scheme: Scheme
    timed: bool


KINDS: Final = {
    b"\x01": Kind("ed25519", timed=False),
    b"\x04": Kind("ed25519", timed=True),
    b"\xffxinglin/sm2-sm3/": Kind("sm2", timed=False),
    b"\xffxinglin/sm2-sm3-cosignature/": Kind("sm2", timed=True),
}
"""Sorts of keys by what stands before the public key."""

_PREFIXES: Final = {kind: prefix for prefix, kind in KINDS.items()}
_PRIVATE: Final = "PRIVATE+KEY+"
_PUBLIC_BYTES: Final = {"ed25519": 32, "sm2": 64}
_TIME_BYTES: Final = 8
MOST_LETTERS: Final = 100_000
"""The longest note that is read."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One line under a note."""

    name: str
    key: bytes
    value: bytes

    def line(self) -> str:
        """Write it."""
        return f"— {self.name} {base64.b64encode(self.key + self.value).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, ending in a newline, and the signatures under it."""

    text: str
    signatures: tuple[Signature, ...] = ()

    def write(self) -> str:
        """Write it."""
        return self.text + "\n" + "".join(one.line() for one in self.signatures)

    def plus(self, signatures: Iterable[Signature]) -> "Note":
        """Give the note with more signatures, each once."""
        return Note(self.text, tuple(dict.fromkeys((*self.signatures, *signatures))))


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its owner's name."""

    name: str
    kind: Kind
    public: bytes

    @property
    def key(self) -> bytes:
        """The four bytes that signatures name the key by."""
        return sha256(self.name.encode() + b"\n" + _PREFIXES[self.kind] + self.public).digest()[:4]

    def write(self) -> str:
        """Write it as others read it (`vkey`)."""
        given = base64.b64encode(_PREFIXES[self.kind] + self.public).decode()
        return f"{self.name}+{self.key.hex()}+{given}"

    def signed(self, note: Note) -> list[int | None]:
        """Give when this key signed the note, in seconds since 1970; None where its kind tells no time.

        Signatures that aren't right are none.
        """
        found: list[int | None] = []
        for one in note.signatures:
            if (one.name, one.key) == (self.name, self.key):
                time = int.from_bytes(one.value[:_TIME_BYTES]) if self.kind.timed else None
                value = one.value[_TIME_BYTES:] if self.kind.timed else one.value
                if _is_signed(self, _message(note.text, time), value):
                    found.append(time)
        return found


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key. Never printed: `write` is for its file."""

    verifier: Verifier
    private: bytes

    def __repr__(self) -> str:
        return f"Signer({self.verifier.name})"

    def sign(self, text: str, *, time: int | None = None) -> Signature:
        """Sign a note's text; `time` in seconds since 1970, for keys whose kind tells it."""
        message = _message(text, time)
        if self.verifier.kind.scheme == "ed25519":
            value = Ed25519PrivateKey.from_private_bytes(self.private).sign(message)
        else:
            value = sm2_sign(self.private, self.verifier.public, message)
        return Signature(
            self.verifier.name, self.verifier.key, (time.to_bytes(8) if time is not None else b"") + value
        )

    def write(self) -> str:
        """Write it for its file, in the form of Go's note package."""
        verifier = self.verifier
        public = verifier.public if verifier.kind.scheme == "sm2" else b""
        given = base64.b64encode(_PREFIXES[verifier.kind] + self.private + public).decode()
        return f"{_PRIVATE}{verifier.name}+{verifier.key.hex()}+{given}"


def _message(text: str, time: int | None) -> bytes:
    return (text if time is None else f"cosignature/v1\ntime {time}\n{text}").encode()


def _is_signed(verifier: Verifier, message: bytes, value: bytes) -> bool:
    try:
        if verifier.kind.scheme == "ed25519":
            Ed25519PublicKey.from_public_bytes(verifier.public).verify(value, message)
            return True
        return sm2_verify(verifier.public, message, value)
    except (InvalidSignature, GmsslInnerError, ValueError):
        return False


def make_signer(name: str, scheme: Scheme, *, timed: bool) -> Signer:
    """Make a key. `name` has no spaces and no plus sign."""
    kind = Kind(scheme, timed)
    if scheme == "sm2":
        public, private = sm2_key_generate()
        return Signer(Verifier(name, kind, public), private)
    key = Ed25519PrivateKey.generate()
    return Signer(Verifier(name, kind, key.public_key().public_bytes_raw()), key.private_bytes_raw())


def read_verifier(text: str) -> Verifier:
    """Read a public key. Raises NotANote."""
    name, kind, given = _read_key(text.strip())
    verifier = Verifier(name, kind, given)
    if len(given) != _PUBLIC_BYTES[kind.scheme] or verifier.key.hex() != text.strip().split("+", 2)[1]:
        raise NotANote(what=KEY)
    return verifier


def read_signer(text: str) -> Signer:
    """Read a private key. Raises NotANote."""
    if not text.startswith(_PRIVATE):
        raise NotANote(what=KEY)
    name, kind, given = _read_key(text.strip().removeprefix(_PRIVATE))
    private, public = given[:32], given[32:]
    if kind.scheme == "ed25519" and len(given) == 32:
        public = Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    if len(public) != _PUBLIC_BYTES[kind.scheme]:
        raise NotANote(what=KEY)
    return Signer(Verifier(name, kind, public), private)


KEY: Final = Phrase("the key")
NOTE: Final = Phrase("the checkpoint")


def _read_key(text: str) -> tuple[str, Kind, bytes]:
    try:
        name, _, coded = text.split("+", 2)
        given = base64.b64decode(coded, validate=True)
    except (ValueError, binascii.Error):
        raise NotANote(what=KEY) from None
    for prefix, kind in KINDS.items():
        if given.startswith(prefix):
            return name, kind, given[len(prefix) :]
    raise NotANote(what=KEY)


def read_note(text: str) -> Note:
    """Read a signed note. Raises NotANote."""
    body, gap, lines = text.rpartition("\n\n")
    if not gap or not text.endswith("\n") or len(text) > MOST_LETTERS:
        raise NotANote(what=NOTE)
    return Note(body + "\n", tuple(read_signature(line) for line in lines.splitlines()))


def read_signature(line: str) -> Signature:
    """Read a signature line. Raises NotANote."""
    dash, _, rest = line.partition(" ")
    name, _, coded = rest.partition(" ")
    try:
        given = base64.b64decode(coded, validate=True)
    except (ValueError, binascii.Error):
        raise NotANote(what=NOTE) from None
    if dash != "—" or not name or len(given) <= 4:
        raise NotANote(what=NOTE)
    return Signature(name, given[:4], given[4:])
