"""The secrets of one installation: what signs (`signing.py`), the watermark's key (`mark.py`), a signer elsewhere."""

from provenance.keys.mark import existing_mark_key, mark_key, mark_key_fingerprint
from provenance.keys.signing import SigningKeys, anchors, check_keys, signing_keys

__all__ = [
    "SigningKeys",
    "anchors",
    "check_keys",
    "existing_mark_key",
    "mark_key",
    "mark_key_fingerprint",
    "signing_keys",
]
