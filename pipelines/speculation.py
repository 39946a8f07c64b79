"""SpeculationPipeline: variants of what a drawing proposes, each with a measure of how faithful it stayed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler

from pipelines.errors import PixelsError
from pipelines.fidelity import Fidelity, fidelity
from pipelines.fidelity_openings import Openings
from pipelines.grid import Cell
from pipelines.hypotheses import texture_of
from pipelines.lines import extract_lines
from pipelines.network import RestorationNetwork
from pipelines.palette import OWN, coloured, inked, palette_of, tones, varied
from pipelines.prefill import COARSE, Conditions, given_fill
from pipelines.recolour import palette_distance, recoloured
from pipelines.request import SpeculationRequest
from pipelines.restorer import Progress, counter
from pipelines.sampling import STEPS, Plane, Told, flow, mean_mode, thumbnail
from pipelines.tiles import HoleValues, Window, tiles

LONGEST_PX = 2048  # larger sheets are drawn at this size
INK_OPACITY = 0.85
TEXTURE = 0.5  # of the strength
REACH = 1.4  # times the strength: the share of the network's answer over a massing; the usual 0.6 lets 84 % of it through
_MEAN_MARGIN_PX = COARSE  # the local mean reaches 7 px; windows stay on the grid of 8


@dataclass(frozen=True, eq=False)
class Start:
    """What a variant starts from where the drawing was understood: a lit picture of its massing.

    Attributes:
        picture: uint8 [H, W, 3], of the drawing's working size (`reduced`).
        lines: bool [H, W], the condition.
        classes: uint8 [H, W]: 0 = sky, 1 = wall, 2 = roof, 3 = opening, 4 = ground.
        depth: float32 [H, W], metres, for models that are led by it; not finite where nothing is, None where it is not known.
    """

    picture: np.ndarray
    lines: np.ndarray
    classes: np.ndarray
    depth: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Locked:
    """What of an earlier variant must stay, bit for bit.

    Attributes:
        where: bool [H, W], True where it stays; of the drawing's working size (`reduced`), not everywhere.
        picture: uint8 [H, W, 3], the earlier variant.
    """

    where: np.ndarray
    picture: np.ndarray

    def put(self, painted: np.ndarray) -> np.ndarray:
        """What was painted, with what is locked put back; uint8 [H, W, 3], or float32, 0…1."""
        picture = self.picture if painted.dtype == np.uint8 else self.picture.astype(np.float32) / 255
        return np.where(self.where[..., None], picture, painted)


@dataclass(frozen=True)
class SpeculationOutput:
    """What a speculation gives back.

    Attributes:
        variants: uint8 [H, W, 3] each, of the drawing's size, or reduced so that its longer side is 2048 px.
        fidelity: one for each variant, measured on what was painted, before the drawing's ink was laid over it.
        findings: JSON values for the Record: "painted_by" ("model", or "prefill" when the network added nothing),
            "palette" ("reference" or "own"), "ink_opacity", "size" [width, height], "prefill" ("massing" or "tones"), and
            "palette_distance" of each variant where there is a reference.
        acted: bool [H, W] each, where the model had a hand in a pixel; None for all of a variant without a massing.
    """

    variants: tuple[np.ndarray, ...]
    fidelity: tuple[Fidelity, ...]
    acted: tuple[np.ndarray | None, ...] = ()
    findings: dict = field(default_factory=dict)


class SpeculationPipeline(DiffusionPipeline):
    """The restoration network on a sheet that is all hole: lines from the drawing, colours from a palette.

    Args:
        network: the restoration network.
        scheduler: Euler steps of flow matching.
    """

    model_cpu_offload_seq = "network"

    def __init__(self, network: RestorationNetwork, scheduler: FlowMatchEulerDiscreteScheduler):
        super().__init__()
        import torch

        self.register_modules(network=network.eval().to(memory_format=torch.channels_last), scheduler=scheduler)

    def __call__(
        self,
        request: SpeculationRequest,
        drawing: np.ndarray,
        *,
        references: Mapping[str, np.ndarray] | None = None,
        starts: Sequence[Start] | None = None,
        openings: Openings | None = None,
        locked: Locked | None = None,
        on_progress: Progress | None = None,
    ) -> SpeculationOutput:
        """Paint variants of a drawing, one for each cell of the Request's grid.

        Where it was understood, each variant starts from a lit massing (`starts`), in the palette of the reference if there
        is one. The network follows the massing's lines and goes on with its picture; its answer counts on the building
        only, by 1.4 × the strength up to all of it: sky and ground, of which it knows nothing, stay as they were lit.

        Otherwise the drawing's tones, without its paper and smoothed until hatching becomes tone, are mapped to the palette
        of the reference, or to one of stone, slate and sky; from the second draw on the palette is shifted, the more the
        greater the strength. The network continues from there with the drawing's contours as its guide, each draw with
        noise of its own; its texture is half of the strength, since more grain hides the form (at strength 0 the first
        draw has none and the others 0.3). At the end the drawing's own ink is laid over every variant at 85 %: a small
        network blurs fine lines, and one that has learnt nothing leaves the flat colours, in which no line would be seen.
        Fidelity is therefore measured before the ink: a drawing laid over anything would agree with itself.

        Args:
            request: decides everything that is not a pixel; its model and prompts are not looked at here.
            drawing: uint8 [H, W, 3].
            references: uint8 [H, W, 3] each, by the digest that the cells name: pictures whose colours are wanted.
            starts: one for each variant, or None to start from the drawing's tones.
            openings: those of `drawing`, as a reader of drawings or a person knows them: each is looked for again in every
                variant. None when none are known.
            locked: what of an earlier variant stays; the network sees it as known and continues from there.
            on_progress: called with (done, total) after every tile; may raise to cancel.

        Raises:
            PixelsError: for a drawing or reference that is not uint8 [H, W, 3], a reference that is missing, starts of another
                size or number, or a locked picture of another size.
        """
        # 1. Check, and bring the sheet to working size.
        cells = request.cells
        check_sheet("drawing", drawing)
        liked = named_references(cells, references)
        drawing, scale = reduced(drawing)  # uint8 [H, W, 3]
        check_starts(starts, len(cells), drawing.shape)
        check_locked(locked, drawing.shape)
        wanted = openings.scaled(scale) if openings is not None else None

        # 2. Tones without paper, and the palettes. Lines: the guide.
        tone = tones(drawing)  # [H, W]
        palettes = {name: palette_of(one) for name, one in liked.items()}
        drawn = extract_lines(drawing)  # [H, W]
        # a massing brings its own grain of stone and slate; noise over it would be weather
        textures = [0.0 if starts else texture_of(cell.draw, TEXTURE * cell.strength) for cell in cells]
        hole = np.ones(tone.shape, bool) if locked is None else ~locked.where
        # over a massing strengths differ only by how much of one answer counts, so it is asked for once
        is_new = [not starts or _others(cells, starts, k) for k in range(len(cells))]
        evaluations = sum((1 + STEPS * (one > 0)) * new for one, new in zip(textures, is_new, strict=True))
        tick = counter(len(tiles(hole, request.tile_px)) * evaluations, on_progress)
        prefill = answer = np.empty(drawing.shape, np.float32)
        variants, scores, acted, is_painted = [], [], [], False

        for k, (cell, texture) in enumerate(zip(cells, textures, strict=True)):
            if is_new[k]:
                # 3. The massing, or the tones in the variant's colours, are its prefill; the whole sheet is the hole.
                reference = liked.get(cell.reference_sha256 or "")
                if starts:
                    prefill, lines = _lit(starts[k], reference), starts[k].lines  # [H, W, 3], [H, W]
                else:
                    palette = palettes.get(cell.reference_sha256 or "", OWN)
                    prefill, lines = coloured(tone, varied(palette, cell.strength, request.seed, cell.draw)), drawn
                prefill = prefill if locked is None else locked.put(prefill)
                told = partial(told_of_sheet, prefill=prefill, lines=lines, locked=locked)
                style = thumbnail(prefill if reference is None else reference.astype(np.float32) / 255)
                plane = Plane(hole, request.tile_px, told, style)

                # 4. Mean mode, then flow mode; noise keyed on (seed, draw, y, x).
                mean, _ = mean_mode(self.network, plane, tick)
                values = mean
                if texture > 0:
                    seed = {"seed": request.seed, "hypothesis": cell.draw}
                    values = flow(self.network, self.scheduler, plane, mean, texture=texture, tick=tick, **seed)
                answer = _joined(plane, values)  # [H, W, 3]
                answer = answer if locked is None else locked.put(answer)
            share = _share(starts[k], cell.strength) if starts else None
            painted = answer if share is None else prefill + share * (answer - prefill)
            is_painted = is_painted or bool((np.abs(painted - prefill) > 1e-6).any())

            # 5. Measure, then lay the ink over: a massing has grooves of its own and needs none.
            scores.append(fidelity(drawing, _bytes(painted), wanted))
            variant = _bytes(painted if starts else inked(painted, tone, INK_OPACITY))
            variants.append(variant if locked is None else locked.put(variant))
            # what is locked was made by a model, too, when the earlier variant was drawn
            acted.append(None if share is None else (share[..., 0] > 0) | (locked is not None and locked.where))

        findings = {
            "painted_by": "model" if is_painted else "prefill",
            "prefill": "massing" if starts else "tones",
            "palette": "reference" if liked else "own",
            "ink_opacity": 0.0 if starts else INK_OPACITY,
            "size": [drawing.shape[1], drawing.shape[0]],
        }
        if liked:
            findings["palette_distance"] = [
                round(palette_distance(one, liked[cell.reference_sha256]), 2) if cell.reference_sha256 else None
                for one, cell in zip(variants, cells, strict=True)
            ]
        return SpeculationOutput(tuple(variants), tuple(scores), tuple(acted), findings)


def _others(cells: Sequence[Cell], starts: Sequence[Start], k: int) -> bool:
    """Whether a cell starts from another picture, or in another palette, than the one before it."""
    return k == 0 or starts[k] is not starts[k - 1] or cells[k].reference_sha256 != cells[k - 1].reference_sha256


def named_references(cells: Sequence[Cell], references: Mapping[str, np.ndarray] | None) -> dict[str, np.ndarray]:
    """The pictures that the cells name, by digest. Raises: PixelsError for one that is missing or no picture."""
    found = {}
    for name in dict.fromkeys(cell.reference_sha256 for cell in cells if cell.reference_sha256):
        if references is None or name not in references:
            raise PixelsError(f"a variant takes its colours from the picture {name[:12]}…, which was not given.")
        check_sheet("reference", references[name])
        found[name] = references[name]
    return found


def check_sheet(name: str, pixels: np.ndarray) -> None:
    """Refuse what is not uint8 [H, W, 3] with at least 16 px a side."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or min(pixels.shape[:2]) < 16:
        raise PixelsError(f"the {name} is {pixels.dtype} of shape {pixels.shape}: give uint8 [H, W, 3], at least 16 px a side.")


def check_starts(starts: Sequence[Start] | None, variants: int, shape: tuple[int, ...]) -> None:
    """Refuse starts of another number or size. Raises: PixelsError."""
    if starts is None:
        return
    planes = [part for one in starts for part in (one.lines, one.classes, one.depth) if part is not None]
    sizes = {one.picture.shape[:2] for one in starts} | {plane.shape for plane in planes}
    if len(starts) != variants or sizes != {shape[:2]}:
        raise PixelsError(
            f"{len(starts)} starts of {sorted(sizes)} for {variants} variants of {shape[:2]}: one each, of its size."
        )


def check_locked(locked: Locked | None, shape: tuple[int, ...]) -> None:
    """Refuse a locked picture of another size, or one that leaves nothing to draw. Raises: PixelsError."""
    if locked is None:
        return
    if locked.where.shape != shape[:2] or locked.picture.shape[:2] != shape[:2] or locked.where.all():
        raise PixelsError(
            f"what is locked is {locked.picture.shape[:2]} and the drawing {shape[:2]}: give the variant's own size, and leave "
            "something unlocked."
        )


def reduced(drawing: np.ndarray) -> tuple[np.ndarray, float]:
    """The sheet at working size, uint8 [H, W, 3], its longer side at most 2048 px; and the factor by which it shrank."""
    height, width = drawing.shape[:2]
    if max(height, width) <= LONGEST_PX:
        return drawing, 1.0
    scale = LONGEST_PX / max(height, width)
    return cv2.resize(drawing, (round(width * scale), round(height * scale)), interpolation=cv2.INTER_AREA), scale


def told_of_sheet(window: Window, prefill: np.ndarray, lines: np.ndarray, locked: Locked | None = None) -> Told:
    """What the network is told of a window of a sheet: nothing is known but soft colours, lines, and what is locked.

    Args:
        window: may reach beyond the sheet.
        prefill: float32 [H, W, 3], 0…1.
        lines: bool [H, W].
        locked: what stays of an earlier variant, as it stands in `prefill`; None for nothing.
    """
    wide = window.grown(_MEAN_MARGIN_PX)
    fill, free = np.ascontiguousarray(wide.cut(prefill)), np.ones(lines.shape, bool) if locked is None else ~locked.where
    told, inner = given_fill(fill, wide.cut(free), fill), window.within(wide)
    hole = window.cut(free)
    conditions = Conditions(told.fill[inner], told.mean[inner], told.distance[inner])
    none = np.zeros(hole.shape, np.float32)
    return Told(conditions, hole, window.cut(lines).astype(np.float32), none + 1, none)


def _joined(plane: Plane, values: HoleValues) -> np.ndarray:
    height, width = plane.hole.shape
    return values.read(Window(0, height, 0, width))


def _lit(start: Start, reference: np.ndarray | None) -> np.ndarray:
    """A massing's picture, float32 [H, W, 3], 0…1, in the reference's palette if there is one."""
    picture = start.picture.astype(np.float32) / 255
    return picture if reference is None else recoloured(picture, start.classes, reference)


def _share(start: Start, strength: float) -> np.ndarray:
    """How much of the network's answer counts, float32 [H, W, 1]: on the building, with a soft border."""
    building = ((start.classes >= 1) & (start.classes <= 3)).astype(np.float32)
    soft = np.minimum(cv2.GaussianBlur(building, (0, 0), 1.0), building)
    return (min(1.0, REACH * strength) * soft)[..., None]


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8)
