"""Which logs and how many witnesses one relies on: trust policies after c2sp.org/tlog-policy.

    log anastylosis.local/5f0c2a91+…
    witness archive witness.example.org/archive+… https://witness.example.org
    witness university witness.example.edu/w+…
    witness library witness.example.net/w+…
    group two-of-three 2 archive university library
    quorum two-of-three

Addresses are for asking; without them a policy still decides what is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from provenance.log.checkpoint import Checkpoint, open_checkpoint
from provenance.log.cosignature import Cosignature, cosignatures
from provenance.log.errors import NoteError, PolicyError
from provenance.log.note import COSIGNATURE, ED25519, NoteVerifier

LONGEST = 2**20  # characters
_MOST = 1000  # lines that define something; the specification asks for 32 logs, 32 witnesses and 32 groups


@dataclass(frozen=True)
class Policy:
    """When a checkpoint is believed.

    Attributes:
        logs: keys of which one must have signed it.
        witnesses: keys by their names in the policy.
        groups: name → (how many, of these names).
        quorum: the name of a witness or group, or "none".
        urls: where witnesses can be asked, by name.
    """

    logs: tuple[NoteVerifier, ...]
    witnesses: dict[str, NoteVerifier] = field(default_factory=dict)
    groups: dict[str, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    quorum: str = "none"
    urls: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, log: NoteVerifier, needed: int, witnesses: Sequence[NoteVerifier]) -> Policy:
        """`needed` of these `witnesses`, for one log. Raises PolicyError when that can never be met, or always is."""
        if not 1 <= needed <= len(witnesses):
            raise PolicyError(f"{needed} of {len(witnesses)} witnesses cannot be asked for: name at least 1, at most all.")
        text = [f"log {log.text()}", *(f"witness {i} {w.text()}" for i, w in enumerate(witnesses))]
        names = " ".join(str(i) for i in range(len(witnesses)))
        return cls.parse("\n".join([*text, f"group all-of-them {needed} {names}", "quorum all-of-them"]) + "\n")

    @classmethod
    def parse(cls, text: str) -> Policy:
        """Read a policy file. Raises PolicyError, naming the line."""
        if len(text) > LONGEST:
            raise PolicyError(f"A policy of {len(text):,} characters is refused: {LONGEST:,} are the most.")
        reading = _Reading()
        for number, line in enumerate(text.split("\n"), 1):
            words = line.replace("\t", " ").split(" ")
            words = [word for word in words if word]
            if not words or words[0].startswith("#"):
                continue
            try:
                reading.take(words)
            except (NoteError, ValueError) as error:
                raise PolicyError(f"Line {number} of the policy, “{line[:80]}”, is refused: {error}") from error
        if reading.quorum is None:
            raise PolicyError("The policy has no line “quorum”: write “quorum none” when no witness is needed.")
        return cls(tuple(reading.logs), reading.witnesses, reading.groups, reading.quorum, reading.urls)

    def check(self, signed: str) -> tuple[Checkpoint, list[Cosignature]]:
        """The checkpoint of a signed note that this policy believes, and who cosigned it when.

        Raises: NoteError, CheckpointError; SignatureError when a known key's signature does not fit or no listed log signed;
            PolicyError when too few witnesses did.
        """
        checkpoint = open_checkpoint(signed, self.logs)
        seen = cosignatures(signed, self.witnesses.values())
        keys = {c.witness for c in seen}
        met = {name for name, key in self.witnesses.items() if key in keys}
        for name, (needed, members) in self.groups.items():  # in order of definition, so members come first
            if sum(member in met for member in members) >= needed:
                met.add(name)
        if self.quorum != "none" and self.quorum not in met:
            there = ", ".join(sorted(name for name in self.witnesses if name in met)) or "none of them"
            raise PolicyError(
                f"The checkpoint of {checkpoint.origin} at {checkpoint.size} entries lacks witnesses: “{self.quorum}” is not "
                f"reached with the cosignatures of {there}. Ask the witnesses: anastylosis log checkpoint --policy FILE."
            )
        return checkpoint, seen


class _Reading:
    """What was read so far, line by line."""

    def __init__(self):
        self.logs: list[NoteVerifier] = []
        self.witnesses: dict[str, NoteVerifier] = {}
        self.groups: dict[str, tuple[int, tuple[str, ...]]] = {}
        self.urls: dict[str, str] = {}
        self.quorum: str | None = None
        self._members: set[str] = set()

    def take(self, words: list[str]) -> None:
        """One line. Raises ValueError with its fault, NoteError for a key."""
        kinds = {"log": self._log, "witness": self._witness, "group": self._group, "quorum": self._quorum}
        if words[0] not in kinds:
            raise ValueError("it should begin with log, witness, group or quorum.")
        if len(self.logs) + len(self.witnesses) + len(self.groups) > _MOST:
            raise ValueError(f"more than {_MOST} definitions.")
        kinds[words[0]](words[1:])

    def _log(self, words: list[str]) -> None:
        if len(words) not in (1, 2):
            raise ValueError("it should read: log KEY [URL].")
        key = NoteVerifier.parse(words[0])
        if key.kind != ED25519:
            raise ValueError("the key is a witness's, not a log's.")
        _refuse_twice(key, self.logs)
        self.logs.append(key)

    def _witness(self, words: list[str]) -> None:
        if len(words) not in (2, 3):
            raise ValueError("it should read: witness NAME KEY [URL].")
        key = NoteVerifier.parse(words[1])
        if key.kind != COSIGNATURE:
            raise ValueError("the key is a log's, not a witness's.")
        self._name(words[0])
        _refuse_twice(key, self.witnesses.values())
        self.witnesses[words[0]] = key
        if len(words) == 3:
            self.urls[words[0]] = words[2]

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise ValueError("it should read: group NAME all|any|NUMBER MEMBER…")
        name, count, *members = words
        self._name(name)
        needed = {"all": len(members), "any": 1}.get(count)
        if needed is None:
            needed = int(count) if count.isascii() and count.isdigit() and len(count) < 6 else 0
        if not 1 <= needed <= len(members):
            raise ValueError(f"“{count}” of {len(members)} members cannot be asked for.")
        for member in members:
            if member not in self.witnesses and member not in self.groups:
                raise ValueError(f"“{member[:40]}” was not defined on a line above.")
            if member in self._members:
                raise ValueError(f"“{member[:40]}” is a member twice: nobody counts twice.")
            self._members.add(member)
        self.groups[name] = (needed, tuple(members))

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1 or self.quorum is not None:
            raise ValueError("there should be one quorum, and one name in it.")
        if words[0] != "none" and words[0] not in self.witnesses and words[0] not in self.groups:
            raise ValueError(f"“{words[0][:40]}” was not defined on a line above.")
        self.quorum = words[0]

    def _name(self, name: str) -> None:
        if name == "none" or name in self.witnesses or name in self.groups:
            raise ValueError(f"the name “{name[:40]}” is taken.")


def _refuse_twice(key: NoteVerifier, known: Iterable[NoteVerifier]) -> None:
    # the same key under two names would count twice
    if any(key.public_key == other.public_key for other in known):
        raise ValueError("the same key stands on an earlier line.")
