"""The tree against the published vectors of Certificate Transparency, and against pymerkle."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from xinglin.trust.log import merkle
from xinglin.trust.log.merkle import (
    HASHES,
    Growing,
    Node,
    consistency_spans,
    inclusion_spans,
    leaf_hash,
    needed,
    proof_of,
    root_of,
)

SHA = HASHES["sha256"]

# The vectors of the certificate-transparency project (merkletree tests), used by RFC 6962 implementations.
INPUTS = [
    bytes.fromhex(one)
    for one in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {  # (entry, size): path, entries from 0
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def is_included(
    hash_: merkle.Hash, leaf: bytes, index: int, size: int, proof: list[bytes], root: bytes
) -> bool:
    return merkle.is_included(hash_, leaf=leaf, index=index, size=size, proof=proof, root=root)


def is_consistent(
    hash_: merkle.Hash, old: int, size: int, proof: list[bytes], first: bytes, root: bytes
) -> bool:
    return merkle.is_consistent(hash_, old=old, size=size, proof=proof, old_root=first, root=root)


def tree(leaves: list[bytes], hash_: merkle.Hash = SHA) -> dict[Node, bytes]:
    """Give every complete node."""
    nodes = {(0, at): leaf for at, leaf in enumerate(leaves)}
    nodes.update(Growing(hash_).extend(leaves))
    return nodes


def leaves_of(bodies: list[bytes]) -> list[bytes]:
    return [leaf_hash(SHA, body) for body in bodies]


def prove(nodes: dict[Node, bytes], spans: list[merkle.Span]) -> list[bytes]:
    assert set(needed(spans)) <= nodes.keys()
    return proof_of(SHA, spans, nodes)


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots(size: int) -> None:
    assert root_of(SHA, leaves_of(INPUTS[:size])).hex() == ROOTS[size - 1]


def test_the_empty_tree() -> None:
    assert root_of(SHA, []) == sha256(b"").digest()


@pytest.mark.parametrize(("at", "size"), INCLUSION)
def test_published_inclusion(at: int, size: int) -> None:
    nodes = tree(leaves_of(INPUTS[:size]))
    proof = prove(nodes, inclusion_spans(at, size))
    assert [one.hex() for one in proof] == INCLUSION[at, size]
    assert is_included(SHA, leaf_hash(SHA, INPUTS[at]), at, size, proof, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "size"), CONSISTENCY)
def test_published_consistency(old: int, size: int) -> None:
    nodes = tree(leaves_of(INPUTS[:size]))
    proof = prove(nodes, consistency_spans(old, size))
    assert [one.hex() for one in proof] == CONSISTENCY[old, size]
    roots = [bytes.fromhex(ROOTS[n - 1]) for n in (old, size)]
    assert is_consistent(SHA, old, size, proof, roots[0], roots[1])


def test_sm3_by_its_standard() -> None:
    # GB/T 32905-2016, example 1
    wanted = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert HASHES["sm3"](b"abc").hex() == wanted


def other_tree(bodies: list[bytes]) -> InmemoryTree:
    oracle = InmemoryTree(algorithm="sha256")
    for body in bodies:
        oracle.append_entry(body)
    return oracle


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=9), min_size=1, max_size=70), st.data())
def test_agrees_with_pymerkle(bodies: list[bytes], data: st.DataObject) -> None:
    oracle, nodes, size = other_tree(bodies), tree(leaves_of(bodies)), len(bodies)
    assert root_of(SHA, leaves_of(bodies)) == oracle.get_root(size)
    old = data.draw(st.integers(1, size))
    at = data.draw(st.integers(0, old - 1))
    proof = prove(nodes, inclusion_spans(at, old))
    leaf, root, new = leaf_hash(SHA, bodies[at]), oracle.get_root(old), oracle.get_root(size)
    assert is_included(SHA, leaf, at, old, proof, root)
    theirs = oracle.prove_inclusion(at + 1, old)
    verify_inclusion(leaf, root, theirs)
    assert proof == theirs.path[1:]
    grown = prove(nodes, consistency_spans(old, size))
    assert is_consistent(SHA, old, size, grown, root, new)
    verify_consistency(root, new, oracle.prove_consistency(old, size))


@settings(max_examples=120, deadline=None)
@given(st.integers(1, 70), st.data())
def test_any_tampering_is_found(size: int, data: st.DataObject) -> None:
    bodies = [f"entry {n}".encode() for n in range(size)]
    nodes = tree(leaves_of(bodies))
    old = data.draw(st.integers(1, size))
    at = data.draw(st.integers(0, size - 1))
    roots = [root_of(SHA, leaves_of(bodies[:n])) for n in range(size + 1)]
    proof = prove(nodes, inclusion_spans(at, size))
    leaf = nodes[0, at]
    assert not is_included(SHA, leaf_hash(SHA, b"other"), at, size, proof, roots[size])
    assert not is_included(SHA, leaf, at, size, [*proof, leaf], roots[size])
    wrong = data.draw(st.integers(-1, size + 1))
    if wrong != at:
        assert not is_included(SHA, leaf, wrong, size, proof, roots[size])
    if proof:
        spoilt = data.draw(st.integers(0, len(proof) - 1))
        bad = [flip(one) if n == spoilt else one for n, one in enumerate(proof)]
        assert not is_included(SHA, leaf, at, size, bad, roots[size])
        assert not is_included(SHA, leaf, at, size, proof[:-1], roots[size])
    grown = prove(nodes, consistency_spans(old, size))
    assert is_consistent(SHA, old, size, grown, roots[old], roots[size])
    assert not is_consistent(SHA, old, size, grown, flip(roots[old]), roots[size])
    assert not is_consistent(SHA, old, size, grown, roots[old], flip(roots[size]))
    assert not is_consistent(SHA, old, size, [*grown, leaf], roots[old], roots[size])
    if grown:
        spoilt = data.draw(st.integers(0, len(grown) - 1))
        bad = [flip(one) if n == spoilt else one for n, one in enumerate(grown)]
        assert not is_consistent(SHA, old, size, bad, roots[old], roots[size])
        assert not is_consistent(SHA, size, old, grown, roots[size], roots[old])


def flip(hash_: bytes) -> bytes:
    return bytes([hash_[0] ^ 1]) + hash_[1:]
