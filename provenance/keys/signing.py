"""What signs here: a key with its certificates in `signing/`, and in `former/` the certificates of those before it.

- `signing/chain.pem`, `signing/root.pem`, and either `signing/key.pem` (0600) or `signing/remote` (the URL of a signer
  on another machine);
- `former/<fingerprint>/chain.pem`, `root.pem`: what earlier files were signed with. No former private key is kept.
"""

from __future__ import annotations

import datetime
import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from provenance.durable import wait_for_disk
from provenance.errors import KeyFileError
from provenance.keys import chain as chains
from provenance.keys.certificates import ORGANISATION, Lifetimes, is_self_made, make_certificates, name_of
from provenance.keys.errors import ChainOrderError, ChainUnreadableError, KeyMakingError
from provenance.keys.files import lock, public, refuse_lax, secret, write_new

SIGNING, FORMER = "signing", "former"
KEY, CHAIN, ROOT, REMOTE = "key.pem", "chain.pem", "root.pem", "remote"
_NEXT = ".signing-next"


@dataclass(frozen=True)
class SigningKeys:
    """What a signature needs.

    Attributes:
        key_pem: private key, PKCS#8; None when another machine signs.
        chain_pem: leaf first, then its issuers; the root is left out (root first would be refused).
        root_pem: the anchor that makes a reader say Trusted.
        remote_url: where the signer is; None when the key is here.
    """

    key_pem: bytes | None
    chain_pem: bytes
    root_pem: bytes
    remote_url: str | None = None

    def chain(self) -> list[Any]:
        """Return the x509 certificates, leaf first."""
        return chains.load_chain(self.chain_pem, CHAIN)

    def root(self) -> Any:
        """Return the x509 anchor."""
        return chains.load_chain(self.root_pem, ROOT)[0]

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that name the signing certificate."""
        return hashlib.sha256(self.chain_pem).hexdigest()[:16]


@dataclass(frozen=True)
class Signer:
    """What signs here, for people.

    Attributes:
        name: organisation and name in the certificate.
        chain: names, leaf first, the root last.
        begins, ends: when the signing certificate is valid.
        is_self_made: nobody but this machine vouches for it.
        where: "here", or the URL of the remote signer.
        former: how many earlier certificates are kept.
    """

    name: str
    chain: tuple[str, ...]
    begins: datetime.datetime
    ends: datetime.datetime
    is_self_made: bool
    where: str
    former: int

    @property
    def trust(self) -> str:
        """Who vouches for it, in one sentence."""
        if self.is_self_made:
            return "known to this machine, not publicly trusted"
        return f"issued by {self.chain[-1]}; publicly trusted where that root stands on a reader's trust list"


def signing_keys(folder: Path) -> SigningKeys:
    """Return the signing keys in `folder`, made on first use.

    Raises: KeyPermissionError when others may read the key; KeyFileError when a file is missing.
    """
    place = folder / SIGNING
    if not place.exists():
        with lock(folder):
            if not _finish_replacing(folder) and not place.exists():
                _put(folder, _made(make_certificates()))
    refuse_lax(folder, 0o700)
    if (place / REMOTE).is_file():
        url = public(place / REMOTE).decode("utf-8", "replace").strip()
        return SigningKeys(None, public(place / CHAIN), public(place / ROOT), url)
    return SigningKeys(secret(place / KEY), public(place / CHAIN), public(place / ROOT))


def anchors(folder: Path) -> str | None:
    """Return the roots of this installation, former ones included, as PEM; touches no secret. None when there are none."""
    places = [folder / SIGNING, *sorted((folder / FORMER).glob("*"))] if folder.is_dir() else []
    found = []
    for place in places:
        try:
            found.append((place / ROOT).read_text("ascii").strip() + "\n")
        except (OSError, UnicodeDecodeError):
            continue
    return "".join(dict.fromkeys(found)) or None


def describe(folder: Path) -> Signer | None:
    """Say what signs here, None when nothing does yet; makes nothing. Raises: KeyFileError, KeyPermissionError, ChainError."""
    if not (folder / SIGNING).exists() and not (folder / _NEXT / CHAIN).exists():
        return None
    keys = signing_keys(folder)
    chain, root = keys.chain(), keys.root()
    if keys.key_pem is not None:
        chains.check_pair(chains.load_key(keys.key_pem, str(folder / SIGNING / KEY)), chain[0], str(folder / SIGNING / KEY))
    return Signer(
        name_of(chain[0].subject),
        tuple(name_of(one.subject) for one in (*chain, root)),
        chain[0].not_valid_before_utc,
        chain[0].not_valid_after_utc,
        is_self_made(root),
        keys.remote_url or "here",
        sum((place / ROOT).is_file() for place in (folder / FORMER).glob("*")) if (folder / FORMER).is_dir() else 0,
    )


def make(folder: Path, organisation: str = ORGANISATION, *, replace: bool = False, lifetimes: Lifetimes | None = None) -> None:
    """Make a key and its certificates, try them, and put them to use; former certificates are kept.

    Raises: KeyMakingError when there are keys and `replace` is not asked for, or when the trial signature is not Trusted.
    """
    with lock(folder):
        _finish_replacing(folder)
        if (folder / SIGNING).exists() and not replace:
            raise KeyMakingError(
                f"{folder / SIGNING} already holds keys: use `anastylosis keys rotate` to replace them (what they signed stays "
                "verifiable), or pass --force."
            )
        keys = _made(make_certificates(organisation, lifetimes))
        try_out(keys)
        _put(folder, keys)


def use(folder: Path, chain_pem: bytes, key_pem: bytes, root_pem: bytes | None = None) -> None:
    """Sign with a chain and key of somebody's own from now on. Raises: ChainError, KeyMakingError, KeyFileError."""
    keys = brought(chain_pem, root_pem)
    chains.check_pair(chains.load_key(key_pem, "The key file"), keys.chain()[0], "The key file")
    keys = SigningKeys(key_pem, keys.chain_pem, keys.root_pem)
    try_out(keys)
    with lock(folder):
        _finish_replacing(folder)
        _put(folder, keys)


def use_remote(folder: Path, url: str, root_pem: bytes | None = None) -> None:
    """Let the signer at `url` sign from now on. Raises: RemoteSignerError, ChainError, KeyMakingError, KeyFileError."""
    from provenance.keys.remote import fetch_chain

    keys = brought(fetch_chain(url), root_pem)
    keys = SigningKeys(None, keys.chain_pem, keys.root_pem, url)
    try_out(keys)
    with lock(folder):
        _finish_replacing(folder)
        _put(folder, keys)


def brought(chain_pem: bytes, root_pem: bytes | None) -> SigningKeys:
    """Return a chain from outside, checked, its root apart. Raises: ChainError."""
    from cryptography.hazmat.primitives.serialization import Encoding

    chain = chains.load_chain(chain_pem, "The chain file")
    if root_pem is not None:
        root = chains.load_chain(root_pem, "The root file")[0]
    elif len(chain) > 1:
        root = chain[-1]    # without its root, the uppermost issuer is what is trusted here
    else:
        raise ChainUnreadableError("The chain file holds one certificate: put its issuer after it, or pass --root ROOT.pem.")
    below = chain[:-1] if len(chain) > 1 and chain[-1] == root else chain
    if len({one.fingerprint(_sha256()) for one in below}) < len(below):
        raise ChainOrderError("The chain file holds a certificate twice: put each once, the signing one first.")
    chains.check_chain(below, root, datetime.datetime.now(datetime.UTC))
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in below)
    return SigningKeys(None, pem, root.public_bytes(Encoding.PEM))


def check_keys(folder: Path) -> str:
    """Say in one sentence what keys there are; makes none.

    Raises: KeyPermissionError, KeyFileError or ChainError when a key is there that cannot be used.
    """
    from provenance.keys.mark import existing_mark_key, mark_key_fingerprint

    said = []
    signer = describe(folder)
    if signer is not None:
        where = "" if signer.where == "here" else f", signing at {signer.where}"
        said.append(f"signing key valid until {signer.ends:%Y-%m-%d}{where}, {signer.trust}")
    key = existing_mark_key(folder)
    if key is not None:
        said.append(f"watermark key {mark_key_fingerprint(key)}")
    return "; ".join(said) or "none yet; they are made at the first release"


def try_out(keys: SigningKeys) -> None:
    """Sign a small picture and read it back with the root as anchor. Raises: KeyMakingError when that is not Trusted."""
    from provenance.credentials import trial

    state = trial(keys)
    if state != "Trusted":
        raise KeyMakingError(f"A trial signature read back as {state} instead of Trusted: these keys were not put to use.")


def _sha256() -> Any:
    from cryptography.hazmat.primitives.hashes import SHA256

    return SHA256()


def _made(made: Any) -> SigningKeys:
    return SigningKeys(made.key_pem, made.chain_pem, made.root_pem)


def _put(folder: Path, keys: SigningKeys) -> None:
    """Put keys to use. What was in use goes to `former/` without its private key; a crash leaves the old or the new ones."""
    place, waiting = folder / SIGNING, folder / _NEXT
    if place.exists():
        _keep_former(folder, place)
    temporary = Path(tempfile.mkdtemp(prefix=".signing-", dir=folder))      # 0700
    try:
        if keys.remote_url is not None:
            write_new(temporary / REMOTE, keys.remote_url.encode(), 0o600)
        elif keys.key_pem is not None:
            write_new(temporary / KEY, keys.key_pem, 0o600)
        write_new(temporary / ROOT, keys.root_pem, 0o644)
        write_new(temporary / CHAIN, keys.chain_pem, 0o644)
        if not place.exists():
            temporary.rename(place)
            wait_for_disk(folder)
            return
        temporary.rename(waiting)   # from here on `_finish_replacing` completes it
        wait_for_disk(folder)
    except OSError as error:
        raise KeyFileError(f"{place} cannot be written ({error.strerror}): make room or make it writable.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _finish_replacing(folder)


def _finish_replacing(folder: Path) -> bool:
    """Complete a replacement that was prepared; return whether there was one."""
    place, waiting = folder / SIGNING, folder / _NEXT
    if not waiting.is_dir():
        return False
    if place.exists():
        old = Path(tempfile.mkdtemp(prefix=".signing-old-", dir=folder))
        place.rename(old / SIGNING)
        waiting.rename(place)
        _erase(old / SIGNING / KEY)
        shutil.rmtree(old, ignore_errors=True)
    else:
        waiting.rename(place)
    wait_for_disk(folder)
    return True


def _keep_former(folder: Path, place: Path) -> None:
    keys = SigningKeys(None, public(place / CHAIN), public(place / ROOT))
    kept = folder / FORMER / keys.fingerprint
    kept.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_new(kept / CHAIN, keys.chain_pem, 0o644)
    write_new(kept / ROOT, keys.root_pem, 0o644)


def _erase(path: Path) -> None:
    """Overwrite a private key before it is deleted; on a disk that writes elsewhere this is no more than politeness."""
    try:
        with path.open("r+b") as file:
            file.write(bytes(path.stat().st_size))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
    except OSError:
        return
