"""What a rights statement lets a model do with a work."""

from __future__ import annotations

import re

from provenance.errors import RightsError

# rightsstatements.org: in copyright, and no permission goes with the statement.
_REFUSED = frozenset({"inc", "inc-ow-eu", "inc-ruu"})
# Clear enough to make something new: no copyright, or a licence that allows derivatives.
_CLEAR = re.compile(
    r"rightsstatements\.org/(vocab|page)/noc-us\b|creativecommons\.org/(publicdomain/|licenses/by(-nc)?(-sa)?/)"
)
_VOCABULARY = re.compile(r"rightsstatements\.org/(?:vocab|page)/([a-z-]+)")
_NO_DERIVATIVES = re.compile(r"creativecommons\.org/licenses/[a-z-]*\bnd\b|\bcc[ -]by(-nc)?-nd\b|\bno[ -]?deriv")
_NO_AI = re.compile(
    r"\bno[ -]?(ai|tdm)\b|\b(no|not for)( use)?( in| by| for| with)? (ai|artificial intelligence|machine learning)\b"
)
_RESERVED = re.compile(r"\ball rights reserved\b")
_CLEAR_WORDS = re.compile(r"\bpublic domain\b|\bcc0\b|\bcc[ -]by(-nc)?(-sa)?\b|^own work$|\bpermission (granted|recorded)\b")


def check_rights(rights: str | None, strict: bool) -> None:
    """Refuse what a rights statement forbids; never read more into it than it says.

    Args:
        rights: URI of rightsstatements.org or Creative Commons, or a sentence; None when nobody stated one.
        strict: True refuses also what is unknown, undetermined or bound to conditions.
    Raises: RightsError with the statement and what to do.
    """
    stated = (rights or "").strip()
    text = stated.lower()
    vocabulary = _VOCABULARY.search(text)
    if vocabulary and vocabulary[1] in _REFUSED:
        raise RightsError(
            f"“{stated}” says that the work is in copyright: ask the holder, and state the permission with --rights. "
            "Nothing was made."
        )
    if _NO_DERIVATIVES.search(text):
        raise RightsError(f"“{stated}” does not allow derivatives: ask the holder for another licence. Nothing was made.")
    if _NO_AI.search(text):
        raise RightsError(f"“{stated}” does not allow the use of AI: leave the work as it is, or ask the holder.")
    if _RESERVED.search(text):
        raise RightsError(f"“{stated}” reserves all rights: ask the holder, and state the permission with --rights.")
    if strict and not (_CLEAR.search(text) or _CLEAR_WORDS.search(text)):
        raise RightsError(
            f"“{stated}” does not say clearly that something new may be made from the work: state what is known with --rights."
            if stated
            else "No rights were stated for the work: state them with --rights, or leave out --strict-rights."
        )
