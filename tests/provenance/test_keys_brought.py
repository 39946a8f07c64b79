"""Keys that are replaced or come from elsewhere: an institution's chain, and a signer whose key never comes here."""

import base64
import contextlib
import datetime
import http.server
import threading

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import ObjectIdentifier

from provenance import keys
from provenance.credential_manifest import Claim
from provenance.credential_reading import read_credential
from provenance.credentials import Signatory
from provenance.errors import KeyFileError, KeyPermissionError
from provenance.keys import remote, signing
from provenance.keys.errors import (
    CertificateTimeError,
    CertificateUseError,
    ChainError,
    ChainOrderError,
    ChainUnreadableError,
    KeyMakingError,
    KeyMismatchError,
    RemoteSignerError,
)
from provenance.release import release
from provenance.verify import verify
from tests.provenance.authority import PEM, certificate, private_pem

DAY = datetime.timedelta(days=1)
NOW = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
P256 = ec.SECP256R1()
ROOT_KEY = ec.generate_private_key(P256)
ROOT = certificate("museum root", ROOT_KEY, None, ROOT_KEY, ca=True)


def brought(key=None, *, uses=(Usage.EMAIL_PROTECTION,), **options):
    """Chain (leaf, root) and key as an institution would hand them over, PEM."""
    key = key or ec.generate_private_key(P256)
    leaf = certificate("museum signer", key, ROOT.subject, ROOT_KEY, uses=uses, **options)
    return leaf.public_bytes(PEM) + ROOT.public_bytes(PEM), private_pem(key)


def signed_and_read(folder, tmp_path, scan):
    kind = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
    claim = Claim("a.png", False, kind, "2026-01-01T00:00:00Z", "1", "d", {"id": "x"})
    path = tmp_path / "a.png"
    path.write_bytes(Signatory(keys.signing_keys(folder)).embed(scan[0].read_bytes(), "image/png", claim))
    return read_credential(path, keys.anchors(folder))


# --- made here -------------------------------------------------------------------------------------------------------


def test_keys_that_are_there_are_not_replaced_without_being_asked(tmp_path):
    signing.make(tmp_path, "City Museum")
    assert signing.describe(tmp_path).name.startswith("City Museum, ")
    with pytest.raises(KeyMakingError, match=r"rotate.*--force"):
        signing.make(tmp_path)
    for wrong in ("", " ", "x" * 65, "a\nb"):
        with pytest.raises(KeyMakingError, match="organisation"):
            signing.make(tmp_path, wrong, replace=True)
    assert signing.describe(tmp_path).name.startswith("City Museum, ")


def test_a_self_made_root_reads_known_to_this_machine_and_not_publicly_trusted(tmp_path):
    signing.make(tmp_path, "City Museum")
    assert signing.describe(tmp_path).trust == "known to this machine, not publicly trusted"
    signing.use(tmp_path, *brought())
    assert "issued by Museum, museum root" in signing.describe(tmp_path).trust


def test_files_signed_before_the_keys_were_replaced_still_verify(restoration, home, tmp_path):
    first = release(restoration, tmp_path / "first", home)
    old = keys.signing_keys(home.keys)
    signing.make(home.keys, replace=True)
    signing.use(home.keys, *brought())
    second = release(restoration, tmp_path / "second", home)
    for sealed in (first, second):
        verdict = verify(sealed.folder / "restored.png", home)
        assert verdict.state == "intact"
        assert "known to this machine" in verdict.signer
    assert signing.describe(home.keys).former == 2
    held = [path for path in home.keys.rglob("*") if path.is_file() and old.key_pem in path.read_bytes()]
    assert not held  # a former private key is of no use but to a thief


@pytest.mark.parametrize("crash", ["before", "between"])
def test_a_crash_while_keys_are_replaced_leaves_the_old_or_the_new_ones(tmp_path, monkeypatch, crash):
    signing.make(tmp_path, "Old")
    renamed = []
    honest = signing.Path.rename

    def rename(self, target):
        if crash == "before" and self.name.startswith(".signing-") and target.name == ".signing-next":
            honest(self, target)
            raise KeyboardInterrupt
        if crash == "between" and self.name == "signing":
            honest(self, target)
            raise KeyboardInterrupt
        renamed.append(target)
        return honest(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(signing.Path, "rename", rename)
        with pytest.raises(KeyboardInterrupt):
            signing.make(tmp_path, "New", replace=True)
    name = signing.describe(tmp_path).name
    assert name.startswith("Old, " if crash == "before" else "New, ")
    keys.signing_keys(tmp_path)
    signing.make(tmp_path, "Newest", replace=True)
    assert signing.describe(tmp_path).name.startswith("Newest, ")


def test_a_folder_that_others_may_enter_is_refused_with_the_command_that_mends_it(tmp_path):
    keys.signing_keys(tmp_path)
    keys.mark_key(tmp_path)
    for folder in (tmp_path, tmp_path / "signing"):
        folder.chmod(0o755)
        with pytest.raises(KeyPermissionError, match=f"chmod 700 {folder}"):
            keys.signing_keys(tmp_path)
        folder.chmod(0o700)
    tmp_path.chmod(0o750)
    with pytest.raises(KeyPermissionError, match=f"chmod 700 {tmp_path}"):
        keys.mark_key(tmp_path)
    tmp_path.chmod(0o700)


# --- an institution's ------------------------------------------------------------------------------------------------

KEYS = {
    "P-256": lambda: ec.generate_private_key(P256),
    "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "P-521": lambda: ec.generate_private_key(ec.SECP521R1()),
    "Ed25519": ed25519.Ed25519PrivateKey.generate,
    "RSA 2048": lambda: rsa.generate_private_key(65537, 2048),
}


@pytest.mark.parametrize("kind", KEYS)
def test_an_institution_s_key_of_every_accepted_kind_signs_and_reads_back_as_trusted(tmp_path, scan, kind):
    signing.use(tmp_path / "keys", *brought(KEYS[kind]()))
    assert signed_and_read(tmp_path / "keys", tmp_path, scan).state == "Trusted"


def test_a_certificate_of_c2pa_s_own_trust_list_signs_too(tmp_path, scan):
    uses = [ObjectIdentifier("1.3.6.1.4.1.62558.2.1")]
    signing.use(tmp_path / "keys", *brought(uses=uses))
    assert signed_and_read(tmp_path / "keys", tmp_path, scan).state == "Trusted"


def test_the_root_may_be_given_apart_and_an_intermediate_may_stand_between(tmp_path, scan):
    middle_key, key = ec.generate_private_key(P256), ec.generate_private_key(P256)
    middle = certificate("museum issuing", middle_key, ROOT.subject, ROOT_KEY, ca=True)
    leaf = certificate("museum signer", key, middle.subject, middle_key, uses=[Usage.EMAIL_PROTECTION])
    chain = leaf.public_bytes(PEM) + middle.public_bytes(PEM)
    signing.use(tmp_path / "keys", chain, private_pem(key), ROOT.public_bytes(PEM))
    assert signed_and_read(tmp_path / "keys", tmp_path, scan).state == "Trusted"
    assert signing.describe(tmp_path / "keys").chain == (
        "Museum, museum signer",
        "Museum, museum issuing",
        "Museum, museum root",
    )
    signing.use(tmp_path / "keys", chain, private_pem(key))  # without its root the uppermost issuer is what is trusted
    assert signed_and_read(tmp_path / "keys", tmp_path, scan).state == "Trusted"


def _reversed(chain):
    marker = b"-----END CERTIFICATE-----\n"
    return b"".join(part + marker for part in reversed(chain.split(marker)[:-1]))


def _other_issuer():
    key = ec.generate_private_key(P256)
    stranger = certificate("museum root", key, None, key, ca=True)
    return stranger.public_bytes(PEM)


def _with(**options):
    return lambda: brought(**options)


FAULTS = {
    "root first": (lambda: (_reversed(brought()[0]), brought()[1]), ChainOrderError, "self-signed"),
    "an issuer of the same name": (
        lambda: (brought()[0].replace(ROOT.public_bytes(PEM), _other_issuer()), brought()[1]),
        ChainOrderError,
        "not issued by",
    ),
    "another key": (lambda: (brought()[0], brought()[1]), KeyMismatchError, "not the certificate's"),
    "ended": (_with(begins=NOW - 9 * DAY, ends=NOW - DAY), CertificateTimeError, r"ended on .*new one"),
    "not begun": (_with(begins=NOW + DAY), CertificateTimeError, r"begins on .*set the clock"),
    "for servers": (_with(uses=[Usage.SERVER_AUTH]), CertificateUseError, "emailProtection"),
    "for everything": (_with(uses=[Usage.EMAIL_PROTECTION, Usage.ANY_EXTENDED_KEY_USAGE]), CertificateUseError, "is for"),
    "for time stamps as well": (_with(uses=[Usage.EMAIL_PROTECTION, Usage.TIME_STAMPING]), CertificateUseError, "time stamps"),
    "without a use": (_with(uses=()), CertificateUseError, "is for none"),
    "without key usage": (_with(ku=False), CertificateUseError, "digitalSignature"),
    "without its issuer's key": (_with(aki=False), CertificateUseError, "authority key identifier"),
    "an authority itself": (_with(ca=True), CertificateUseError, "of an authority"),
    "a weak key": (lambda: brought(rsa.generate_private_key(65537, 1024)), CertificateUseError, "at least 2048"),
    "a curve that C2PA lacks": (lambda: brought(ec.generate_private_key(ec.SECP256K1())), CertificateUseError, "P-256"),
    "no certificate": (lambda: (b"text", brought()[1]), ChainUnreadableError, "no certificates"),
    "no key": (lambda: (brought()[0], b"text"), ChainUnreadableError, "no private key"),
    "no issuer": (
        lambda: (brought()[0].split(b"-----BEGIN")[1].join([b"-----BEGIN", b""]), b""),
        ChainUnreadableError,
        "--root",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_chain_that_would_not_be_believed_is_refused_by_name_and_the_old_keys_stay(tmp_path, fault):
    make, error, words = FAULTS[fault]
    before = keys.signing_keys(tmp_path)
    with pytest.raises(error, match=words):
        signing.use(tmp_path, *make())
    assert keys.signing_keys(tmp_path) == before
    assert signing.describe(tmp_path).former == 0


def test_a_key_behind_a_passphrase_says_what_else_can_be_done(tmp_path):
    from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, PrivateFormat

    key = ec.generate_private_key(P256)
    locked = key.private_bytes(PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    with pytest.raises(ChainUnreadableError, match=r"passphrase.*--remote"):
        signing.use(tmp_path, brought(key)[0], locked)


# --- on another machine ----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def signer(key, chain, *, answer=None, token=None, status=200):
    """A remote signer: the private key lives in this server alone."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self._answer(chain)

        def do_POST(self):
            data = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append((self.headers["Signature-Algorithm"], len(data)))
            if isinstance(key, ed25519.Ed25519PrivateKey):
                signature = key.sign(data)
            elif isinstance(key, rsa.RSAPrivateKey):
                signature = key.sign(data, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
            else:
                signature = key.sign(data, ec.ECDSA(hashes.SHA384() if key.curve.key_size == 384 else hashes.SHA256()))
            self._answer(signature if answer is None else answer)

        def _answer(self, body):
            code = status if token is None or self.headers["Authorization"] == f"Bearer {token}" else 401
            self.send_response(code)
            if code in (301, 302):
                self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/sign", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("kind", ["P-256", "P-384", "Ed25519", "RSA 2048"])
def test_a_remote_signer_signs_and_its_key_never_comes_here(tmp_path, scan, kind):
    key = KEYS[kind]()
    chain, _ = brought(key)
    folder = tmp_path / "keys"
    with signer(key, chain) as (url, asked):
        signing.use_remote(folder, url)
        assert signed_and_read(folder, tmp_path, scan).state == "Trusted"
    assert {name for name, _ in asked} == {
        {"P-256": "es256", "P-384": "es384", "Ed25519": "ed25519", "RSA 2048": "ps256"}[kind]
    }
    assert not [path for path in folder.rglob("*") if path.is_file() and b"PRIVATE" in path.read_bytes()]
    assert signing.describe(folder).where == url


def test_a_release_is_signed_remotely_and_stops_when_the_signer_is_gone(restoration, home, tmp_path):
    key = ec.generate_private_key(P256)
    with signer(key, brought(key)[0], token="t") as (url, _):
        with pytest.raises(RemoteSignerError, match=r"401.*ANASTYLOSIS_SIGNER_TOKEN"):
            signing.use_remote(home.keys, url)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ANASTYLOSIS_SIGNER_TOKEN", "t")
            signing.use_remote(home.keys, url)
            sealed = release(restoration, tmp_path / "out", home)
    assert verify(sealed.folder / "restored.png", home).state == "intact"
    with pytest.raises(RemoteSignerError, match=r"signing restored\.png.*cannot be reached.*Nothing was released"):
        release(restoration, tmp_path / "again", home)
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"answer": bytes(64)}, "no signature of its certificate's key"),
        ({"answer": b"x"}, "no signature of its certificate's key"),
        ({"answer": b""}, "answered with nothing"),
        ({"answer": bytes(2**18)}, "far too much"),
        ({"status": 500}, "HTTP 500"),
        ({"status": 302}, "HTTP 302"),
    ],
)
def test_a_remote_signer_that_misbehaves_is_named_and_not_put_to_use(tmp_path, options, words):
    key = ec.generate_private_key(P256)
    with signer(key, brought(key)[0], **options) as (url, _), pytest.raises(RemoteSignerError, match=words):
        signing.use_remote(tmp_path, url)
    assert signing.describe(tmp_path) is None


def test_what_is_signed_never_goes_unencrypted_over_a_network():
    for wrong in ("http://signer.museum.example/", "ftp://x/", "signer", "file:///x", "https://"):
        with pytest.raises(RemoteSignerError, match="https://"):
            remote.check_url(wrong)
    assert remote.check_url("https://signer.museum.example/")
    with pytest.raises(RemoteSignerError, match="cannot be reached"):
        remote.fetch_chain("http://127.0.0.1:9/")


def test_a_lost_file_of_the_signer_is_named(tmp_path):
    signing.use(tmp_path, *brought())
    (tmp_path / "signing" / "key.pem").unlink()
    with pytest.raises(KeyFileError, match=r"key\.pem is missing"):
        keys.signing_keys(tmp_path)


def test_a_chain_with_any_byte_damaged_ends_in_a_named_error():
    chain, _ = brought()
    first = chain.split(b"-----END")[0].split(b"-----\n")[1]
    der = base64.b64decode(first)
    for at in range(len(der)):
        damaged = bytearray(der)
        damaged[at] ^= 0x55
        block = b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(bytes(damaged)) + b"-----END CERTIFICATE-----\n"
        rest = chain.split(b"-----END CERTIFICATE-----\n", 1)[1]
        with contextlib.suppress(ChainError):  # a damaged signature or name may still be a chain: only other errors are wrong
            signing.brought(block + rest, None)
