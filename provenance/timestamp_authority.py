"""Which time-stamping authority this installation asks, and which roots it believes.

- `settings.json` in the home: `{"tsa": {"url": "…"}}`, what `anastylosis keys tsa URL` set;
- `keys/tsa-roots.pem`: roots of authorities, beside the keys because whoever may write it may backdate.
"""

from __future__ import annotations

import datetime
import json
import secrets
from dataclasses import dataclass
from typing import Any

from provenance.errors import KeyFileError
from provenance.home import Home
from provenance.keys.files import lock, write_new
from provenance.timestamp import TIMEOUT_S, Stamp, check_url, claimed_signer, claimed_top, fetch, verify
from provenance.timestamp_errors import TimeStampError, TimeStampUntrustedError

SETTINGS, ROOTS = "settings.json", "tsa-roots.pem"
NONE = "none"


@dataclass(frozen=True)
class Authority:
    """A time-stamping authority.

    Attributes:
        url: where it answers.
        roots_pem: what its certificates must lead to.
        timeout_s: how long an answer may take.
    """

    url: str
    roots_pem: str
    timeout_s: float = TIMEOUT_S

    def stamp(self, data: bytes) -> tuple[bytes, Stamp]:
        """Return a response for `data` and what it says, verified against the roots. Raises: TimeStampError."""
        response = fetch(self.url, data, self.timeout_s)
        return response, verify(response, data, self.roots_pem)


def authority(home: Home) -> Authority | None:
    """Return the authority that `home` is to ask: `home.tsa` when it names one, else the stored one, else None.

    Raises: KeyFileError when the settings cannot be read.
    """
    if home.tsa == NONE:
        return None
    url = home.tsa or stored_url(home)
    return Authority(check_url(url), roots(home)) if url else None


def stored_url(home: Home) -> str | None:
    """Return the URL in the home's settings, or None. Raises: KeyFileError."""
    url = (_settings(home).get("tsa") or {}).get("url")
    return url if isinstance(url, str) and url else None


def roots(home: Home) -> str:
    """Return the roots of authorities that are believed here, PEM; "" when there are none."""
    try:
        return (home.keys / ROOTS).read_text("ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def configure(home: Home, url: str | None, root_pem: bytes | None = None) -> Stamp | None:
    """Store which authority is asked from now on, once it gave a time stamp that leads to a trusted root.

    Args:
        url: None for no authority any more; roots stay, since earlier stamps lead to them.
        root_pem: the authority's root; else one stored earlier, or one that the operating system trusts, is taken.
    Returns: the trial stamp, None without an authority. Raises: TimeStampError, KeyFileError.
    """
    if url is None:
        _write_settings(home, None)
        return None
    given = _root(root_pem) if root_pem is not None else []
    trial = b"anastylosis trial " + secrets.token_bytes(16)
    response = fetch(url, trial)
    for root in (*given, *_split(roots(home)), *([] if given else _of_the_system(claimed_top(response)))):
        try:
            stamp = verify(response, trial, root)
        except TimeStampUntrustedError:
            continue
        _add_root(home, root)
        _write_settings(home, url)
        return stamp
    signer, issuer = claimed_signer(response)
    raise TimeStampUntrustedError(
        f"The authority at {url} signs as “{signer}”, issued by {issuer}, and that leads to "
        + ("the root that was given" if given else "no root that this machine trusts")
        + " in no way: fetch its root certificate from the authority and pass it with --root ROOT.pem. Nothing was stored."
    )


def outlook(ends: datetime.datetime, stamped: bool, authority_name: str = "") -> str:
    """Say what will happen when the signing certificate ends; for Record and report."""
    day = f"{ends:%Y-%m-%d}"
    if stamped:
        by = f" by {authority_name}" if authority_name else ""
        return f"The signatures are time-stamped{by}: they stay verifiable after the certificate ends on {day}."
    return (
        f"The signatures are not time-stamped: when the certificate ends on {day}, a reader can no longer tell that they were "
        "made before, and calls them expired. `anastylosis keys tsa URL` names an authority for the next release."
    )


def _settings(home: Home) -> dict[str, Any]:
    path = home.folder / SETTINGS
    try:
        found = json.loads(path.read_bytes())
        if not isinstance(found, dict) or not isinstance(found.get("tsa") or {}, dict):
            raise ValueError
        return found
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        raise KeyFileError(f"{path} cannot be read: mend it, or delete it and name the authority again.") from error


def _write_settings(home: Home, url: str | None) -> None:
    settings = {key: value for key, value in _settings(home).items() if key != "tsa"}
    if url is not None:
        settings["tsa"] = {"url": url}
    home.folder.mkdir(parents=True, exist_ok=True)
    write_new(home.folder / SETTINGS, json.dumps(settings, indent=1, ensure_ascii=False).encode() + b"\n", 0o644)


def _add_root(home: Home, root: str) -> None:
    with lock(home.keys):
        known = _split(roots(home))
        if root not in known:
            write_new(home.keys / ROOTS, "".join([*known, root]).encode(), 0o644)


def _split(pem: str) -> list[str]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = x509.load_pem_x509_certificates(pem.encode()) if pem.strip() else []
    except ValueError as error:
        raise KeyFileError(f"{ROOTS} in the key folder cannot be read as PEM: put it back from a backup.") from error
    return [one.public_bytes(Encoding.PEM).decode() for one in found]


def _root(pem: bytes) -> list[str]:
    try:
        found = _split(pem.decode("ascii"))
    except (KeyFileError, UnicodeDecodeError) as error:
        raise TimeStampError("The root file holds no certificate in PEM: fetch it from the authority.") from error
    return found


def _of_the_system(name: Any) -> list[str]:
    """Return the roots of this x509 name that the operating system trusts, PEM: many authorities' are among them."""
    import ssl
    import warnings

    from cryptography import x509

    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")     # some old roots have serial numbers that are deprecated
        for der in ssl.create_default_context().get_ca_certs(binary_form=True):
            try:
                if x509.load_der_x509_certificate(der).subject == name:
                    found.append(ssl.DER_cert_to_PEM_cert(der))
            except ValueError:
                continue
    return found
