"""From an archival drawing to sealed variants that say how far they keep to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from pipelines.errors import RequestError
from pipelines.fidelity_openings import Openings
from pipelines.grid import Cell, grid
from provenance.home import Home
from studio.ancestry import held
from studio.drawings.corrections import MOST, CorrectionError, parsed
from studio.drawings.reading import Box, FacadeReading, Rectified
from studio.errors import NoDrawingError
from studio.massing import Massing
from studio.sealed_reading import SealedReading, sealed_reading
from studio.sources import Source, open_source
from studio.variants import variants_draft

TOLERANCE_M = 0.05  # how far a door or window may be off and count as kept, where the sheet's scale was read …
TOLERANCE_PX = 2.0  # … and where that is less than two pixels, two
SURE = 0.5  # of a façade's reading, below which its outline decides nothing
MARGIN = 0.06  # of the building's longer side: air around it
MASSING_PX = 1024  # longer side of a sheet that is drawn from its massing: larger ones take a quarter of an hour on two cores
PRESETS = ("ashlar-slate-sash", "brick-slate-sash", "render-tile-casement", "rubble-tile-casement")  # of unasked variants
POINTED = "ashlar-slate-tracery"  # of the first variant where most arched heads are pointed


@dataclass(frozen=True, eq=False)
class Part:
    """What of a sheet is drawn after.

    Attributes:
        pixels: uint8 [h, w, 3], upright.
        notes: what was done to the sheet, one sentence each.
        reading: of the façade where it is sure enough, else None; its pixels are those of the whole sheet.
        box: of `pixels` in the reading's picture.
        corrected: openings and scale as a person left them (`facade_corrected.facade_values`); None where nobody was asked.
    """

    pixels: np.ndarray
    notes: tuple[str, ...] = ()
    reading: FacadeReading | None = None
    box: Box = (0, 0, 0, 0)
    corrected: dict | None = None

    @property
    def frame(self) -> Box | None:
        """Which part of the rectified sheet is shown; None where it was not read and is shown as it came."""
        return None if self.reading is None else self.box

    def openings(self) -> Openings | None:
        """The openings that were read, in pixels of `pixels`; None when there are none."""
        if self.reading is None or not self.reading.openings:
            return None
        x0, y0, x1, _ = self.box
        px_per_m = self.reading.scale.px_per_m if self.reading.scale is not None else None
        boxes = tuple((one.box[0] - x0, one.box[1] - y0, one.box[2] - x0, one.box[3] - y0) for one in self.reading.openings)
        scale = self.pixels.shape[1] / (x1 - x0)
        tolerance_px = None if px_per_m is None else max(TOLERANCE_M * px_per_m, TOLERANCE_PX / scale)
        by_person = frozenset(k for k, one in enumerate(self.reading.openings) if one.by_person)
        return Openings(boxes, tolerance_px, by_person).scaled(scale)


def speculate(
    drawing: Path,
    out: Path,
    *,
    home: Home,
    references: Sequence[Path] = (),
    prompts: Sequence[str] = (),
    presets: Sequence[str] = (),
    strengths: Sequence[float] = (),
    variants: int | None = None,
    model: str = "bundled",
    lora: Path | None = None,
    memory: str = "full",
    seed: int = 0,
    ancestor: Path | None = None,
    lock: Path | None = None,
    corrections: str | None = None,
    reading: Path | None = None,
    rights: str | None = None,
    strict_rights: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
):
    """Draw variants of what a sheet proposes, measure each against its lines, and seal them.

    Args:
        drawing: elevation or view.
        out: folder of the Release; must not exist yet, or be empty.
        references: pictures whose palettes the variants take.
        prompts: words for a model that reads some.
        presets: materials of the massings; left out, a rule chooses others for each draw.
        strengths: 0…1, how far a variant may leave what it starts from; 0.6 when left out.
        variants: how many in all, at most 16. Every combination of the four is drawn once at least, and then again in another
            light and with another seed; None: once each, or four draws where there is but one.
        model: "bundled", a folder, a safetensors file, a hub id that was fetched, or "BASE+CONTROLNET" of these.
        lora: safetensors file of differences to add to a model from elsewhere.
        memory: how a model from elsewhere is made to fit: "full", "offload", "sequential", "8bit" or "4bit".
        ancestor, lock: a sealed variant of this drawing, and a mask of its size, white where it must stay as it is.
        corrections: the openings of the elevation, and its scale, as a person corrected them: JSON as
            `drawings.corrections.parsed` takes it, against what `drawn_part` reads, in the sheet's own pixels.
        reading: instead, a sealed reading.json of this drawing, corrected in the page's tab Read or not.

    Returns:
        provenance.release.Release
    Raises:
        AncestorError for a variant that was changed or belongs to another drawing, or when one of the two is missing.
        PresetError for materials that nobody knows, RequestError for more than 16 variants, before anything is read.
        RequestError for several prompts to a model that reads none.
        NoDrawingError for a sheet without any line.
        CorrectionError for corrections that make no sense or fit no elevation, before any model runs.
    """
    from blender_addon.scenes.presets import preset
    from provenance.release import check_folder, check_rights, release
    from studio.models import pins_for

    # 1. Open, and refuse what may not be done before any model runs.
    check_folder(out)
    pins = pins_for(model, home)
    presets = tuple(preset(name).name for name in presets)
    grid(variants, presets=presets, prompts=prompts, strengths=strengths)  # too many are refused before a file is opened
    sheet = open_source(drawing, rights=rights)
    check_rights(sheet.rights, strict_rights)
    palettes = {one.sha256: one for one in map(open_source, references)}
    for one in palettes.values():
        check_rights(one.rights, strict_rights)
    cells = grid(variants, presets=presets, references_sha256=tuple(palettes), prompts=prompts, strengths=strengths)
    earlier = held(ancestor, lock, sheet, home)
    known = _known(corrections, reading, sheet, home)

    # 2. Load the model, so that a wrong name fails at once; read, and build a lit massing of what was read for each variant.
    from pipelines.guest_speculation import GuestSpeculation
    from pipelines.hub import load_speculation
    from pipelines.lines import extract_lines
    from pipelines.memory import Memory
    from pipelines.request import Precision, SpeculationRequest
    from pipelines.speculation import Locked, Start
    from pipelines.statement import statement

    fitted = Memory(memory)
    pipeline = load_speculation(model, pins=pins, lora=lora, memory=fitted)
    precision: Precision = fitted.precision if isinstance(pipeline, GuestSpeculation) else "32bit"
    if len(set(prompts)) > 1 and not isinstance(pipeline, GuestSpeculation):
        raise RequestError("Several prompts were given to a model that reads none: name one that does (--model), or give none.")
    said = statement(model, draws=True, pins=pins, lora=lora, precision=precision)
    part = drawn_part(eight_bit_rgb(sheet.pixels), corrections, known)
    if part.reading is None and not extract_lines(part.pixels).any():
        raise NoDrawingError(f"{sheet.name} shows no line: there is nothing to draw variants after. Nothing was sealed.")
    half = _half(on_progress, 0)
    part, cells, built = _built(part, cells, seed, sheet.sha256, half)

    # 3. Ask, and let the pipeline answer.
    request = SpeculationRequest(
        source_sha256=sheet.sha256,
        cells=cells,
        seed=seed,
        model=model,
        weights_sha256=said["weights_sha256"],
        ancestor_sha256=earlier.variant.source.sha256 if earlier else None,
        locked_sha256=earlier.mask.sha256 if earlier else None,
        lora_sha256=said.get("lora_sha256"),
        precision=precision,
        corrections=None if corrections is None else parsed(corrections, sheet.size, MOST).as_json(),
        reading_sha256=known.sha256 if known else None,
    )
    once = {id(one): Start(one.beauty, one.lines, one.classes, one.depth) for one in built}
    output = pipeline(
        request,
        part.pixels,
        references={name: eight_bit_rgb(one.pixels) for name, one in palettes.items()},
        starts=[once[id(one)] for one in built] or None,
        openings=part.openings(),
        locked=earlier and Locked(earlier.mask.pixels, earlier.variant.source.pixels),
        on_progress=_half(on_progress, 1) if built else on_progress,
    )

    # 4. Say what is what, and seal it.
    inputs = (sheet.note("input"), *(one.note("input") for one in palettes.values()), *((known.note(),) if known else ()),
              *(earlier.notes() if earlier else ()))  # fmt: skip
    part = replace(part, notes=(*part.notes, *fitted.notes))
    draft = variants_draft(sheet, part, request, said, output, inputs, built)
    if earlier:
        where = earlier.mask.pixels
        files = tuple(replace(one, fixed=where) if one.role == "variant" else one for one in draft.files)
        findings = {**draft.findings, "lineage": list(earlier.variant.lineage)}
        draft = replace(draft, files=files, findings=findings, assumptions=(*draft.assumptions, *earlier.said()))
    return release(draft, out, home, strict_rights=strict_rights)


def _known(corrections: str | None, reading: Path | None, sheet: Source, home: Home) -> SealedReading | None:
    """The sealed reading that was given; corrections are looked at once here, before the sheet is read and a model loaded."""
    if corrections is not None and reading is not None:
        raise CorrectionError("Corrections and a corrected reading were given: give one of the two.")
    if corrections is not None:
        parsed(corrections, sheet.size, MOST)
    return None if reading is None else sealed_reading(reading, sheet, home)


def drawn_part(sheet: np.ndarray, corrections: str | None = None, known: SealedReading | None = None) -> Part:
    """The building without the sheet's title, frame and scale bar, where one elevation can be read; else the whole sheet.

    Args:
        sheet: uint8 [H, W, 3].
        corrections, known: what a person said of its openings, as for `speculate`.

    Raises:
        CorrectionError: for corrections of what was not read, or of a sheet on which nothing was.
    """
    from studio.drawings.facade_corrected import by_corrections, laid_over, said_of
    from studio.errors import DrawingError

    try:
        reading, upright = read_elevation(sheet, known.box if known else None)
    except DrawingError as error:
        if corrections is not None or known is not None:
            raise CorrectionError(f"No elevation was read on this sheet, so none can be corrected: {error}") from error
        return Part(sheet)
    values = None if known is None else known.values
    if corrections is not None:
        values = by_corrections(reading, upright, (sheet.shape[1], sheet.shape[0]), corrections)
    hand = () if values is None else said_of(values)
    reading = reading if values is None else laid_over(values, reading, upright)
    if reading.silhouette is None or reading.confidence < SURE:
        return Part(sheet, hand, corrected=values)
    height, width = reading.picture.shape[:2]
    (left, top), (right, bottom) = reading.silhouette.min(0), reading.silhouette.max(0)
    margin = MARGIN * max(right - left, bottom - top)
    x0, y0 = max(0, round(float(left - margin))), max(0, round(float(top - margin)))
    x1, y1 = min(width, round(float(right + margin))), min(height, round(float(bottom + margin)))
    alone = _alone(reading.picture, reading.silhouette, round(float(bottom)))
    where = f"columns {x0}…{x1}, rows {y0}…{y1} of the sheet turned by {reading.angle:.2f}°"
    said = f"Drawn after the building alone, without lettering and frame: {where}."
    return Part(np.ascontiguousarray(alone[y0:y1, x0:x1]), (said, *hand), reading, (x0, y0, x1, y1), values)


def read_elevation(sheet: np.ndarray, box: Box | None = None) -> tuple[FacadeReading, Rectified]:
    """The elevation of a sheet, and the upright sheet in whose pixels it was read.

    Args:
        sheet: uint8 [H, W, 3].
        box: of the elevation where the sheet carries more than it, pixels of `sheet`.

    Raises: NoDrawingError when nothing stands on it that could be a building.
    """
    from studio.drawings.facade import read_facade
    from studio.drawings.facade_corrected import on_picture
    from studio.drawings.rectify import rectified

    upright = rectified(sheet)
    return read_facade(upright, None if box is None else on_picture(box, upright)), upright


def _built(
    part: Part, cells: tuple[Cell, ...], seed: int, sha256: str, on_progress: Callable[[int, int], None] | None
) -> tuple[Part, tuple[Cell, ...], list[Massing]]:
    """The part at the massing's working size, the cells with their materials, and the massing of each.

    Cells of the same materials in the same light share one. Nothing read or built: no materials and no massing.
    """
    from blender_addon.errors import BlenderNotFoundError, DrawingError
    from studio.massing import elevation_of, engraved, hour_of, massings

    def without(why: str) -> tuple[Part, tuple[Cell, ...], list[Massing]]:
        bare = tuple(replace(cell, preset=None) for cell in cells)
        return replace(part, notes=(*part.notes, f"{why} Its flattened tones are where the variants start.")), bare, []

    reading = part.reading
    if reading is None or reading.facade is None:
        return without("The drawing was not read surely enough to be built.")
    height, width = part.pixels.shape[:2]
    scale = min(1.0, MASSING_PX / max(height, width))
    size = (max(16, round(width * scale)), max(16, round(height * scale)))
    small = part.pixels if scale == 1 else cv2.resize(part.pixels, size, interpolation=cv2.INTER_AREA)
    rule = _by_rule(reading)
    named = tuple(replace(cell, preset=cell.preset or rule[cell.draw % len(rule)]) for cell in cells)
    looks = [(cell.preset or "", hour_of(cell.draw, cell.strength)) for cell in named]
    distinct = list(dict.fromkeys(looks))
    drawn, said = elevation_of(reading, part.box, size, part.pixels)
    names, hours = [name for name, _ in distinct], [hour for _, hour in distinct]
    try:
        built = massings(drawn, names, hours, source_sha256=sha256, seed=seed, on_progress=on_progress)
    except (BlenderNotFoundError, DrawingError) as error:
        return without(f"No massing was built: {error}")
    notes = (*part.notes, *said, *dict.fromkeys(line for one in built for line in one.model.assumptions))
    known = dict(zip(distinct, (engraved(one, part.pixels) for one in built), strict=True))
    return replace(part, pixels=small, notes=notes), named, [known[look] for look in looks]


def _half(on_progress: Callable[[int, int], None] | None, number: int) -> Callable[[int, int], None] | None:
    """Progress of the first or second half of the work, told as that of the whole: massings take about as long as the model."""
    if on_progress is None:
        return None
    return lambda done, total: on_progress(number * total + done, 2 * total)


def _by_rule(reading: FacadeReading) -> list[str]:
    """Materials for somebody who named none: dressed stone first, with tracery where arches are pointed."""
    arched = [one.head for one in reading.openings if one.head != "flat"]
    is_gothic = arched.count("pointed") > len(arched) / 2
    return [POINTED, *PRESETS[1:]] if is_gothic else list(PRESETS)


def _alone(picture: np.ndarray, silhouette: np.ndarray, ground: int) -> np.ndarray:
    """The sheet with blank paper wherever the building and the ground are not."""
    inside = np.zeros(picture.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.rint(silhouette).astype(np.int32)], 1)
    inside[:ground] = np.maximum.accumulate(inside[:ground], 0)  # a blank wall under a drawn roof belongs to it
    reach = 2 * round(0.01 * max(picture.shape[:2])) + 1  # a cornice's profile may stand out of the read outline
    inside = cv2.dilate(inside, np.ones((reach, reach), np.uint8))
    below = ground + max(3, reach // 4)
    inside[ground - 2 : below] = 1  # the ground's line; grass and shadows below it are no building
    inside[below:] = 0
    ring = cv2.dilate(inside, np.ones((4 * reach + 1, 4 * reach + 1), np.uint8)) > inside
    paper = np.median(picture[ring], axis=0) if ring.any() else np.full(3, 255)
    return np.where(inside[..., None] > 0, picture, paper.astype(np.uint8))


def eight_bit_rgb(pixels: np.ndarray) -> np.ndarray:
    """uint8 [H, W, 3] of a picture of any kind; transparent parts become white paper."""
    if pixels.dtype == np.uint16:
        pixels = np.rint(pixels / np.float32(257)).astype(np.uint8)
    if pixels.ndim == 2:
        return np.repeat(pixels[..., None], 3, 2)
    if pixels.shape[2] == 4:
        alpha = pixels[..., 3:].astype(np.float32) / 255
        return np.rint(pixels[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return pixels
