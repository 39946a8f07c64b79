"""A real time-stamping authority: `openssl ts` behind a small HTTP server, and the ways in which one can misbehave."""

import contextlib
import datetime
import http.server
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

HAS_OPENSSL = shutil.which("openssl") is not None
PEM = serialization.Encoding.PEM
CONFIGURATION = """[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/root.pem
signer_key = {folder}/key.pem
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ess_cert_id_alg = sha256
"""


@dataclass(frozen=True)
class Authority:
    """The folder of one authority, whose name is its certificate's common name."""

    folder: Path

    @property
    def root_pem(self) -> bytes:
        return (self.folder / "root.pem").read_bytes()

    def reply(self, query: bytes) -> bytes:
        """What a sound authority answers."""
        with tempfile.TemporaryDirectory() as place:
            asked, answer = Path(place, "query"), Path(place, "reply")
            asked.write_bytes(query)
            command = ["openssl", "ts", "-reply", "-config", self.folder / "ts.cnf", "-queryfile", asked, "-out", answer]
            subprocess.run(command, check=True, capture_output=True)
            return answer.read_bytes()


def certificate(name, key, issuer, issuer_key, *, ca=False, uses=(), critical=False, begins=None, ends=None, ku=True, aki=True):
    """One x509 certificate with just these extensions; `issuer` is a name, None for self-signed."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    subject = x509.Name(
        [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Museum"), x509.NameAttribute(NameOID.COMMON_NAME, name)]
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer or subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins or now - datetime.timedelta(hours=1))
        .not_valid_after(ends or now + datetime.timedelta(days=3650))
        .add_extension(x509.BasicConstraints(ca, None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if ku:
        usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
        builder = builder.add_extension(usage, critical=True)
    if aki:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
        builder = builder.add_extension(identifier, critical=False)
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=critical)
    algorithm = None if type(issuer_key).__name__.startswith("Ed25519") else hashes.SHA256()
    return builder.sign(issuer_key, algorithm)


def private_pem(key) -> bytes:
    return key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def make_authority(folder: Path, uses=(ExtendedKeyUsageOID.TIME_STAMPING,), name="time") -> Authority:
    """Make root and leaf of an authority in `folder`."""
    folder.mkdir()
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate(f"{name} root", root_key, None, root_key, ca=True)
    leaf = certificate(name, key, root.subject, root_key, uses=uses, critical=True)
    (folder / "root.pem").write_bytes(root.public_bytes(PEM))
    (folder / "tsa.pem").write_bytes(leaf.public_bytes(PEM))
    (folder / "key.pem").write_bytes(private_pem(key))
    (folder / "serial").write_text("01\n")
    (folder / "ts.cnf").write_text(CONFIGURATION.format(folder=folder))
    return Authority(folder)


@contextlib.contextmanager
def served(answer: Callable[[bytes], bytes], *, status: int = 200, delay_s: float = 0.0) -> Iterator[str]:
    """Serve `answer` at the URL that is yielded."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            query = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(delay_s)
            with contextlib.suppress(OSError):  # whoever lost patience is gone
                body = answer(query)
                self.send_response(status)
                self.send_header("Content-Type", "application/timestamp-reply")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/tsa"
    finally:
        server.shutdown()
        server.server_close()


def other_imprint(query: bytes) -> bytes:
    """The query for another digest: what an authority sees that stamps something else."""
    at = query.index(b"\x04\x20") + 2
    return query[:at] + bytes(32) + query[at + 32 :]


def other_nonce(query: bytes) -> bytes:
    """The query with another nonce: what a replayed answer looks like."""
    return query[:-5] + bytes([query[-5] ^ 1]) + query[-4:]
