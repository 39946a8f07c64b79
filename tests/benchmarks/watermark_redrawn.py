"""What is left of the watermark after a model drew the picture anew? Prints one JSON object.

    python tests/benchmarks/watermark_redrawn.py --data FOLDER [--pictures 6] [--vae FOLDER] [--card provenance/ROBUSTNESS.md]

The bundled model goes over a marked picture as SDEdit does (Meng et al. 2022): at strength s the marked pixels are mixed with
noise, 1 − s to s, and the flow's four steps lead back. It is an inpainting model and needs something to look at, so the whole
picture is drawn in two passes, each over every other square of 64 px; a region (the middle quarter of the area, the only part
that is marked) in one. At strength 1 nothing of the marked pixels is left to see for it. `--vae` names an AutoencoderKL in
diffusers' layout for a round trip through its latents; none comes with the package, and without one the row says so. `--card`
writes the section of that name into a card that `watermark.py` wrote, and leaves its other rows alone.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import cv2
import numpy as np
from watermark import HANDLE, KEY, Attack, Picture, pictures, psnr
from watermark_card import REDRAWN_HEADING, with_section

from provenance.watermark import LOUDEST, SCHEME, Watermark

STRENGTHS = (0.05, 0.1, 0.2, 0.4, 1.0)
SQUARE_PX, TILE_PX = 64, 512


def redrawn(pipe, marked: Picture, holes: list[np.ndarray], strength: float) -> Picture:
    """Let the bundled model go over `marked` (BGR) within each hole (bool [H, W]) in turn."""
    from pipelines.prefill import coarse_fill
    from pipelines.restorer import _composited, told_of
    from pipelines.sampling import Plane, flow
    from pipelines.tiles import HoleValues, Window

    pixels = np.ascontiguousarray(marked[..., ::-1])
    for hole in holes:
        coarse = coarse_fill(pixels, hole)

        def told(window: Window, pixels=pixels, hole=hole, coarse=coarse):
            return told_of(window, pixels, hole, coarse)

        plane, start = Plane(hole, TILE_PX, told, None), HoleValues(hole, TILE_PX)
        for tile in plane.tiles:
            start.write(tile, tile, pixels[tile.slices()].astype(np.float32) / 255)
        values = flow(pipe.network, pipe.scheduler, plane, start, texture=strength, seed=1, hypothesis=0, tick=lambda: None)
        pixels = _composited(pixels, hole, plane.tiles, values)
    return np.ascontiguousarray(pixels[..., ::-1])


def squares(shape: tuple[int, ...]) -> list[np.ndarray]:
    """Two masks, bool [H, W]: the black and the white squares of a chessboard."""
    rows, columns = np.indices(shape[:2]) // SQUARE_PX
    return [(rows + columns) % 2 == odd for odd in (0, 1)]


def middle(shape: tuple[int, ...]) -> np.ndarray:
    """The middle quarter of the area, bool [H, W]."""
    hole = np.zeros(shape[:2], bool)
    h, w = shape[:2]
    hole[h // 4 : h - h // 4, w // 4 : w - w // 4] = True
    return hole


def round_trip(folder: Path) -> Attack:
    """A picture to the latents of an AutoencoderKL and back; sides are cut to multiples of 8."""
    import torch
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()

    def there_and_back(p: Picture) -> Picture:
        h, w = (n // 8 * 8 for n in p.shape[:2])
        values = torch.from_numpy(np.ascontiguousarray(p[:h, :w, ::-1])).permute(2, 0, 1)[None].float() / 127.5 - 1
        with torch.no_grad():
            back = vae.decode(vae.encode(values).latent_dist.mode()).sample[0].permute(1, 2, 0).numpy()
        return np.clip(np.rint((back[..., ::-1] + 1) * 127.5), 0, 255).astype(np.uint8)

    return there_and_back


def run(works: list[tuple[str, Picture]], vae: Path | None) -> dict:
    """Count what can be read; PSNR in dB between the marked and the redrawn pixels says how far the model went."""
    import torch

    from pipelines.bundled import bundled_digest
    from pipelines.hub import load_restoration

    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    mark, pipe, start = Watermark(KEY), load_restoration(), time.perf_counter()
    back = round_trip(vae) if vae is not None else None
    whole, region = ({s: {"read": 0, "of": 0, "db": []} for s in STRENGTHS} for _ in range(2))
    latents = {"read": 0, "of": 0}
    for _, work in works:
        for rows, mask in ((whole, None), (region, middle(work.shape))):
            marked = mark.embed(work, HANDLE, mask)
            if marked.handle is None:
                continue
            holes = squares(work.shape) if mask is None else [mask]
            for strength, row in rows.items():
                copy = redrawn(pipe, marked.pixels, holes, strength)
                found = mark.detect(copy, search=False)
                row["read"] += found is not None and found.handle == HANDLE
                row["of"] += 1
                part = mask if mask is not None else np.ones(work.shape[:2], bool)
                row["db"].append(psnr(marked.pixels[part], copy[part]))
            if mask is None and back is not None:
                found = mark.detect(back(marked.pixels))
                latents["read"] += found is not None and found.handle == HANDLE
                latents["of"] += 1

    def told(rows: dict) -> list[dict]:
        return [
            {"strength": s, "read": [r["read"], r["of"]], "db": round(float(np.mean(r["db"])), 1)}
            for s, r in rows.items()
            if r["of"]
        ]

    return {
        "scheme": SCHEME,
        "loudest": LOUDEST,
        "pictures": len(works),
        "long_sides_px": [f(max(work.shape[:2]) for _, work in works) for f in (min, max)],
        "weights_sha256": bundled_digest(),
        "whole": told(whole),
        "region": told(region),
        "vae": latents if back is not None else None,
        "wall_s": round(time.perf_counter() - start),
    }


def section(result: dict) -> str:
    """The card's section, Markdown."""
    (least, most), count = result["long_sides_px"], result["pictures"]
    lines = [
        REDRAWN_HEADING,
        "",
        f"Written by `tests/benchmarks/watermark_redrawn.py`; pictures: {count}, with long sides of {least} to",
        f"{most} px. The bundled model (weights `{result['weights_sha256'][:12]}…`) mixes the marked pixels with noise,",
        "1 − s to s, and draws them again in its four steps. In dB: how far it went from the marked pixels.",
        "",
        "| strength s | whole picture | dB | only the middle quarter, which alone was marked | dB |",
        "| --- | --- | --- | --- | --- |",
    ]
    for one, other in zip(result["whole"], result["region"], strict=True):
        counts = [f"{r['read'][0]} of {r['read'][1]} | {r['db']}" for r in (one, other)]
        lines.append(f"| {one['strength']:g} | {' | '.join(counts)} |")
    vae = result["vae"]
    said = "not measured: no AutoencoderKL comes with the package,\nand `--vae FOLDER` measures with one of yours"
    if vae is not None:
        said = f"{vae['read']} of {vae['of']} read"
    lines += ["", f"A round trip through the latents of a VAE: {said}.", ""]
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pictures", type=int, default=6)
    parser.add_argument("--vae", type=Path)
    parser.add_argument("--card", type=Path)
    given = parser.parse_args()
    result = run(list(pictures(given.data, given.pictures, None)), given.vae)
    if given.card:
        given.card.write_text(with_section(given.card.read_text("utf-8"), section(result)), encoding="utf-8")
    json.dump(result, sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
