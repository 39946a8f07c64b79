"""Personal fields of a Record as salted digests: provable while the text is kept, not to be guessed once it is forgotten.

A Record lists a salt for each personal field, by its place: `"salts": {"/sources/0/name": "9f…", …}`. Its public form has no
salts, and in the place of each such field `commitment:<SHA-256 of salt, place and value>`. The log and the signature hold
the public form. To forget a field is to destroy its salt and its value; the public form stays what it was.
"""

from __future__ import annotations

import copy
import hashlib
import json
import re
import secrets
from collections.abc import Iterator
from typing import Any

from provenance.errors import RecordError

SALT_BYTES = 16  # 128 bits: nobody tries them all to find out whether a name was meant
MARK = "commitment:"
_HEADER = b"anastylosis.commitment/1\n"
_SALT = re.compile(r"[0-9a-f]{32,64}")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# Texts of these parts may name people, works or files; a part that is not listed holds versions, digests and places.
_PERSONAL_PARTS = ("request", "model", "findings", "assumptions")
_PERSONAL_KEYS = {"sources": ("name", "rights", "holder", "inventory", "title"), "outputs": ("name",), "credential": ("name",)}
_OPEN_KEYS = {"operation", "versions"}  # needed by whoever reads a Record of which everything was forgotten


def with_salts(record: dict) -> dict:
    """The Record with a fresh salt for each of its personal fields."""
    return {**record, "salts": {place: secrets.token_hex(SALT_BYTES) for place, _ in personal_fields(record)}}


def public_form(record: dict) -> dict:
    """The Record as the log commits to it: without salts, each salted field replaced by its commitment.

    A Record without salts is its own public form.
    """
    salts = record.get("salts")
    if not isinstance(salts, dict):
        return record
    public = copy.deepcopy({key: value for key, value in record.items() if key != "salts"})
    for place, salt in salts.items():
        holder, key = _at(public, place)
        holder[key] = commitment(salt, place, holder[key])
    return public


def commitment(salt: str, place: str, value: str) -> str:
    """What stands for a field once only its digest is told."""
    message = _HEADER + bytes.fromhex(salt) + json.dumps([place, value], ensure_ascii=False).encode("utf-8", "surrogatepass")
    return MARK + hashlib.sha256(message).hexdigest()


def openings(record: dict) -> dict[str, dict[str, str]]:
    """Salt and value of each salted field, by its place: what is kept in the erasable store."""
    found = {}
    for place, salt in (record.get("salts") or {}).items():
        holder, key = _at(record, place)
        found[place] = {"salt": salt, "value": holder[key]}
    return found


def opened(public: dict, known: dict[str, dict[str, str]]) -> dict:
    """The Record again, from its public form and what is still known; an opening that does not fit is left out."""
    record, salts = copy.deepcopy(public), {}
    for place, opening in known.items():
        try:
            holder, key = _at(record, place)
            if commitment(opening["salt"], place, opening["value"]) != holder[key]:
                continue
        except (RecordError, KeyError, TypeError, ValueError):
            continue
        holder[key], salts[place] = opening["value"], opening["salt"]
    return {**record, "salts": salts}


def forgotten_fields(record: dict) -> list[str]:
    """Places of which only the commitment is left."""
    salts = record.get("salts")
    if not isinstance(salts, dict):
        return []
    return [p for p, value in personal_fields(record) if p not in salts and re.fullmatch(MARK + "[0-9a-f]{64}", value)]


def check_salts(record: dict) -> None:
    """Raise RecordError when the salts of a Record from outside are not what `with_salts` would write."""
    salts = record.get("salts")
    if salts is None:
        return
    personal = dict(personal_fields(record))
    if not isinstance(salts, dict) or not salts.keys() <= personal.keys():
        raise RecordError("its salts do not belong to its personal fields")
    if not all(isinstance(salt, str) and _SALT.fullmatch(salt) and len(salt) % 2 == 0 for salt in salts.values()):
        raise RecordError("its salts are not hexadecimal digits of at least 128 bits")


def personal_fields(record: dict) -> Iterator[tuple[str, str]]:
    """(place, text) of each field that may name a person, a work or a file; places are JSON pointers (RFC 6901)."""
    for part in _PERSONAL_PARTS:
        yield from _texts(record.get(part), f"/{part}")
    if isinstance(record.get("request_sha256"), str):
        yield "/request_sha256", record["request_sha256"]  # a prompt could be guessed by it
    signing = record.get("signing")
    if isinstance(signing, dict):
        yield from _named(signing.get("certificate"), "/signing/certificate", ("name",))
    for part in ("sources", "outputs"):
        items = record.get(part)
        for number, item in enumerate(items if isinstance(items, list) else ()):
            yield from _named(item, f"/{part}/{number}", _PERSONAL_KEYS[part])
            if isinstance(item, dict):
                yield from _named(item.get("credential"), f"/{part}/{number}/credential", _PERSONAL_KEYS["credential"])


def _named(item: Any, place: str, keys: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(item, dict):
        yield from ((f"{place}/{key}", item[key]) for key in keys if isinstance(item.get(key), str))


def _texts(value: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key not in _OPEN_KEYS:
                yield from _texts(inner, f"{place}/{_escaped(key)}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{place}/{number}")
    elif isinstance(value, str) and value and not _DIGEST.fullmatch(value):
        yield place, value


def _escaped(key: Any) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")


def _at(record: Any, place: str) -> tuple[Any, Any]:
    """(container, key) of a place. Raises RecordError when there is no text there."""
    holder: Any = None
    key: Any = None
    value = record
    try:
        for step in place.split("/")[1:]:
            holder, key = value, step.replace("~1", "/").replace("~0", "~")
            if isinstance(holder, list):
                key = int(key)
            value = holder[key]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise RecordError(f"it has no field at “{place[:80]}”") from error
    if holder is None or not isinstance(value, str):
        raise RecordError(f"it has no text at “{place[:80]}”")
    return holder, key
