"""What a person is told about any file."""

from __future__ import annotations

import datetime
from pathlib import Path

from provenance.home import Home
from provenance.verify import Verdict, verify, verify_folder
from studio.errors import MissingFileError

SIGNS = {
    "intact": "[green]✓ intact[/]",
    "altered": "[red]✗ altered[/]",
    "recovered": "[yellow]~ recovered[/]",
    "unknown": "[yellow]? unknown[/]",
}


def verdicts(path: Path, home: Home, at: datetime.datetime | None = None) -> list[Verdict]:
    """One Verdict for a file, one for each file of a folder or in a bundle; judged at a date, or now."""
    from provenance.bundle import is_bundle

    if not path.exists():
        raise MissingFileError(f"There is no {path}: give a file or a folder that exists.")
    return verify_folder(path, home, at) if path.is_dir() or is_bundle(path) else [verify(path, home, at)]


def checked_map(path: Path, out: Path) -> None:
    """Refuse a map that cannot be drawn or written, before any work. Raises: NoMapError, MissingFileError."""
    from provenance.ai_map import NoMapError, check_place
    from provenance.bundle import is_bundle

    if path.is_dir() or is_bundle(path):
        raise NoMapError(f"{path} holds many files, and a map shows one picture: name it. Nothing was written.")
    check_place(out)


def drawn_map(verdict: Verdict, home: Home, out: Path) -> tuple[bool, str]:
    """Draw where a model acted onto the file of a Verdict and write that to `out`: (whether it was drawn, a sentence).

    Raises: NoMapError when it cannot be written.
    """
    from provenance.ai_map import NoMapError, ai_map

    try:
        found = ai_map(verdict.path, home, verdict.recovery)
    except NoMapError as error:
        return False, str(error)
    found.deliver(out)
    return True, f"{out} shows in {found.caption}."


def exit_code(found: list[Verdict]) -> int:
    """The most serious of all: altered 1, unknown 4, recovered 3, intact 0. An empty folder holds nothing unaccounted for."""
    codes = {verdict.exit_code for verdict in found}
    return next((code for code in (1, 4, 3) if code in codes), 0)


def verdict_lines(found: list[Verdict], at: datetime.datetime | None = None) -> list[str]:
    """Lines for a terminal: the state, the file, what is AI in it, who signed and until when, and why."""
    from provenance.timestamp_clock import in_words

    lines = [] if at is None else [f"Judged at {in_words(at)}:"]
    for verdict in found:
        share = "" if verdict.ai_share is None else f"  AI in {verdict.ai_share:.1%} of the pixels"
        lines.append(f"{SIGNS[verdict.state]}  {_plain(verdict.path)}{share}")
        if len(found) == 1 or verdict.state != "intact":
            lines += [f"    {_plain(reason)}" for reason in verdict.reasons]
            lines += [f"    Signer: {_plain(verdict.signer)}"] if verdict.signer else []
            lines += [f"    Certificate ends: {verdict.certificate_ends}"] if verdict.certificate_ends else []
    counts = {state: sum(verdict.state == state for verdict in found) for state in SIGNS}
    if len(found) != 1:
        lines.append(f"{len(found)} files: " + ", ".join(f"{count} {state}" for state, count in counts.items() if count))
    return lines


def _plain(text: object) -> str:
    """Make square brackets mean themselves: what a file says is no markup."""
    return str(text).replace("[", r"\[")
