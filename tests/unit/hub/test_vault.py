"""Sealing, the key file, the key program, and what the search index hides."""

import base64
import os
import stat
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.core.settings import Settings
from xinglin.hub.vault import frames
from xinglin.hub.vault.frames import KEY_BYTES, MAGIC, Sealer, Tampered, UnknownKey, as_plain, unseal
from xinglin.hub.vault.key_command import KeyCommand
from xinglin.hub.vault.key_file import KeyFile
from xinglin.hub.vault.masters import MasterKeys, NoMasterKey, UnusableKeys, masters
from xinglin.hub.vault.vault import Vault, place
from xinglin.standards.search import Extractor, r4
from xinglin.standards.search.blind import Blind

SECRET = bytes(range(KEY_BYTES))
ALGORITHMS = sorted(frames.ALGORITHMS)
HERE = place("resource", "Patient", "1", 1)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_is_sealed_opens_in_its_place_only(algorithm: str) -> None:
    sealed = Sealer(7, algorithm, SECRET).seal(b"Zhang San", HERE)
    assert unseal(sealed, HERE, {7: SECRET}) == b"Zhang San"
    assert b"Zhang" not in sealed
    for other in (("resource", "Patient", "2", 1), ("resource", "Patient", "1", 2), ("refused",)):
        with pytest.raises(Tampered):
            unseal(sealed, place(*other), {7: SECRET})
    with pytest.raises(Tampered):
        unseal(sealed, HERE, {7: bytes(KEY_BYTES)})
    with pytest.raises(UnknownKey):
        unseal(sealed, HERE, {8: SECRET})


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_bit_can_be_changed_or_cut(algorithm: str) -> None:
    sealed = Sealer(1, algorithm, SECRET).seal(b"13800000000", HERE)
    for at in range(len(sealed)):
        for changed in (sealed[:at], sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]):
            try:
                assert unseal(changed, HERE, {1: SECRET}) != b"13800000000"
                assert frames.algorithm_of(changed) in (None, frames.PLAIN)  # no frame any more
            except (Tampered, UnknownKey):
                pass


@given(st.binary(max_size=200))
def test_plain_bytes_stay_readable_whatever_they_are(data: bytes) -> None:
    for one in (data, MAGIC + data, MAGIC + b"\x01" + data):
        assert unseal(as_plain(one), HERE, {}) == one


def test_nonces_never_come_twice() -> None:
    sealers = [Sealer(1, "aes-256-gcm", SECRET) for _ in range(50)]
    seen = {one.seal(b"", HERE)[8:28] for one in sealers for _ in range(50)}
    assert len(seen) == 50 * 50
    assert len({one[:8] for one in seen}) == 50  # a salt of its own for each process


def test_sm4_gcm_is_as_published() -> None:
    # RFC 8998, appendix A.1
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    nonce = bytes.fromhex("00001234567800000000abcd")
    plain = bytes.fromhex(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    )
    belongs = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
    sealed = frames.Sm4Gcm(key).encrypt(nonce, plain, belongs)
    assert sealed.hex() == (
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
        "83de3541e4c2b58177e065a9bf7b62ec"
    )
    assert frames.Sm4Gcm(key).decrypt(nonce, sealed, belongs) == plain


def test_the_key_file_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "home" / "keys"
    first = KeyFile(path).current()
    assert KeyFile(path).current() == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    master, wrapped = KeyFile(path).wrap(SECRET, b"here")
    assert master == first
    second = KeyFile(path).renew()
    assert second != first == master
    assert KeyFile(path).unwrap(first, wrapped, b"here") == SECRET
    assert KeyFile(path).unwrap(first, wrapped, b"elsewhere") is None
    assert KeyFile(path).wrap(SECRET, b"here")[0] == second


def test_a_key_file_that_can_not_be_trusted_is_told(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    KeyFile(path).current()
    good = path.read_text()
    with pytest.raises(NoMasterKey):
        KeyFile(path).unwrap("0" * 16, b"", b"")
    path.chmod(0o640)
    with pytest.raises(UnusableKeys, match="chmod 600"):
        KeyFile(path).current()
    path.chmod(0o600)
    name, key = good.split()[-2:]
    other = base64.b64encode(os.urandom(KEY_BYTES)).decode()
    for bad in (
        good.replace(key, other),
        good.replace(name, "0" * 16),
        good.replace(key, key[:-4]),
        "# none",
    ):
        path.write_text(bad)
        with pytest.raises(UnusableKeys):
            KeyFile(path).current()
        assert path.read_text() == bad  # nothing is overwritten
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(UnusableKeys):
        KeyFile(path).current()


PROGRAM = """
import base64, hashlib, json, sys
asked = json.load(sys.stdin)
mask = hashlib.sha256(b"kms").digest()
def turned(text):
    return base64.b64encode(bytes(a ^ b for a, b in zip(base64.b64decode(text), mask))).decode()
what = sys.argv[1]
if what == "wrap":
    answer = {"master": "kms-1", "wrapped": turned(asked["secret"])}
elif what == "unwrap":
    answer = {"secret": turned(asked["wrapped"])} if asked["master"] == "kms-1" else {}
else:
    answer = {"master": "kms-1"}
print(json.dumps(answer))
"""


def test_a_program_can_keep_the_master_key(tmp_path: Path) -> None:
    program = tmp_path / "kms.py"
    program.write_text(PROGRAM)
    keys: MasterKeys = masters(Settings(keys_command=f"{sys.executable} {program}"))
    assert isinstance(keys, KeyCommand)
    assert keys.current() == keys.renew() == "kms-1"
    master, wrapped = keys.wrap(SECRET, b"here")
    assert wrapped != SECRET
    assert keys.unwrap(master, wrapped, b"here") == SECRET
    assert keys.unwrap("kms-2", wrapped, b"here") is None


@pytest.mark.parametrize("program", ["print('no JSON')", "print('{}')", "import sys; sys.exit(3)"])
def test_a_program_that_fails_is_told(tmp_path: Path, program: str) -> None:
    (tmp_path / "kms.py").write_text(program)
    with pytest.raises(UnusableKeys):
        KeyCommand(f"{sys.executable} {tmp_path / 'kms.py'}").wrap(SECRET, b"here")
    with pytest.raises(UnusableKeys, match="no such file"):
        KeyCommand(str(tmp_path / "missing")).current()


def test_a_vault_without_keys_keeps_things_as_they_are(tmp_path: Path) -> None:
    vault = Vault(Settings(home=str(tmp_path), encrypt="none"))
    assert vault.seal(b"plain", "refused") == b"plain"
    assert vault.unseal(b"plain", "refused") == b"plain"
    assert not vault.hides("Patient")
    assert vault.hidden(5) == 5
    assert vault.blind is None
    assert not (tmp_path / "keys").exists()


PATIENT = {
    "resourceType": "Patient",
    "id": "1",
    "identifier": [{"system": "urn:oid:1", "value": "360102199001011234"}],
    "telecom": [{"system": "phone", "value": "13800000000"}],
    "name": [{"text": "张三丰"}],
    "address": [{"text": "江西省南昌市东湖区"}],
    "gender": "male",
    "text": {"status": "generated", "div": "<div>张三丰 13800000000</div>"},
}


OTHERS = {
    "identifier": [{"system": "urn:oid:2", "value": "110101200001011234"}],
    "telecom": [{"system": "phone", "value": "13911111111"}],
    "name": [{"text": "李四"}],
    "address": [{"text": "北京市西城区"}],
    "text": {"status": "generated", "div": "<div>李四 13911111111</div>"},
}


@pytest.mark.parametrize("name", sorted(OTHERS))
def test_nobody_without_the_key_can_guess_what_is_indexed_of_people(name: str) -> None:
    people = frozenset({"Patient"})
    hidden = Extractor(r4(), blind=Blind(SECRET, people)).extract(PATIENT)
    another = Extractor(r4(), blind=Blind(bytes(KEY_BYTES), people)).extract(PATIENT)
    right = Extractor(r4()).extract(PATIENT)
    wrong = Extractor(r4()).extract(PATIENT | {name: OTHERS[name]})
    told = set(right.keys) - set(wrong.keys) | set(right.strings) - set(wrong.strings)
    assert told  # without hiding, who tries values finds the right one
    assert told.isdisjoint(hidden.keys)
    assert not hidden.strings
    assert set(hidden.keys) != set(another.keys)


def test_types_that_say_nothing_of_people_are_indexed_as_ever() -> None:
    hiding = Extractor(r4(), blind=Blind(SECRET, frozenset({"Patient"})))
    practitioner = {"resourceType": "Practitioner", "id": "1", "name": [{"text": "李时珍"}]}
    assert hiding.extract(practitioner) == Extractor(r4()).extract(practitioner)
    everything = Extractor(r4(), blind=Blind(SECRET, None)).extract(practitioner)
    assert not everything.strings


def test_a_patient_named_by_number_is_hidden_in_every_record() -> None:
    number = {"system": "urn:oid:1", "value": "360102199001011234"}
    record = {"resourceType": "Observation", "id": "1", "subject": {"identifier": number}}
    plain = Extractor(r4()).extract(record)
    hidden = Extractor(r4(), blind=Blind(SECRET, frozenset({"Patient"}))).extract(record)
    assert len(set(plain.keys) & set(hidden.keys)) <= 2  # that there is a subject


def test_secrets_are_in_no_description() -> None:
    assert SECRET.hex() not in repr(Blind(SECRET, None))
    assert "x00" not in repr(Blind(SECRET, None))
