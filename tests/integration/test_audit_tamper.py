"""Somebody who rules the database changes the log: each way is found, on the real tables."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
from tests.audit import entry, opened

from xinglin.trust.log import live, rows, signing
from xinglin.trust.log.checking import Report
from xinglin.trust.log.entry import decode, encode
from xinglin.trust.log.errors import Behind, Fork, NotSigned, Rollback
from xinglin.trust.log.files import Export, verify
from xinglin.trust.log.log import Log
from xinglin.trust.log.merkle import Growing, leaf_hash
from xinglin.trust.log.signing import Signing
from xinglin.trust.log.witness import Witness

SIZE = 150
LATER = 30


class Site:
    """A log with `SIZE` entries that were signed and witnessed, and `LATER` more that only were signed."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.witness_folder = folder / "witness"

    def run(self, work: Callable[[Log, Signing], Awaitable[object]]) -> object:
        async def run() -> object:
            async with opened(self.url) as log:
                return await work(log, Signing(log, self.folder / "audit", "ed25519"))

        return asyncio.run(run())

    @property
    def witness(self) -> Witness:
        return Witness(self.witness_folder, "witness.example/one")

    async def fill(self, log: Log, signs: Signing) -> None:
        await log.append([entry(at) for at in range(SIZE)])
        note = await signs.checkpoint()
        witness = self.witness
        async with log.database.connection() as connection:
            witness.watch((await signs.signer(connection)).verifier, "sha256")
            await signing.know(connection, witness.signer.verifier, role="witness")
            line = witness.cosign(note, old=0, proof=[])
            await signing.cosigned(connection, note, witness.signer.verifier, [line])
        await log.append([entry(SIZE + at) for at in range(LATER)])
        await signs.checkpoint()

    def tamper(self, *statements: str) -> None:
        """Do what the triggers forbid, as a superuser can."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            for one in statements:
                connection.execute(one)  # pyright: ignore[reportArgumentType]

    def make_it_fit(self) -> None:
        """Number the entries again and make hashes, nodes and edge anew, as a clever attacker would."""
        with psycopg.connect(self.url) as connection:
            connection.execute("SET session_replication_role = replica")
            found = connection.execute("SELECT number, body FROM audit_entry ORDER BY number").fetchall()
            tree, hash_ = Growing(rows.HASHES["sha256"]), rows.HASHES["sha256"]
            connection.execute("DELETE FROM audit_node")
            connection.execute("UPDATE audit_entry SET number = -number - 1")
            for number, (old, body) in enumerate(found):
                leaf = leaf_hash(hash_, body)
                connection.execute(
                    "UPDATE audit_entry SET number = %s, leaf = %s WHERE number = %s",
                    [number, leaf, -old - 1],
                )
                for (level, place), made in tree.add(leaf):
                    if level >= rows.FOOT:
                        connection.execute("INSERT INTO audit_node VALUES (%s, %s, %s)", [level, place, made])
            edge = [tree.size, b"".join(tree.peaks)]
            connection.execute("UPDATE audit_head SET size = %s, peaks = %s", edge)

    def verify(self) -> Report:
        async def work(log: Log, signs: Signing) -> Report:
            async with log.database.connection() as connection:
                own = (await signs.signer(connection)).verifier
            return await live.verify(log, [own], lambda _: None)

        report = self.run(work)
        assert isinstance(report, Report)
        return report


@pytest.fixture
def site(database: str, tmp_path: Path) -> Site:
    made = Site(database, tmp_path)
    made.run(made.fill)
    return made


def forge(number: int) -> str:
    """Give the statement that puts another patient into an entry and makes its columns fit."""
    body = encode(entry(number, patients=("p-other",)))
    row = rows.row_of(number, decode(body), leaf_hash(rows.HASHES["sha256"], body), body)
    keys = "{" + ",".join(map(str, row.keys)) + "}"
    return (
        f"UPDATE audit_entry SET body = '\\x{body.hex()}', leaf = '\\x{row.leaf.hex()}', keys = '{keys}'"
        f" WHERE number = {number}"
    )


def forge_body(number: int) -> str:
    body = encode(entry(number, purpose="HOPERAT"))
    return f"UPDATE audit_entry SET body = '\\x{body.hex()}' WHERE number = {number}"


SWAP = (
    "UPDATE audit_entry SET number = -1 WHERE number = 20",
    "UPDATE audit_entry SET number = 20 WHERE number = 21",
    "UPDATE audit_entry SET number = 21 WHERE number = -1",
)
CUT = ("DELETE FROM audit_entry WHERE number >= 170",)
INSERT = (
    "INSERT INTO audit_entry SELECT -1, at, who, action, outcome, keys, leaf, body"
    " FROM audit_entry WHERE number = 5"
)
WAYS = {
    "deleted": (("DELETE FROM audit_entry WHERE number = 77",), 77, "entry 77 is missing"),
    "its bytes changed": ((forge_body(77),), 77, "entry 77 was changed"),
    "changed with its columns": ((forge(77),), 0, "the entries from 0 to 149 aren't those that were signed"),
    "reordered": (SWAP, 0, None),
    "truncated": (CUT, 170, "entries are missing from 170 on; 180 were signed"),
    "all deleted": (("TRUNCATE audit_entry",), 0, "entries are missing from 0 on; 180 were signed"),
    "inserted": ((INSERT,), -1, "entry -1 isn't in its place"),
    "hidden from finding": (
        ("UPDATE audit_entry SET keys = '{}' WHERE number = 9",),
        9,
        "what entry 9 is found by doesn't fit it",
    ),
    "told of another": (
        ("UPDATE audit_entry SET who = 'user:other' WHERE number = 170",),
        170,
        "what entry 170 is found by doesn't fit it",
    ),
    "a node changed": (
        ("UPDATE audit_node SET hash = sha256('x') WHERE level = 6 AND place = 1",),
        64,
        "the tree's node over the entries from 64 to 127 isn't what they make",
    ),
    "a node deleted": (("DELETE FROM audit_node WHERE level = 7",), 0, None),
    "a node added": (
        ("INSERT INTO audit_node VALUES (7, 1, sha256('x'))",),
        180,
        "the tree's edge isn't what the entries make",
    ),
    "the edge changed": (
        ("UPDATE audit_head SET peaks = set_byte(peaks, 3, 77)",),
        180,
        "the tree's edge isn't what the entries make",
    ),
    "a checkpoint changed": (
        ("UPDATE audit_checkpoint SET note = replace(note, '150', '151') WHERE size = 150",),
        151,
        "checkpoint 1 isn't signed by the log",
    ),
    "a checkpoint spoilt": (("UPDATE audit_checkpoint SET note = 'x' WHERE size = 150",), 0, None),
}


def test_a_log_that_nobody_touched_is_right(site: Site) -> None:
    report = site.verify()
    assert not report.faults
    assert (report.size, report.signed, report.witnessed) == (SIZE + LATER, SIZE + LATER, SIZE)
    assert report.cosigned == {"witness.example/one": 1}


@pytest.mark.parametrize("way", WAYS)
def test_every_change_is_found(site: Site, way: str) -> None:
    statements, place, text = WAYS[way]
    site.tamper(*statements)
    first = site.verify().first
    assert first is not None
    assert first.place == place
    assert text is None or str(first.what) == text


@pytest.mark.parametrize(
    ("statements", "place"),
    [
        (("DELETE FROM audit_entry WHERE number = 77",), 0),
        ((forge(77),), 0),
        ((forge(160),), 150),
        (SWAP, 0),
        (CUT, 170),
    ],
)
def test_a_change_is_found_when_all_tables_fit_each_other_again(
    site: Site, statements: tuple[str, ...], place: int
) -> None:
    site.tamper(*statements)
    site.make_it_fit()
    first = site.verify().first
    assert first is not None
    assert first.place == place

    async def sign_again(log: Log, signs: Signing) -> None:
        await log.append([entry(1)])
        with pytest.raises((Fork, Rollback)):
            await signs.checkpoint()

    site.run(sign_again)


@pytest.mark.parametrize("grown", [True, False])
def test_a_witness_signs_no_second_history(site: Site, grown: bool) -> None:
    """Even where the signing key was stolen and its memory removed with the checkpoints."""
    site.tamper("DELETE FROM audit_entry WHERE number = 77", "TRUNCATE audit_checkpoint CASCADE")
    site.make_it_fit()
    for file in (site.folder / "audit").glob("*.note"):
        file.unlink()

    async def forged(log: Log, signs: Signing) -> None:
        if not grown:
            async with log.database.connection() as connection:
                await connection.execute("SET session_replication_role = replica")
                await connection.execute("DELETE FROM audit_entry WHERE number >= 100")
            site.make_it_fit()
        note = await signs.checkpoint()
        _, proof = await log.consistency(SIZE if grown else 100)
        with pytest.raises(Fork if grown else Rollback):
            site.witness.cosign(note, old=SIZE, proof=proof)
        with pytest.raises(Behind if grown else Rollback):
            site.witness.cosign(note, old=0, proof=[])

    site.run(forged)
    assert not site.verify().faults  # the tables alone can't tell: that is what the witness is for


def test_a_witness_that_was_killed_signs_again_what_it_knew(site: Site) -> None:
    async def work(log: Log, signs: Signing) -> None:
        async with log.database.connection() as connection:
            _, _, note = await signing.last_checkpoint(connection)
        _, proof = await log.consistency(SIZE)
        first = site.witness.cosign(note, old=SIZE, proof=proof)
        # its answer was lost: the hub asks from where it knows the witness to be, and hears better
        with pytest.raises(Behind):
            site.witness.cosign(note, old=SIZE, proof=proof)
        again = site.witness.cosign(note, old=SIZE + LATER, proof=[])
        verifier = site.witness.signer.verifier
        assert len(verifier.signed(note.plus([first]))) == len(verifier.signed(note.plus([again]))) == 1

    site.run(work)


def test_a_witness_signs_only_what_the_log_signed(site: Site) -> None:
    async def work(log: Log, signs: Signing) -> None:
        async with log.database.connection() as connection:
            _, _, note = await signing.last_checkpoint(connection)
        _, proof = await log.consistency(SIZE)
        other = type(note)(note.text.replace(str(SIZE + LATER), str(SIZE + LATER + 1)), note.signatures)
        with pytest.raises(NotSigned):
            site.witness.cosign(other, old=SIZE, proof=proof)

    site.run(work)


def exported(site: Site) -> Path:
    async def work(log: Log, signs: Signing) -> None:
        async with log.database.connection() as connection:
            own = (await signs.signer(connection)).verifier
        assert await live.export(log, site.folder / "export", own, lambda _: None) == SIZE + LATER

    site.run(work)
    return site.folder / "export"


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def swap_lines(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    lines[3], lines[4] = lines[4], lines[3]
    file.write_bytes(b"".join(lines))


def cut(file: Path) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-5]))


def without_one(file: Path) -> None:
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:10] + lines[11:]))


ENTRIES = "entries/000000000000.ndjson"


@pytest.mark.parametrize(
    ("file", "spoil", "place", "text"),
    [
        (
            ENTRIES,
            lambda file: change(file, "Observation/o77", "Observation/o78"),
            77,
            "entry 77 was changed",
        ),
        (ENTRIES, swap_lines, 3, "entry 3 was changed"),
        (ENTRIES, without_one, 10, "entry 10 was changed"),
        (ENTRIES, cut, 175, "entries are missing from 175 on; 180 were signed"),
        (
            "hashes/000000000000",
            lambda file: file.write_bytes(bytes(32) + file.read_bytes()[32:]),
            0,
            "the hash kept with entry 0 was changed",
        ),
        ("checkpoints/0000002", lambda file: file.write_text("x"), 0, "checkpoint 2 can't be read"),
        (
            "checkpoints/0000002",
            lambda file: change(file, "\n180\n", "\n179\n"),
            179,
            "checkpoint 2 isn't signed by the log",
        ),
        ("log.json", lambda file: change(file, "180", "181"), 180, None),
    ],
)
def test_an_export_is_checked_without_a_database(
    site: Site, file: str, spoil: Callable[[Path], object], place: int, text: str | None
) -> None:
    folder = exported(site)
    report = verify(Export(folder))
    assert not report.faults
    assert (report.signed, report.witnessed) == (SIZE + LATER, SIZE)
    spoil(folder / file)
    first = verify(Export(folder)).first
    assert first is not None
    assert first.place == place
    assert text is None or str(first.what) == text
