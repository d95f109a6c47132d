"""Packed files: what is inside is read, what is damaged or a bomb is refused before it does harm."""

import contextlib
import gzip
import io
import random
import resource
import time
import zipfile

import pytest
import zstandard

from xinglin.hub.intake import unpack
from xinglin.hub.intake.unpack import Damaged, File, TooMuch, TooNested, files

TEXT = b'{"resourceType": "Patient", "id": "a"}\n' * 3_000


def packed_zip(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return made.getvalue()


def unpacked(raw: bytes) -> list[tuple[str, bytes]]:
    return [(file.member, file.stream.read()) for file in files(io.BytesIO(raw), len(raw), "f")]


def read_through(file: File, read: bytearray | None = None) -> None:
    while part := file.stream.read(65_536):
        if read is not None:
            read += part


def read_all(raw: bytes) -> None:
    for file in files(io.BytesIO(raw), len(raw)):
        read_through(file)


def frames(*parts: bytes) -> bytes:
    return b"".join(map(zstandard.ZstdCompressor(write_checksum=True).compress, parts))


@pytest.mark.parametrize(
    ("raw", "inside"),
    [
        (TEXT, [("", TEXT)]),
        (b"", [("", b"")]),
        (gzip.compress(TEXT), [("", TEXT)]),
        (gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:]), [("", TEXT)]),
        (gzip.compress(TEXT) + bytes(512), [("", TEXT)]),
        (frames(TEXT), [("", TEXT)]),
        (frames(TEXT[:50], TEXT[50:]), [("", TEXT)]),
        (packed_zip({"a": TEXT, "b/c": b"x"}), [("a", TEXT), ("b/c", b"x")]),
        (packed_zip({"a": TEXT}, zipfile.ZIP_STORED), [("a", TEXT)]),
        (packed_zip({"a": TEXT}, zipfile.ZIP_LZMA), [("a", TEXT)]),
        (
            packed_zip({"病人.json": b"x", "../../etc/passwd": b"y"}),
            [("病人.json", b"x"), ("../../etc/passwd", b"y")],
        ),
        (packed_zip({"a.gz": gzip.compress(TEXT), "b.zst": frames(b"y")}), [("a.gz", TEXT), ("b.zst", b"y")]),
        (gzip.compress(packed_zip({"a": TEXT})), [("a", TEXT)]),
        (gzip.compress(gzip.compress(TEXT)), [("", TEXT)]),
        (packed_zip({"a": TEXT, "__MACOSX/._a": b"x", ".DS_Store": b"y"}), [("a", TEXT)]),
        (packed_zip({}), []),
        (packed_zip({"folder/": b"", "folder/a": b"x"}), [("folder/a", b"x")]),
    ],
)
def test_what_is_inside(raw: bytes, inside: list[tuple[str, bytes]]) -> None:
    assert unpacked(raw) == inside


@pytest.mark.parametrize("first", ["[Content_Types].xml", "mimetype"])
def test_office_files_are_no_archives(first: str) -> None:
    raw = packed_zip({first: b"<x/>", "xl/workbook.xml": b"<x/>"})
    assert unpacked(raw) == [("", raw)]
    assert unpacked(packed_zip({"table.xlsx": raw})) == [("table.xlsx", raw)]


@pytest.mark.parametrize("pack", [gzip.compress, frames])
def test_cut_short(pack) -> None:
    """What could be read before the end is given first."""
    noise = random.Random(1).randbytes(400_000)
    raw = pack(noise)[:-1000]
    (file,) = files(io.BytesIO(raw), len(raw))
    read = bytearray()
    with pytest.raises(Damaged):
        read_through(file, read)
    assert len(read) > 200_000
    assert noise.startswith(bytes(read))


@pytest.mark.parametrize("place", [3, 20, 100, -20, -1])
@pytest.mark.parametrize("raw", [gzip.compress(TEXT), frames(TEXT), packed_zip({"a": TEXT, "b": TEXT})])
def test_damaged_anywhere(raw: bytes, place: int) -> None:
    hurt = bytearray(raw)
    hurt[place % len(raw)] ^= 0xFF
    with contextlib.suppress(Damaged):
        for file in files(io.BytesIO(hurt), len(hurt)):
            with contextlib.suppress(Damaged):
                content = file.stream.read()
                assert file.error or content in (TEXT, bytes(hurt)), "what is given is what was packed"


def test_no_noise_does_harm() -> None:
    dice = random.Random(2)
    for start in (b"", *unpack.ZIP, unpack.GZIP, unpack.ZSTANDARD, b"\x1f\x8b\x08\x00"):
        for length in (0, 1, 30, 3_000):
            with contextlib.suppress(Damaged, TooMuch):
                unpacked(start + dice.randbytes(length))


@pytest.mark.parametrize("pack", ["zst", "gz of zst"])
def test_a_bomb(pack: str) -> None:
    """Ten gigabytes of zeros in a few kilobytes: given up long before, in little memory and time."""
    size = 10 * 2**30
    compressor = zstandard.ZstdCompressor(level=3).compressobj()
    block = bytes(2**24)
    raw = b"".join([*(compressor.compress(block) for _ in range(size // len(block))), compressor.flush()])
    raw = gzip.compress(raw) if pack == "gz of zst" else raw
    assert len(raw) < 2_000_000
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    (file,) = files(io.BytesIO(raw), len(raw), "bomb")
    with pytest.raises(TooMuch):
        read_through(file)
    assert time.monotonic() - began < 10
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kilobytes"


def test_a_bomb_of_files_in_files() -> None:
    """Each layer alone is believable; the budget is the delivery's."""
    inner = packed_zip({str(number): bytes(3 * 2**20) for number in range(40)})
    outer = packed_zip({str(number): inner for number in range(40)})
    with pytest.raises(TooMuch):
        read_all(outer)


def test_too_deep() -> None:
    raw = TEXT
    for _ in range(unpack.LAYERS):
        raw = gzip.compress(raw)
    assert unpacked(raw) == [("", TEXT)]
    with pytest.raises(TooNested):
        unpacked(gzip.compress(raw))


def test_a_password() -> None:
    raw = bytearray(packed_zip({"a": TEXT}))
    raw[6] |= 1  # the flag of encryption, in the member's head and in the directory
    directory = raw.rindex(b"PK\x01\x02")
    raw[directory + 8] |= 1
    (file,) = files(io.BytesIO(raw), len(raw))
    assert isinstance(file.error, Damaged)
    assert "密码" in file.error.text("zh")


def test_too_many_members(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpack, "MOST_MEMBERS", 10)
    assert len(unpacked(packed_zip({str(number): b"x" for number in range(10)}))) == 10
    with pytest.raises(TooMuch):
        unpacked(packed_zip({str(number): b"x" for number in range(11)}))


@pytest.mark.parametrize("place", [1_000, 300_000])
def test_a_damaged_member_leaves_the_others(place: int) -> None:
    noise = random.Random(3).randbytes(500_000)
    raw = bytearray(packed_zip({"a": noise, "b": TEXT}, zipfile.ZIP_DEFLATED))
    raw[place] ^= 0xFF
    found = files(io.BytesIO(raw), len(raw))
    first = next(found)
    if first.error is None:
        with pytest.raises(Damaged):
            read_through(first)
    assert [(file.member, file.stream.read()) for file in found] == [("b", TEXT)]
