"""Witnesses: cosignatures, k of n, and a witness over real HTTP that refuses what was rewritten."""

import dataclasses
import http.client
import shutil
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from provenance.log.cosignature import Cosigner, cosignatures
from provenance.log.errors import PolicyError, SignatureError, WitnessError
from provenance.log.note import Note, NoteVerifier
from provenance.log.policy import Policy
from provenance.log.proof import Proof, verify_proof
from provenance.log.serving import witness_server
from provenance.log.witness import Witness
from provenance.log.witness_client import ask
from provenance.log.witness_request import Request
from tests.provenance.log.killing import open_log


def cosigner(number):
    return Cosigner(f"witness.example/{number}", Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32))


@pytest.fixture
def served(tmp_path):
    """A log, a witness of it, and the witness's address."""
    log = open_log(tmp_path)
    log.extend([b"entry %d" % i for i in range(5)])
    witness = Witness.open(tmp_path / "witness", "witness.example/w")
    witness.know(log.verifier)
    server = witness_server(witness)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield log, witness, server.address
    server.shutdown()
    server.server_close()


def test_a_witness_cosigns_a_log_that_grows_and_its_word_is_in_later_proofs(served):
    log, witness, url = served
    for size in (5, 6, 300, 300):
        log.extend([b"entry %d" % i for i in range(size)])
        assert log.cosign([ask(log, url, witness.signer.verifier)], size)
        assert witness.head(log.verifier.name).size == size
    seen = cosignatures(log.checkpoint_text(), [witness.signer.verifier])
    assert [one.witness.name for one in seen] == ["witness.example/w"]
    found = verify_proof(log.proof(7), b"entry 7", [log.verifier, witness.signer.verifier])
    assert found.valid and set(found.signers) == {log.verifier.name, "witness.example/w"}
    log.append(b"more")
    assert cosignatures(log.checkpoint_text(), [witness.signer.verifier]) == []
    assert log.audit().problems == []


def test_a_witness_refuses_a_fork_keeps_both_heads_and_goes_on_after_a_restart(served, tmp_path):
    log, witness, url = served
    shutil.copytree(tmp_path / "log", tmp_path / "fork" / "log")
    shutil.copytree(tmp_path / "keys", tmp_path / "fork" / "keys")
    log.append(b"here")
    ask(log, url, witness.signer.verifier)
    fork = open_log(tmp_path / "fork")
    fork.append(b"there")
    with pytest.raises(WitnessError, match="forked"):
        ask(fork, url, witness.signer.verifier)
    fork.append(b"and further")
    with pytest.raises(WitnessError, match="422"):
        ask(fork, url, witness.signer.verifier)
    evidence = sorted((tmp_path / "witness").rglob("evidence/*.note"))
    assert {Note.parse(path.read_text()).text.split("\n")[1] for path in evidence} == {"6", "7"}
    assert len(evidence) == 3
    again = Witness.open(tmp_path / "witness")
    assert again.head(log.verifier.name) == log.checkpoint()
    assert again.signer.verifier == witness.signer.verifier


def test_a_restored_backup_is_noticed_by_the_witness(served, tmp_path):
    log, witness, url = served
    shutil.copytree(tmp_path / "log", tmp_path / "old")
    log.append(b"later")
    ask(log, url, witness.signer.verifier)
    shutil.rmtree(tmp_path / "log")
    (tmp_path / "old").rename(tmp_path / "log")
    (tmp_path / "keys" / "log.checkpoint").unlink()  # the machine itself has forgotten
    with pytest.raises(WitnessError, match="seen this log with 6 entries, but it has 5"):
        ask(open_log(tmp_path), url, witness.signer.verifier)


def test_a_witness_answers_as_the_specification_says(served, tmp_path):
    log, witness, url = served
    note = Note.parse(log.checkpoint_text())
    prover = log.prover()
    assert witness.add_checkpoint(Request(6, (), note).body()).status == 400
    assert witness.add_checkpoint(b"old 0\n\nnonsense").status == 400
    assert witness.add_checkpoint(Request(0, (bytes(32),), note).body()).status == 422
    conflict = witness.add_checkpoint(Request(3, tuple(prover.consistency(3)), note).body())
    assert (conflict.status, conflict.body, conflict.content_type) == (409, "0\n", "text/x.tlog.size")
    stranger = open_log(tmp_path / "stranger")
    assert witness.add_checkpoint(Request(0, (), Note.parse(stranger.checkpoint_text())).body()).status == 404
    unsigned = note.signed_text()[:-8] + "AAAAAA=\n"
    assert witness.add_checkpoint(f"old 0\n\n{unsigned}".encode()).status in (400, 403)
    other = Note(note.text, Note.parse(stranger.checkpoint_text()).signatures)
    assert witness.add_checkpoint(Request(0, (), other).body()).status == 403
    good = witness.add_checkpoint(Request(0, (), note).body())
    assert good.status == 200 and good.body.startswith("— witness.example/w ")
    host, port = url.removeprefix("http://").split(":")
    line = http.client.HTTPConnection(host, int(port), timeout=10)
    for method, path, body, status in (
        ("POST", "/add-checkpoint", Request(0, (), note).body(), 409),
        ("POST", "/add-checkpoint", Request(5, (), note).body(), 200),
        ("POST", "/elsewhere", b"", 404),
        ("GET", "/add-checkpoint", None, 501),
    ):
        line.request(method, path, body)
        answer = line.getresponse()
        answer.read()
        assert answer.status == status
    line.request("POST", "/add-checkpoint", b"x" * 70_000)
    assert line.getresponse().status == 400


def test_two_requests_at_once_never_roll_a_witness_back(served):
    log, witness, _ = served
    bodies = []
    for size in range(6, 26):
        log.append(b"entry %d" % size)
        note = Note.parse(log.checkpoint_text())
        bodies.append([Request(old, tuple(log.prover().consistency(old)), note).body() for old in (0, size - 1)])
    threads = [threading.Thread(target=lambda b=b: [witness.add_checkpoint(one) for one in b]) for b in bodies]
    sizes = []
    for thread in threads:
        thread.start()
        sizes.append(getattr(witness.head(log.verifier.name), "size", 0))
    for thread in threads:
        thread.join()
    assert sizes == sorted(sizes)


def test_a_witness_whose_clock_runs_backwards_signs_nothing(tmp_path):
    log = open_log(tmp_path)
    log.append(b"one")
    times = iter([2_000_000_000, 1_900_000_000, 2_000_000_001])
    witness = Witness.open(tmp_path / "witness", "witness.example/w", clock=lambda: next(times))
    witness.know(log.verifier)
    body = Request(1, (), Note.parse(log.checkpoint_text())).body()
    assert witness.add_checkpoint(body.replace(b"old 1", b"old 0")).status == 200
    refused = witness.add_checkpoint(body)
    assert refused.status == 503 and "clock" in refused.body
    assert witness.add_checkpoint(body).status == 200


def test_a_witness_whose_memory_was_edited_signs_nothing(served, tmp_path):
    log, witness, url = served
    ask(log, url, witness.signer.verifier)
    head = next((tmp_path / "witness").rglob("head"))
    head.write_text(head.read_text().replace("\n5\n", "\n4\n"))
    log.append(b"more")
    with pytest.raises(WitnessError, match="not what this witness wrote"):
        ask(log, url, witness.signer.verifier)


def test_nobody_listening_or_another_witness_answering_is_named(served):
    log, _, url = served
    with pytest.raises(WitnessError, match="cannot be reached"):
        ask(log, "http://127.0.0.1:9", cosigner(1).verifier)
    with pytest.raises(WitnessError, match="no cosignature of"):
        ask(log, url, cosigner(1).verifier)
    with pytest.raises(WitnessError, match="no address"):
        ask(log, "file:///etc/passwd", cosigner(1).verifier)


def cosigned_by(log, witnesses, time=1_700_000_000):
    note = Note.parse(log.checkpoint_text())
    return note.with_signatures(w.cosign(note.text, time) for w in witnesses).signed_text()


@pytest.mark.parametrize("needed", [1, 2, 3])
def test_k_of_n_witnesses_are_asked_for_and_fewer_are_refused(tmp_path, needed):
    log = open_log(tmp_path)
    log.append(b"entry")
    witnesses = [cosigner(n) for n in range(1, 4)]
    policy = Policy.of(log.verifier, needed, [w.verifier for w in witnesses])
    for there in range(4):
        signed = cosigned_by(log, witnesses[:there])
        if there >= needed:
            checkpoint, seen = policy.check(signed)
            assert (checkpoint, len(seen)) == (log.checkpoint(), there)
        else:
            with pytest.raises(PolicyError, match="lacks witnesses"):
                policy.check(signed)
        proof = dataclasses.replace(Proof.parse(log.proof(0)), signed_checkpoint=signed).text()
        assert verify_proof(proof, b"entry", policy=policy).valid == (there >= needed)
        assert not verify_proof(proof, b"another", policy=policy).valid
    assert len(cosigned_by(log, [witnesses[0]] * 5).split("\n")) == len(cosigned_by(log, witnesses[:1]).split("\n"))


def test_a_cosignature_of_another_time_or_text_refuses_the_note(tmp_path):
    log = open_log(tmp_path)
    witness = cosigner(1)
    note = Note.parse(log.checkpoint_text())
    good = witness.cosign(note.text, 1_700_000_000)
    assert len(good.raw) == 72
    for raw in (good.raw[:7] + bytes([good.raw[7] ^ 1]) + good.raw[8:], good.raw[:-1], good.raw + b"!", b"\xff" + good.raw[1:]):
        bad = type(good)(good.name, good.key_id, raw)
        with pytest.raises(SignatureError):
            cosignatures(Note(note.text, (*note.signatures, bad)).signed_text(), [witness.verifier])
    assert NoteVerifier.parse(witness.verifier.text()) == witness.verifier


GROUPS = """
# two of X, and any of Y
log {log}
witness X1 {1}
witness\tX2 {2}   https://x2.example/w
witness X3 {3}
group X 2 X1 X2 X3
witness Y1 {4}
witness Y2 {5}
group Y any Y1 Y2
group both all X Y
quorum both
"""


def test_a_policy_of_groups_is_met_by_each_of_its_groups(tmp_path):
    log = open_log(tmp_path)
    keys = {str(n): cosigner(n).verifier.text() for n in range(1, 6)}
    policy = Policy.parse(fill(log, keys))
    assert policy.urls == {"X2": "https://x2.example/w"}
    for there, is_met in (((1, 2, 4), True), ((1, 2), False), ((1, 4, 5), False), ((2, 3, 5), True), ((1, 2, 3, 4, 5), True)):
        signed = cosigned_by(log, [cosigner(n) for n in there])
        if is_met:
            assert policy.check(signed)[0].size == 0
        else:
            with pytest.raises(PolicyError, match="“both”"):
                policy.check(signed)


def fill(log, keys):
    text = GROUPS.replace("{log}", log.verifier.text())
    for number, key in keys.items():
        text = text.replace("{" + number + "}", key)
    return text


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("quorum both", ""), "no line “quorum”"),
        (("quorum both", "quorum both\nquorum X"), "one quorum"),
        (("quorum both", "quorum Z"), "not defined"),
        (("group X 2 X1 X2 X3", "group X 4 X1 X2 X3"), "cannot be asked for"),
        (("group X 2 X1 X2 X3", "group X 0 X1"), "cannot be asked for"),
        (("group X 2 X1 X2 X3", "group X 2 X1 X1 X3"), "twice"),
        (("group X 2", "group X1 2"), "taken"),
        (("witness X3", "wittness X3"), "begin with"),
        (("any Y1", "any X1 Y1"), "twice"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_by_its_line(tmp_path, change, said):
    log = open_log(tmp_path)
    text = fill(log, {str(n): cosigner(n).verifier.text() for n in range(1, 6)})
    assert change[0] in text
    with pytest.raises(PolicyError, match=said):
        Policy.parse(text.replace(*change))


def test_one_key_under_two_names_or_in_the_wrong_part_is_refused(tmp_path):
    log = open_log(tmp_path)
    key = cosigner(1).verifier
    for text in (f"witness a {key.text()}\nwitness b {key.text()}\nquorum a\n", f"log {key.text()}\nquorum none\n"):
        with pytest.raises(PolicyError):
            Policy.parse(text)
    with pytest.raises(PolicyError):
        Policy.of(log.verifier, 2, [key])
