"""What a Release is, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.cli.outcome import plain

if TYPE_CHECKING:
    from provenance.release import Release


def summary(release: Release) -> dict:
    """Plain JSON values for `--json`."""
    return {
        "folder": str(release.folder),
        "leaf": release.leaf,
        "record": release.record,
        "files": [
            {
                "name": file.name,
                "sha256": file.sha256,
                "media_type": file.media_type,
                "credential": file.credential,
                "watermark": file.handle,
                "watermark_reason": file.handle_reason,
            }
            for file in release.files
        ],
    }


def summary_lines(release: Release) -> list[str]:
    """Lines for a terminal: the files, what was found, and what was assumed."""
    lines = [f"[bold]{plain(str(release.folder))}[/]  sealed, leaf {release.leaf} of the log"]
    for file in release.files:
        credential = f"{file.credential} credential" if file.credential else "by digest"
        mark = (
            f", watermark {file.handle}"
            if file.handle
            else (f", no watermark: {file.handle_reason}" if file.handle_reason else "")
        )
        lines.append(plain(f"  {file.name:<22} {credential}{mark}"))
    record = release.record
    if levels := {level: share for level, share in record.get("levels", {}).items() if share}:
        lines.append("  Evidence levels: " + ", ".join(f"{level}: {share:.2%}" for level, share in levels.items()))
    if reason := record.get("findings", {}).get("reason"):
        lines.append(plain(f"  {reason}"))
    lines += [f"  [yellow]Assumed:[/] {plain(text)}" for text in record.get("assumptions", [])]
    return lines
