"""Signed notes and checkpoints."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.log.checkpoint import Checkpoint, open_checkpoint
from provenance.log.errors import CheckpointError, LogError, NoteError, SignatureError
from provenance.log.note import Note, NoteSigner, NoteVerifier
from provenance.log.tiles import EMPTY_ROOT

# from the specification of signed notes, c2sp.org/signed-note
PUBLISHED_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
PUBLISHED_NOTE = (
    "This is an example message.\n\n"
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)


def signer(name="example.com/log", seed=1):
    return NoteSigner(name, Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def test_the_published_note_verifies():
    assert Note.parse(PUBLISHED_NOTE).signers([NoteVerifier.parse(PUBLISHED_KEY)])[0].name == "example.com/foo"


def test_a_verifier_key_goes_round():
    verifier = signer().verifier
    assert NoteVerifier.parse(verifier.text()) == verifier
    assert NoteVerifier.parse(PUBLISHED_KEY).text() == PUBLISHED_KEY


def test_a_note_goes_round_even_with_empty_lines_in_its_text():
    signed = signer().sign("first\n\nsecond — not a signature\n")
    assert Note.parse(signed).signed_text() == signed
    assert Note.parse(signed).text == "first\n\nsecond — not a signature\n"


@pytest.mark.parametrize("at", range(0, 28, 3))
def test_a_changed_text_is_refused(at):
    changed = PUBLISHED_NOTE[:at] + "#" + PUBLISHED_NOTE[at + 1 :]
    with pytest.raises(LogError):
        Note.parse(changed).signers([NoteVerifier.parse(PUBLISHED_KEY)])


def test_a_strangers_signature_is_ignored_beside_a_known_one_and_refused_alone():
    text = "hello\n"
    ours, stranger = signer(), signer("example.com/witness", 2)
    both = Note(text, Note.parse(stranger.sign(text)).signatures + Note.parse(ours.sign(text)).signatures)
    assert Note.parse(both.signed_text()).signers([ours.verifier]) == (ours.verifier,)
    with pytest.raises(SignatureError, match="witness"):
        Note.parse(stranger.sign(text)).signers([ours.verifier])


def test_one_wrong_signature_by_a_known_key_refuses_the_whole_note():
    text = "hello\n"
    ours, other = signer(), signer("example.com/witness", 2)
    wrong = Note.parse(other.sign("other\n")).signatures
    note = Note(text, Note.parse(ours.sign(text)).signatures + wrong)
    assert note.signers([ours.verifier])
    with pytest.raises(SignatureError):
        note.signers([ours.verifier, other.verifier])


def test_sixteen_signatures_are_accepted():
    text = "hello\n"
    signers = [signer(f"example.com/{i}", i + 1) for i in range(16)]
    note = Note(text, tuple(s for each in signers for s in Note.parse(each.sign(text)).signatures))
    assert len(Note.parse(note.signed_text()).signers([s.verifier for s in signers])) == 16


@pytest.mark.parametrize(
    "signed",
    [
        "",
        "\n",
        "text\n",
        "text\n\n",
        PUBLISHED_NOTE.removesuffix("\n"),
        PUBLISHED_NOTE + "\n",
        PUBLISHED_NOTE.replace("— ", "- "),
        PUBLISHED_NOTE.replace("aQM=", "aQN="),  # the same bytes, written differently
        PUBLISHED_NOTE.replace("This", "Th\tis"),
        PUBLISHED_NOTE.replace("example.com/foo ", "example.com/f+o "),
    ],
)
def test_a_note_written_differently_is_refused(signed):
    with pytest.raises(NoteError):
        Note.parse(signed)


@pytest.mark.parametrize(
    "key", ["", "a", "a+b", PUBLISHED_KEY[:-4], PUBLISHED_KEY.replace("530d", "530e"), PUBLISHED_KEY.replace("foo", "bar")]
)
def test_a_verifier_key_whose_parts_do_not_fit_is_refused(key):
    with pytest.raises(NoteError):
        NoteVerifier.parse(key)


def test_a_checkpoint_goes_round():
    text = Checkpoint("example.com/log", 70_000, bytes(range(32))).text()
    assert Checkpoint.parse(text).text() == text
    assert text.splitlines() == ["example.com/log", "70000", base64.b64encode(bytes(range(32))).decode()]


@pytest.mark.parametrize(
    "change",
    [
        ("70000", "070000"),
        ("70000", "+70000"),
        ("70000", "-1"),
        ("70000", "7_0000"),
        ("70000", "٧"),
        ("70000", "9" * 6000),
        ("8=\n", "8=\n\n"),
        ("8=\n", "8="),
        ("8=\n", "\n"),
        ("example.com/log\n", "\n"),
        ("example.com/log\n", ""),
    ],
)
def test_a_checkpoint_written_differently_is_refused(change):
    text = Checkpoint("example.com/log", 70_000, bytes(range(32))).text()
    assert change[0] in text
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text.replace(*change))


def test_a_witness_cannot_sign_for_the_log():
    witness = signer("example.com/witness", 2)
    signed = witness.sign(Checkpoint("example.com/log", 0, EMPTY_ROOT).text())
    with pytest.raises(CheckpointError, match="not signed by a key of that name"):
        open_checkpoint(signed, [witness.verifier, signer().verifier])
