"""Trees, tiles and proofs: exhaustive where small."""

import dataclasses

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from provenance.log.checkpoint import Checkpoint
from provenance.log.edge import Edge
from provenance.log.errors import CorruptLogError, ProofError
from provenance.log.note import NoteSigner
from provenance.log.proof import (
    HEADER,
    Proof,
    consistency_path,
    inclusion_path,
    inclusion_root,
    is_consistent,
    verify_proof,
)
from provenance.log.tiles import (
    EMPTY_ROOT,
    Tile,
    layout,
    leaf_hash,
    node_hash,
    number_path,
    pack_entries,
    range_root,
    unpack_entries,
)

LARGEST = 70
LEAVES = [leaf_hash(b"entry %d" % i) for i in range(LARGEST)]


def tree_root(leaves):
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return node_hash(tree_root(leaves[:k]), tree_root(leaves[k:]))


def node(height, index):
    return tree_root(LEAVES[index << height : (index + 1) << height])


ROOTS = [tree_root(LEAVES[:n]) for n in range(LARGEST + 1)]


def test_roots_are_those_of_the_rfc():
    assert [range_root(0, n, node) for n in range(LARGEST + 1)] == ROOTS
    assert ROOTS[0].hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_every_inclusion_proof_of_every_small_tree_verifies_and_no_wrong_one_does():
    for size in range(1, LARGEST + 1):
        for index in range(size):
            path = inclusion_path(index, size, node)
            root = ROOTS[size]
            assert inclusion_root(LEAVES[index], index, size, path) == root
            assert inclusion_root(LEAVES[index - 1] if size > 1 else EMPTY_ROOT, index, size, path) != root
            assert inclusion_root(LEAVES[index], index, size, [*path, root]) is None
            if path:
                assert inclusion_root(LEAVES[index], index, size, path[:-1]) is None
                changed = [*path[:-1], path[-1][:-1] + bytes([path[-1][-1] ^ 1])]
                assert inclusion_root(LEAVES[index], index, size, changed) != root
            for other in {index ^ 1, size, -1} - {index}:
                assert inclusion_root(LEAVES[index], other, size, path) != root


def test_every_consistency_proof_of_every_small_tree_verifies_and_no_wrong_one_does():
    for size in range(1, LARGEST + 1):
        for old in range(1, size + 1):
            path = consistency_path(old, size, node)
            assert is_consistent(old, size, ROOTS[old], ROOTS[size], path)
            assert not is_consistent(old, size, ROOTS[old - 1], ROOTS[size], path)
            assert not is_consistent(old, size, ROOTS[old], ROOTS[size - 1], path)
            assert not is_consistent(old, size, ROOTS[old], ROOTS[size], [*path, EMPTY_ROOT])
            if path:
                assert not is_consistent(old, size, ROOTS[old], ROOTS[size], path[:-1])


@pytest.mark.parametrize(
    ("index", "path"),
    [(0, "000"), (67, "067"), (999, "999"), (1000, "x001/000"), (1_234_067, "x001/x234/067"), (999_999, "x999/999")],
)
def test_tile_numbers_are_written_in_groups_of_three(index, path):
    assert number_path(index) == path
    assert Tile(3, index).path == f"tile/3/{path}"
    assert Tile(0, index, 17).entries_path == f"tile/entries/{path}.p/17"


def test_a_log_of_seventy_thousand_has_the_tiles_of_the_specification():
    tiles = layout(70_000)
    assert [sum(t.level == level and t.width == 256 for t in tiles) for level in range(3)] == [273, 1, 0]
    assert [t.path for t in tiles if t.width < 256] == ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
    assert layout(0) == []
    assert [t.path for t in layout(256)] == ["tile/0/000", "tile/1/000.p/1"]


@given(st.lists(st.binary(max_size=300), max_size=256))
def test_entry_bundles_go_round(entries):
    assert unpack_entries(pack_entries(entries), "tile/entries/000") == entries


def test_a_bundle_that_is_cut_off_names_its_file():
    with pytest.raises(CorruptLogError, match="tile/entries/000"):
        unpack_entries(pack_entries([b"abc", b"def"])[:-1], "tile/entries/000")


def test_the_edge_alone_gives_the_root_of_the_whole_tree():
    edge, leaves = Edge(0, [], []), []
    for i in range(600):
        assert edge.root() == tree_root(leaves)
        leaves.append(edge.push(b"%d" % i))


def signed_proof(index=3, size=9):
    signer = NoteSigner("example.com/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))
    signed = signer.sign(Checkpoint(signer.name, size, ROOTS[size]).text())
    return Proof(index, tuple(inclusion_path(index, size, node)), signed), signer.verifier


def test_a_proof_verifies_offline_from_its_text_and_the_key():
    proof, key = signed_proof()
    found = verify_proof(proof.text(), b"entry 3", [key.text()])
    assert found.valid
    assert (found.index, found.checkpoint.size, found.signers) == (3, 9, ("example.com/log",))


def test_a_proof_goes_round_with_and_without_extra_data():
    proof, key = signed_proof()
    for each in (proof, dataclasses.replace(proof, extra=b"beside"), signed_proof(0, 1)[0]):
        assert Proof.parse(each.text()) == each
    assert verify_proof(dataclasses.replace(proof, extra=b"beside").text(), b"entry 3", [key]).valid


def test_a_proof_of_another_entry_or_with_another_key_is_not_valid():
    proof, key = signed_proof()
    other = NoteSigner("example.com/log", Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)).verifier
    assert not verify_proof(proof.text(), b"entry 4", [key]).valid
    assert not verify_proof(proof.text(), b"entry 3", [other]).valid
    assert not verify_proof(proof.text(), b"entry 3", []).valid
    assert not verify_proof(dataclasses.replace(proof, index=4).text(), b"entry 3", [key]).valid


def test_every_changed_character_of_a_proof_makes_it_invalid():
    proof, key = signed_proof()
    text = proof.text()
    for i in range(len(text)):
        changed = text[:i] + ("A" if text[i] != "A" else "B") + text[i + 1 :]
        assert not verify_proof(changed, b"entry 3", [key]).valid, i
        assert not verify_proof(text[:i], b"entry 3", [key]).valid, i


@pytest.mark.parametrize(
    "text", ["", "\n\n\n", "index 0\n\nx", HEADER, f"{HEADER}\nindex 01\n\n", f"{HEADER}\nindex 0\nAA==\n\n"]
)
def test_a_text_that_is_no_proof_is_refused_by_name(text):
    with pytest.raises(ProofError):
        Proof.parse(text)
    assert not verify_proof(text, b"", []).valid
