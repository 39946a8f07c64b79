"""Names and prompts are proven while they are kept, and cannot be guessed once they are forgotten."""

import base64
import copy
import dataclasses
import json
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from provenance import dsse
from provenance import record as records
from provenance.archive import Archive
from provenance.commitments import commitment, forgotten_fields, openings, personal_fields, public_form, with_salts
from provenance.draft import Draft
from provenance.errors import RecordError, ReleaseFolderError
from provenance.log.errors import ForgetError
from provenance.log.note import NoteSigner
from provenance.log.proof import verify_proof
from provenance.log.store import Log
from provenance.release import release
from provenance.verify import verify, verify_folder

NAME, PROMPT = "Anna Rossi", "the lost face of Saint Lucia"


@pytest.fixture
def personal(restoration, scan):
    """A Draft in which a person, a work and a wish are named."""
    (source,) = restoration.sources
    return dataclasses.replace(
        restoration,
        request={"operation": "restore", "seed": 7, "prompt": PROMPT, "by": {"name": NAME}, "versions": {"torch": "2"}},
        sources=(dataclasses.replace(source, name="Rossi family altar.png", rights=f"© {NAME}"),),
        assumptions=("White in the mask was taken as lost.", f"{NAME} says the robe was blue."),
        findings={"filled_by": "model", "notes": [{"author": NAME}, 3, None]},
    )


@pytest.fixture
def sealed(personal, home, tmp_path):
    return release(personal, tmp_path / "out", home)


def everything_in(folder):
    return b"\0".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def kept(home):
    """What the installation keeps of its Releases and its log, without what can be erased: openings and manifests."""
    files = [p for place in (home.log, home.records) for p in place.rglob("*") if p.is_file()]
    return b"\0".join(p.name.encode() + p.read_bytes() for p in files if p.parent.name not in ("openings", "manifests"))


def test_the_log_and_the_public_form_hold_no_name_and_no_prompt(sealed, home):
    data = kept(home)
    for text in (NAME, "Rossi", PROMPT, "altar", "restored.png", sealed.record["request_sha256"]):
        assert text.encode() not in data, text
    store = home.records / "openings"
    assert NAME.encode() in everything_in(store)
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in store.iterdir()} == {0o600}


def test_a_leaf_says_what_was_done_when_and_digests(sealed, home):
    ((_, entry),) = Log.open(home.log, home.keys).entries()
    leaf = json.loads(entry)
    assert leaf == {
        "schema": records.LEAF_SCHEMA,
        "made": sealed.record["made"],
        "operation": "restore",
        "record": records.identity(records.canonical(sealed.record)),
        "outputs": [output["sha256"] for output in sealed.record["outputs"]],
    }


def test_every_personal_text_has_a_salt_of_its_own(sealed):
    salts = sealed.record["salts"]
    assert salts.keys() == dict(personal_fields(sealed.record)).keys()
    assert len(set(salts.values())) == len(salts) and all(len(salt) >= 32 for salt in salts.values())
    for place in (
        "/request/prompt",
        "/request/by/name",
        "/sources/0/name",
        "/sources/0/rights",
        "/outputs/0/name",
        "/outputs/4/credential/name",
        "/assumptions/1",
        "/findings/notes/0/author",
        "/request_sha256",
    ):
        assert place in salts
    assert "/request/operation" not in salts and "/request/versions/torch" not in salts


def test_forgetting_a_leaf_leaves_proofs_and_verdicts_and_no_text(sealed, home):
    digest = records.identity(records.canonical(sealed.record))
    archive = Archive(home.records)
    assert archive.load(digest)[1] == sealed.record
    gone = archive.forget(digest)
    assert set(gone) == set(sealed.record["salts"])
    for text in (NAME, PROMPT, "altar", sealed.record["request_sha256"], *sealed.record["salts"].values()):
        assert text.encode() not in everything_in(home.log) + everything_in(home.records), text
    data, left = archive.load(digest)
    assert records.identity(data) == digest
    assert left["request"]["prompt"].startswith("commitment:")
    assert set(forgotten_fields(left)) == set(gone)
    log = Log.open(home.log, home.keys)
    leaf = log.find(records.leaf_entry(data, left))
    assert leaf == 0
    assert verify_proof(log.proof(0), records.leaf_entry(data, left), [log.verifier]).valid
    assert dsse.fault(left, [log.verifier.text()]) is None
    assert log.audit().problems == []
    # what was handed out still stands
    assert {verdict.state for verdict in verify_folder(sealed.folder, home)} == {"intact"}
    (sealed.folder / "record.json").unlink()
    assert verify(sealed.folder / "restored.png", home).state == "intact"


def test_a_text_cannot_be_tried_against_a_forgotten_field(sealed, home):
    """With its salt a guess is confirmed; without it the right text is one of 2^128."""
    place = "/request/prompt"
    told = public_form(sealed.record)["request"]["prompt"]
    salt = sealed.record["salts"][place]
    assert commitment(salt, place, PROMPT) == told
    assert commitment(salt, place, PROMPT + "!") != told
    assert commitment(salt, "/assumptions/1", PROMPT) != told
    again = public_form(records.sealed(sealed.record, Log.open(home.log, home.keys).signer))
    assert again["request"]["prompt"] != told  # the same text, another salt
    assert told.removeprefix("commitment:") not in (
        records.digest(x) for x in (PROMPT.encode(), records.canonical(PROMPT), records.canonical([place, PROMPT]))
    )


def test_forgetting_a_name_leaves_the_rest(sealed, home):
    archive = Archive(home.records)
    digest = records.identity(records.canonical(sealed.record))
    assert archive.openings.having("anna rossi").keys() == {digest}
    assert len(archive.forget(digest, "ANNA rossi")) == 4
    assert archive.openings.having(NAME) == {}
    assert NAME.encode() not in everything_in(home.records)
    left = archive.load(digest)[1]
    assert left["request"]["prompt"] == PROMPT
    assert left["request"]["by"]["name"].startswith("commitment:")
    assert left["assumptions"][0] == "White in the mask was taken as lost."
    assert archive.forget(digest, "nobody") == []
    with pytest.raises(ForgetError):
        archive.openings.forget("../../etc")


def test_forgetting_leaves_no_likeness_and_no_credential_behind(personal, home, tmp_path):
    first = release(personal, tmp_path / "out", home)
    restored = tmp_path / "out" / "restored.png"
    note = dataclasses.replace(personal.sources[0], path=restored, sha256=records.digest(restored.read_bytes()), name="x.png")
    later = release(dataclasses.replace(personal, sources=(note,), request={"operation": "restore"}), tmp_path / "later", home)
    stores = home.records / "manifests"
    for folder in (stores, home.records / "likenesses"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and any(folder.iterdir())
        assert {stat.S_IMODE(one.stat().st_mode) for one in folder.iterdir()} == {0o600}
    assert any(first.record["id"].encode() in one.read_bytes() for one in stores.glob("*.c2pa"))
    Archive(home.records).forget(records.identity(records.canonical(first.record)))
    kept = [one.name for one in (home.records / "likenesses").iterdir()]
    assert first.files[0].sha256 not in kept and later.files[0].sha256 in kept
    assert not any(first.record["id"].encode() in one.read_bytes() for one in stores.iterdir())
    labels = {one.read_text() for one in stores.glob("*.label")}
    assert {label.rsplit(":", 1)[-1] for label in labels} == {one.stem for one in stores.glob("*.c2pa")}
    assert verify(restored, home).state == "intact"


def test_a_record_with_a_changed_value_salt_or_place_is_not_the_one_that_was_logged(sealed):
    data = records.canonical(sealed.record)
    for change in (
        lambda r: r["request"].update(prompt="another"),
        lambda r: r["salts"].update({"/request/prompt": "0" * 32}),
        lambda r: r["salts"].pop("/request/prompt"),
        lambda r: r.pop("salts"),
        lambda r: r.pop("dsse"),
        lambda r: r["outputs"][0].update(sha256="0" * 64),
    ):
        edited = copy.deepcopy(sealed.record)
        change(edited)
        assert records.identity(records.canonical(edited)) != records.identity(data)


@pytest.mark.parametrize(
    "salts",
    [
        [],
        {"/outputs/0/sha256": "0" * 32},
        {"/request/prompt": "0" * 30},
        {"/request/prompt": "g" * 32},
        {"/request/prompt": 7},
        {"/nowhere": "0" * 32},
        {"": "0" * 32},
    ],
)
def test_salts_that_are_none_of_ours_are_refused(sealed, salts):
    with pytest.raises(RecordError, match="salts"):
        records.parse(records.canonical({**sealed.record, "salts": salts}))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(values, st.dictionaries(st.text(), values, max_size=4))
def test_any_request_is_opened_again_from_its_public_form(prompt, request):
    from provenance.commitments import opened

    record = with_salts({"request": {**request, "prompt": prompt}, "assumptions": [], "sources": [{"name": "n/~0"}]})
    public = public_form(record)
    assert "salts" not in public
    assert opened(public, openings(record)) == record
    assert public_form(opened(public, {})) == public
    for place in record["salts"]:
        some = {p: one for p, one in openings(record).items() if p != place}
        assert public_form(opened(public, some)) == public


# DSSE


def signer(seed=1):
    return NoteSigner("example.com/log", Ed25519PrivateKey.from_private_bytes(bytes([seed]) * 32))


def test_the_encoding_that_is_signed_is_the_specifications():
    assert dsse.pre_authentication("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_a_signed_record_verifies_and_its_envelope_tells_no_name(sealed, home):
    key = (home.keys / "log.vkey").read_text().strip()
    whole = json.dumps(dsse.envelope(sealed.record)).encode()
    opened = dsse.open_envelope(whole, [key])
    assert opened["id"] == sealed.record["id"]
    payload = base64.b64decode(json.loads(whole)["payload"])
    assert NAME.encode() not in payload and PROMPT.encode() not in payload
    assert payload == records.canonical(opened) and len(payload) <= 65_536
    # by hand, with nothing of ours
    secret = load_pem_private_key((home.keys / "log.key").read_bytes(), None)
    signature = base64.b64decode(json.loads(whole)["signatures"][0]["sig"])
    kind = b"application/vnd.anastylosis.record+json"
    secret.public_key().verify(signature, b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload))


def test_a_record_whose_signature_was_changed_is_altered(sealed, home):
    path = sealed.folder / "record.json"
    edited = json.loads(path.read_bytes())
    raw = bytearray(base64.b64decode(edited["dsse"]["signatures"][0]["sig"]))
    raw[3] ^= 1
    edited["dsse"]["signatures"][0]["sig"] = base64.b64encode(raw).decode()
    path.write_bytes(records.canonical(edited))
    assert verify(path, home).state == "altered"
    assert "does not hold" in str(dsse.fault(edited, [sealed.record["log"]["key"]]))


def test_an_envelope_that_was_changed_or_signed_by_a_stranger_is_refused():
    record = dsse.signed({"id": "x", "assumptions": []}, signer())
    whole = dsse.envelope(record)
    key = signer().verifier.text()
    assert dsse.open_envelope(json.dumps(whole).encode(), [key])["id"] == "x"
    for bad in (
        {**whole, "payload": base64.b64encode(b'{"id":"y"}').decode()},
        {**whole, "payloadType": "text/plain"},
        {**whole, "signatures": []},
        {**whole, "signatures": [{"sig": "!!"}]},
        {"payload": whole["payload"]},
        [],
    ):
        with pytest.raises(RecordError):
            dsse.open_envelope(json.dumps(bad).encode(), [key])
    with pytest.raises(RecordError, match="known key"):
        dsse.open_envelope(json.dumps(whole).encode(), [signer(2).verifier.text(), "nonsense"])
    for junk in (b"", b"{", b"[" * 100_000, b"x" * 200_000):
        with pytest.raises(RecordError):
            dsse.open_envelope(junk, [key])


@pytest.mark.parametrize("files", [1, 200, 900, 5000])
def test_what_is_signed_never_exceeds_64_kib_and_binds_every_file(files):
    outputs = [records.Output(f"{i}.png", "image/png", "film", f"{i:064x}", True) for i in range(files)]
    names = {"identity": "x", "made": "2026-01-01T00:00:00Z", "log_origin": "o", "log_key": signer().verifier.text()}
    record = records.sealed(records.build(Draft("render", {}, ()), outputs, **names), signer())
    assert len(dsse.payload(record)) <= 65_536
    assert dsse.fault(record, [signer().verifier.text()]) is None
    edited = copy.deepcopy(record)
    edited["outputs"][-1]["sha256"] = "f" * 64
    assert dsse.fault(edited, [signer().verifier.text()]) is not None


def test_a_withdrawn_release_leaves_no_name_behind(restoration, personal, home, tmp_path, monkeypatch):
    import pathlib

    release(restoration, tmp_path / "earlier", home)

    def fail(*_arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pathlib.Path, "rename", fail)
        with pytest.raises(ReleaseFolderError, match="withdrawn"):
            release(personal, tmp_path / "out", home)
    assert NAME.encode() not in everything_in(home.records)
    assert len(list((home.records / "openings").iterdir())) == 1
