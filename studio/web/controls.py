"""What several tabs of the page have alike: rows of controls, and how sealed files are handed over."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.web.sentences import message

if TYPE_CHECKING:
    from provenance.release import Release

PICTURES = [".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".avif"]


def seed_and_rights() -> tuple[Any, Any]:
    """A row with the seed and the rights statement, inside the Blocks that is being built."""
    import gradio as gr

    with gr.Row():
        info = "The same seed gives the same pixels."
        seed = gr.Number(0, label="Seed", precision=0, minimum=0, maximum=2**31 - 1, info=info, min_width=280)
        info = "Its URI or wording; left empty, the one in the file counts."
        rights = gr.Textbox(label="Rights statement", info=info, max_length=500, min_width=280)
    return seed, rights


def run_and_stop(label: str, run_id: str, stop_id: str) -> tuple[Any, Any]:
    """A row with the button that begins long work, and the one that stops it."""
    import gradio as gr

    with gr.Row():
        run = gr.Button(label, variant="primary", elem_id=run_id)
        stop = gr.Button("Stop", variant="stop", interactive=False, elem_id=stop_id)
    return run, stop


def sealed_message(release: Release) -> str:
    """What is said when something was sealed."""
    return message(f"Sealed: {len(release.files)} files, leaf {release.leaf} of this machine's log.")


def in_order(release: Release) -> list[Path]:
    """The files of a Release, the main one first, with the Record and its proof at the end."""
    names = [file.name for file in release.files]
    for name in ("record.json", "record.tlog-proof"):
        if name not in names and (release.folder / name).is_file():
            names.append(name)
    return [release.folder / name for name in names]


def zipped(folder: Path, target: Path, name: str) -> Path:
    """All files of a Release in one archive, stored and not compressed, so that their bytes are the sealed ones."""
    target.mkdir(parents=True)
    archive = target / f"{name}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as packed:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            packed.write(path, path.relative_to(folder).as_posix())
    return archive
