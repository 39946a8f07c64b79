"""Finding the Record of a copy that lost its credential: by the watermark, the fingerprint, or its corners.

The cheap looks come first: the mark where it lies upright, the fingerprint, the corners, and only then the mark in every turn
and size. What one layer finds, the corners check (`keypoints.py`), since a watermark can be lifted off one picture and laid on
another; and where the corners found the work, the copy is laid straight and its mark read after all, since only a mark can
tell one hypothesis from the next.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from provenance.archive import Archive
from provenance.errors import DecodeError, ProvenanceError
from provenance.home import Home
from provenance.keys import existing_mark_key

if TYPE_CHECKING:
    import numpy as np

    from provenance.keypoints import Alignment, Keypoints
    from provenance.likeness import Likeness
    from provenance.watermark import Watermark

FILE_LIMIT_BYTES = 2**30
SAME_FRAME = 0.02            # of the long side: how far a corner of the frame may wander when nothing was cut or turned
CERTAIN_INLIERS = 40         # more than three times what is asked for: no other picture needs to be looked at
TELLING_CORNERS = 100        # below, a picture is too plain for its corners to deny anything
CAUTION = "a fingerprint cannot tell a restoration from its source, or one hypothesis from another"


@dataclass(frozen=True, eq=False)
class Recovery:
    """What led where.

    Attributes:
        record, record_bytes: the Record, or None when a mark was read whose Record is not kept here.
        output: the file of the Record that this is a copy of.
        layer: "watermark", "fingerprint" or "corners"; None when nothing was found.
        reasons: sentences, with the layer's score.
        match: "exact" (every pixel), "re-encoded" (the whole picture, other samples), "transformed" (cut, turned, scaled apart
            or seen at an angle), "differs" (the handle of another picture: possibly a transplant), "unchecked" (too plain, or
            its likeness is not kept here), None without a Record.
        alignment: how the copy lies on the work, or None.
        suspected: the output whose handle a picture carries that is not it; only with match "differs".
    """

    record: dict | None
    record_bytes: bytes | None
    output: dict | None
    layer: str | None
    reasons: tuple[str, ...]
    match: str | None = None
    alignment: Alignment | None = None
    suspected: dict | None = None


def recover(path: Path, home: Home) -> Recovery:
    """Look at the pixels of a file. Never raises for what is in the file; `reasons` says which layers had no answer."""
    from provenance.encode import decode

    try:
        if path.stat().st_size > FILE_LIMIT_BYTES:
            raise DecodeError("it is too large to be searched")
        pixels = decode(path.read_bytes())
    except DecodeError as error:
        return Recovery(None, None, None, None, (f"no pixels to search: {error}",))
    except OSError as error:
        return Recovery(None, None, None, None, (f"no pixels to search: {error.strerror}",))
    return recover_pixels(pixels, home)


def recover_pixels(pixels: np.ndarray, home: Home) -> Recovery:
    """Look at pixels, uint8 or uint16, [H, W], [H, W, 3] or [H, W, 4]."""
    case = _Case(pixels, home)
    found = case.by_watermark(search=False)
    if found is None:
        found = case.by_fingerprint() or case.by_corners()
        found = case.told_apart(found) if found is not None else case.by_watermark(search=True)
    return found or Recovery(None, None, None, None, tuple(case.missed), case.match, None, case.suspected)


class _Case:
    """One picture that is asked about; its corners are sought once, when they are first needed."""

    def __init__(self, pixels: np.ndarray, home: Home):
        from provenance.likeness import Likenesses

        self.pixels, self.home = pixels, home
        self.archive, self.likenesses = Archive(home.records), Likenesses(home.records)
        self.missed: list[str] = []
        self.match: str | None = None
        self.suspected: dict | None = None
        self._corners: dict[tuple[bool, int], Keypoints] = {}

    def by_watermark(self, *, search: bool) -> Recovery | None:
        """Read the mark; `search` also looks for one that was turned or scaled, which takes seconds."""
        if self._marks is None or self.suspected is not None:
            return None
        found = self._marks.detect(self.pixels, search=search)
        if found is not None:
            return self._of_handle(f"{found.handle:012x}", found.score)
        if search:
            self.missed.append("no watermark of this machine")
        return None

    def told_apart(self, found: Recovery) -> Recovery:
        """Lay a copy straight on the work that was found, and let its mark say which of the look-alikes it is."""
        if found.alignment is None or self._marks is None or found.output is None:
            return found
        import cv2
        import numpy as np

        known = self.likenesses.load(found.output["sha256"], with_mask=False)
        if known is None or max(known.keypoints.size) > 4 * max(self.pixels.shape[:2]):
            return found
        straight = cv2.warpPerspective(
            np.ascontiguousarray(self.pixels), found.alignment.matrix, known.keypoints.size, flags=cv2.INTER_CUBIC
        )
        mark = self._marks.detect(straight, search=False)
        better = self._of_handle(f"{mark.handle:012x}", mark.score) if mark is not None and self.suspected is None else None
        return better if better is not None and better.record is not None else found

    @cached_property
    def _marks(self) -> Watermark | None:
        try:
            key = existing_mark_key(self.home.keys)
        except ProvenanceError as error:
            self.missed.append(f"no watermark could be looked for: {error}")
            return None
        if key is None:
            self.missed.append("no watermark could be looked for: this machine has never marked anything")
            return None
        from provenance.watermark import Watermark

        return Watermark(key)

    def _of_handle(self, handle: str, score: float) -> Recovery | None:
        said = f"its watermark {handle} (score {score:.1f}) was made by this machine"
        for record_bytes, record in self._records("handle", handle):
            output = next((o for o in record["outputs"] if (o.get("watermark") or {}).get("handle") == handle), None)
            if output is None:
                continue
            match, alignment, why = self._compared(output)
            name = f"{output['name']} of {record['made']}"
            if match == "differs":
                # Its own fingerprint or corners may still lead to the work that it really is a copy of.
                self.match, self.suspected = match, output
                self.missed.append(f"{said} for {name}, but the picture is another one ({why}): possibly a transplanted mark")
                return None
            return Recovery(record, record_bytes, output, "watermark", (f"{said} and leads to {name}", why), match, alignment)
        return Recovery(None, None, None, "watermark", (f"{said}, but its Record is not kept here",))

    def by_fingerprint(self) -> Recovery | None:
        from provenance.fingerprint import SAME_WORK, distance, fingerprint
        from provenance.seal import is_flat

        known = self.archive.fingerprints()
        if not known or is_flat(self.pixels):
            return None
        ours = fingerprint(self.pixels)
        for bits, near in sorted((distance(ours, other), other) for other in known):
            if bits > SAME_WORK:
                break
            for record_bytes, record in self._records("fingerprint", near):
                output = next((o for o in record["outputs"] if o.get("fingerprint") == near), None)
                match, alignment, why = self._compared(output) if output is not None else ("differs", None, "")
                if output is not None and match != "differs":
                    said = f"it looks like {output['name']} of {record['made']} (fingerprint, {bits} of 64 bits differ)"
                    reasons = (said, why, CAUTION, *self.missed)
                    return Recovery(record, record_bytes, output, "fingerprint", reasons, match, alignment, self.suspected)
        self.missed.append("no fingerprint near it")
        return None

    def by_corners(self) -> Recovery | None:
        """Ask all likenesses at once; the dearest layer, and the only one that finds a small cutting without a mark."""
        from provenance.keypoints import CUTTING_PX, LEAST_INLIERS, LONG_SIDE_PX, align
        from provenance.likeness import Corners

        kept = dict(self.likenesses.all())
        if not kept or len(self._sought(False)) < LEAST_INLIERS:
            return None
        index = Corners((name, one.keypoints) for name, one in kept.items())
        for is_mirrored, size in ((False, LONG_SIDE_PX), (False, CUTTING_PX), (True, LONG_SIDE_PX)):
            copy, best = self._sought(is_mirrored, size), None
            for name, _ in index.like(copy):
                found = align(copy, kept[name].keypoints, is_mirrored=is_mirrored)
                if found is not None and (best is None or found.inliers > best[1].inliers):
                    best = name, found
                    if found.inliers >= CERTAIN_INLIERS:
                        break
            if best is not None:
                return self._of_corners(*best, kept[best[0]])
        self.missed.append("its corners fit no picture that was sealed here")
        return None

    def _of_corners(self, name: str, alignment: Alignment, known: Likeness) -> Recovery | None:
        for record_bytes, record in self._records("output", name):
            output = next((o for o in record["outputs"] if o["sha256"] == name), None)
            if output is not None:
                said = f"{alignment.inliers} of its corners lie as in {output['name']} of {record['made']}"
                match, how = self._how(alignment, known.keypoints.size)
                reasons = (said, how, CAUTION, *self.missed)
                return Recovery(record, record_bytes, output, "corners", reasons, match, alignment, self.suspected)
        return None

    def _compared(self, output: dict) -> tuple[str, Alignment | None, str]:
        """Lay the picture on the one that a layer named: (match, alignment, sentence)."""
        from provenance.fingerprint import SAME_WORK, distance, fingerprint
        from provenance.keypoints import align
        from provenance.likeness import pixel_digest

        known = self.likenesses.load(output["sha256"], with_mask=False)
        if known is None:
            return "unchecked", None, "what that picture looks like is not kept here, so the two could not be compared"
        if self.pixels.shape[1::-1] == known.keypoints.size and pixel_digest(self.pixels) == known.pixels_sha256:
            return "exact", None, "every pixel is as it was sealed; only the file around them changed"
        found = align(self._sought(False), known.keypoints)
        if found is None:
            found = align(self._sought(True), known.keypoints, is_mirrored=True)
        if found is not None:
            match, how = self._how(found, known.keypoints.size)
            return match, found, how
        code = output.get("fingerprint")
        if code and distance(fingerprint(self.pixels), code) <= SAME_WORK // 2:
            return "re-encoded", None, "its corners are too few or too blurred to be compared, but its fingerprint is the same"
        if min(len(known.keypoints), len(self._sought(False))) < TELLING_CORNERS:
            return "unchecked", None, "the pictures are too plain to be compared corner by corner"
        return "differs", None, "its corners do not lie as in the sealed picture"

    def _how(self, alignment: Alignment, work: tuple[int, int]) -> tuple[str, str]:
        """Say what happened to the copy: (match, sentence)."""
        import cv2
        import numpy as np

        width, height = self.pixels.shape[1::-1]
        quad = alignment.corners((width, height))
        frame = np.array([[0, 0], [work[0] - 1, 0], [work[0] - 1, work[1] - 1], [0, work[1] - 1]], np.float64)
        fits = f"{alignment.inliers} corners lie as in the sealed picture"
        if np.abs(quad - frame).max() <= SAME_FRAME * max(work):
            return "re-encoded", f"it shows the whole picture, re-encoded or resized ({fits})"
        upright = quad if cv2.contourArea(quad.astype(np.float32), oriented=True) > 0 else quad[[1, 0, 3, 2]]
        shared = cv2.intersectConvexConvex(upright.astype(np.float32), frame.astype(np.float32))[0] / (work[0] * work[1])
        edge = upright[1] - upright[0]
        angle = -math.degrees(math.atan2(edge[1], edge[0]))
        parts = [f"it shows {min(shared, 1):.0%} of the picture".replace("%", " %")]
        parts += [f"turned by {abs(angle):.0f}°"] if abs(angle) >= 1 else []
        parts += ["mirrored"] if alignment.is_mirrored else []
        return "transformed", f"{', '.join(parts)} ({fits})"

    def _sought(self, is_mirrored: bool, long_side_px: int | None = None) -> Keypoints:
        from provenance.keypoints import LONG_SIDE_PX, SOUGHT, flip, keypoints

        wanted = is_mirrored, long_side_px or LONG_SIDE_PX
        if wanted not in self._corners:
            self._corners[wanted] = keypoints(flip(self.pixels) if is_mirrored else self.pixels, SOUGHT, wanted[1])
        return self._corners[wanted]

    def _records(self, way: str, key: str):
        """Yield (bytes, Record) of the kept Records that `way` leads to, the newest first."""
        for digest in self.archive.leading(way, key):
            loaded = self.archive.load(digest)
            if loaded is not None:
                yield loaded


def describe_source(path_digest: str, archive: Archive) -> str | None:
    """Return a sentence when a file is the very source of a Record, else None."""
    for digest in archive.leading("source", path_digest):
        loaded = archive.load(digest)
        if loaded is not None:
            names = ", ".join(output["name"] for output in loaded[1]["outputs"][:3])
            return f"it is a source from which {names} was made on {loaded[1]['made']}; nothing in it was changed by that"
    return None
