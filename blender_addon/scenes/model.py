"""SceneModel: a building or a room in metres, whose every solid says how well it is known, by whom, and from what.

Frame: x right or east, y north (into the picture), z up; metres. `scene.json` carries what is said about the solids,
`scene.glb` their geometry and pictures, joined by id.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from ..errors import OpenSolidError, SceneError, SceneFileError
from .closed import complaint
from .levels import ASPECTS, level, uncertainty
from .shares import Covering, Shares, shares
from .texture import Texture

FORMAT = "anastylosis-scene/1"
Author = Literal["drawing", "rule", "AI", "person"]
AUTHORS: tuple[str, ...] = ("drawing", "rule", "AI", "person")
LIGHTS: tuple[str, ...] = ("sun", "area", "point")
Vector = tuple[float, float, float]


@dataclass(frozen=True)
class Evidence:
    """What an element was read from.

    Attributes:
        source_sha256: digest of the sheet's file, 64 hexadecimal digits; empty when nobody gave one.
        region: x0, y0, x1, y1 in the sheet's pixels, y down; None for the whole sheet.
        note: one sentence: what was read there, or which rule was applied.
    """

    source_sha256: str = ""
    region: tuple[float, float, float, float] | None = None
    note: str = ""

    def __post_init__(self):
        if self.region is not None:
            object.__setattr__(self, "region", _four(self.region))


@dataclass(frozen=True, eq=False)
class Element:
    """A closed solid.

    Attributes:
        id: unique in the model; also the node's name in the GLB.
        kind: "wall", "roof", "floor", "ground", "pane", "frame", "door", "relief", "lamp" …
        vertices: float64 [N, 3], metres, rounded to what the GLB's float32 can carry, so that writing loses nothing.
        faces: int64 [M, 3], counter-clockwise seen from outside.
        level: 1…7, the worst aspect that this element shows; 0 = not assessed.
        author: "drawing" (read from a sheet), "rule", "AI" or "person".
        evidence: what it was read from.
        aspects: levels of "position", "form", "dimension", "material", where they differ.
        material: what it is meant to be made of: "stone", "plaster", "glass", "wood", "paper" …
        color: display-referred sRGB, 0…1; multiplied with the texture or the vertex colours where there are some.
        roughness, metallic: 0…1, as in glTF.
        smooth: whether its faces are meant to be shaded as one curved surface.
        relevance: R of the AU_VR formula, above 0.
        texture, uv: a picture and float32 [N, 2], u right, v **up** (Blender's way; the GLB's v runs down).
        vertex_colors: uint8 [N, 3], sRGB.
        vertex_levels: uint8 [N], 1…7, where the level differs within the solid (a restored relief).
        covers: of a coat, the solid that it lies on; None for everything else.
    """

    id: str
    kind: str
    vertices: np.ndarray
    faces: np.ndarray
    level: int
    author: Author
    evidence: tuple[Evidence, ...] = ()
    aspects: dict[str, int] = field(default_factory=dict)
    material: str = "stone"
    color: Vector = (0.8, 0.78, 0.74)
    roughness: float = 0.9
    metallic: float = 0.0
    smooth: bool = False
    relevance: float = 1.0
    texture: Texture | None = None
    uv: np.ndarray | None = None
    vertex_colors: np.ndarray | None = None
    vertex_levels: np.ndarray | None = None
    covers: Covering | None = None

    def __post_init__(self):
        count = len(self.vertices)
        keep = object.__setattr__
        keep(self, "vertices", np.asarray(self.vertices, np.float32).astype(np.float64).reshape(-1, 3))
        keep(self, "faces", np.asarray(self.faces, np.int64).reshape(-1, 3))
        level(self.level)
        keep(self, "color", _three(self.color))
        if not self.id or self.author not in AUTHORS or not set(self.aspects) <= set(ASPECTS):
            raise SceneError(f"{self.id or 'An element without an id'}: its author is {self.author!r} (one of {AUTHORS}), "
                             f"its aspects are {sorted(self.aspects)} (of {ASPECTS}).")  # fmt: skip
        if self.uv is not None:
            # The GLB counts v downwards; 1 − v in float32 loses a bit, so lose it here, once.
            uv = np.array(self.uv, np.float32).reshape(-1, 2)
            uv[:, 1] = 1 - (1 - uv[:, 1])
            keep(self, "uv", uv)
        for name in ("uv", "vertex_colors", "vertex_levels"):
            values = getattr(self, name)
            if values is not None and len(values) != count:
                raise SceneError(f"{self.id} has {count} vertices, but {name} has {len(values)} rows.")

    @property
    def bounds(self) -> np.ndarray:
        """float64 [2, 3]: lowest and highest corner, metres; zeros without geometry."""
        return np.stack([self.vertices.min(axis=0), self.vertices.max(axis=0)]) if len(self.vertices) else np.zeros((2, 3))


@dataclass(frozen=True, eq=False)
class Plate(Element):
    """A closed thin box that carries a picture on its front; its id begins with "plate-".

    Its kind is "work" for what is exhibited, "label" for the words beside it, "document" for a drawing that is shown as
    evidence; documents and labels count in no share of levels.
    """

    def __post_init__(self):
        super().__post_init__()
        if not self.id.startswith("plate-") or (self.texture is not None and self.uv is None):
            raise SceneError(f"{self.id}: a plate's id begins with plate-, and its texture needs uv.")


@dataclass(frozen=True)
class Light:
    """A lamp. `power` is Blender's: watts for "area" and "point", W/m² for "sun"; `size` in metres, for a sun in degrees."""

    kind: str
    position: Vector
    target: Vector
    power: float
    size: float = 1.0
    color: Vector = (1.0, 1.0, 1.0)
    id: str = "light"


@dataclass(frozen=True)
class Focus:
    """What the still camera frames: a rectangle around `center`, seen against `facing`.

    Attributes:
        center: metres.
        size_m: width and height of the rectangle, metres.
        facing: unit vector from the rectangle towards the camera; (0, −1, 0) is seen from the south.
        room_m: how far the camera may step back before it meets a wall; None out of doors.
    """

    center: Vector
    size_m: tuple[float, float]
    facing: Vector = (0.0, -1.0, 0.0)
    room_m: float | None = None


@dataclass(frozen=True, eq=False)
class SceneModel:
    """Everything that is needed to build the scene: solids, plates, lights, and where to look.

    Attributes:
        assumptions: what was assumed and not given, one sentence each.
        contradictions: where the sheets disagree, as plain JSON values.
        worn: how much of each solid wears a picture (`coat.py`), as plain JSON values.
        north: true north, degrees clockwise from +y; None when nothing says it.
    """

    name: str
    elements: tuple[Element, ...]
    plates: tuple[Plate, ...] = ()
    lights: tuple[Light, ...] = ()
    focus: Focus = Focus((0.0, 0.0, 0.0), (1.0, 1.0))
    assumptions: tuple[str, ...] = ()
    contradictions: tuple[dict, ...] = ()
    north: float | None = None
    worn: tuple[dict, ...] = ()

    def __post_init__(self):
        ids = [solid.id for solid in self.solids]
        if len(set(ids)) != len(ids):
            twice = sorted({one for one in ids if ids.count(one) > 1})
            raise SceneError(f"{self.name}: two solids are called {', '.join(twice)}; ids must differ.")

    @property
    def solids(self) -> tuple[Element, ...]:
        """Elements, then plates."""
        return (*self.elements, *self.plates)

    @property
    def bounds(self) -> np.ndarray:
        """float64 [2, 3]: lowest and highest corner of everything, metres."""
        corners = np.concatenate([solid.bounds for solid in self.solids])
        return np.stack([corners.min(axis=0), corners.max(axis=0)])

    def check(self) -> SceneModel:
        """The model itself, when every solid is closed and of positive volume. Raises: OpenSolidError, naming each."""
        open_solids = [f"{solid.id} {why}" for solid in self.solids if (why := complaint(solid.vertices, solid.faces))]
        if open_solids:
            raise OpenSolidError(f"{self.name} cannot be written: {'; '.join(open_solids[:5])}. Every solid must be closed.")
        return self

    def levels(self) -> Shares:
        """How much of the scene stands at each level: by visible surface (elements and exhibited works), and by volume."""
        works = [plate for plate in self.plates if plate.kind == "work"]
        return shares(self.elements, works)

    def to_json(self) -> str:
        """What `scene.json` says; the geometry itself is in the GLB under the same ids."""
        shares, average = self.levels(), uncertainty(self.elements)
        document = {
            "format": FORMAT,
            "name": self.name,
            "frame": "metres; x right or east, y north, z up; scene.glb is Y-up",
            "elements": [_described(element) for element in self.elements],
            "plates": [_described(plate) for plate in self.plates],
            "lights": [vars(light) for light in self.lights],
            "focus": vars(self.focus),
            "assumptions": self.assumptions,
            "contradictions": self.contradictions,
            **({} if self.north is None else {"north": self.north}),
            **({"worn": self.worn} if self.worn else {}),
            "regions": self.regions(),
            "levels": {"area": shares.area, "volume": shares.volume},
            "uncertainty_percent": {
                "by_volume": average.by_volume,
                "by_volume_and_relevance": average.by_volume_and_relevance,
            },
        }
        return json.dumps(document, ensure_ascii=False, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str, glb: bytes | None = None, geometry: dict | None = None) -> SceneModel:
        """Read `scene.json`; with `glb`, or meshes by id, also the geometry; without, every solid has empty arrays.

        Raises: SceneFileError when it is not one of ours, or the two files name different solids.
        """
        from .gltf import read_glb

        try:
            document = json.loads(text, parse_constant=_no_number)
            if document["format"] != FORMAT:
                raise SceneFileError(f"scene.json says its format is {document['format']!r}; this version reads {FORMAT}.")
            geometry = geometry if glb is None else read_glb(glb)
            model = cls(
                name=str(document["name"]),
                elements=tuple(_read(Element, one, geometry) for one in document["elements"]),
                plates=tuple(_read(Plate, one, geometry) for one in document["plates"]),
                lights=tuple(_light(one) for one in document["lights"]),
                focus=_focus(document["focus"]),
                assumptions=tuple(str(line) for line in document["assumptions"]),
                contradictions=tuple(dict(one) for one in document.get("contradictions", ())),
                north=None if document.get("north") is None else float(document["north"]),
                worn=tuple(dict(one) for one in document.get("worn", ())),
            )
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError) as error:
            raise SceneFileError(f"scene.json is damaged or not one of ours ({type(error).__name__}: {error}).") from error
        if geometry is not None and set(geometry) != {solid.id for solid in model.solids}:
            odd = sorted(set(geometry) ^ {solid.id for solid in model.solids})
            raise SceneFileError(f"scene.json and scene.glb do not belong together: only one of them has {', '.join(odd[:5])}.")
        return model

    def regions(self) -> list[dict]:
        """The way back: each region of each sheet with the ids of what was read from it, in the sheet's own pixels."""
        found: dict[tuple, list[str]] = {}
        for solid in self.solids:
            for one in solid.evidence:
                if one.source_sha256 and one.region:
                    found.setdefault((one.source_sha256, one.region), []).append(solid.id)
        return [
            {"source_sha256": digest, "region": list(region), "elements": list(dict.fromkeys(ids))}
            for (digest, region), ids in sorted(found.items())
        ]

    def moved(self, by: Vector) -> SceneModel:
        """The same scene, shifted by metres."""
        shift = np.array(by, np.float64)

        def shifted(point: Vector) -> Vector:
            return point[0] + by[0], point[1] + by[1], point[2] + by[2]

        return replace(
            self,
            elements=tuple(replace(one, vertices=one.vertices + shift) for one in self.elements),
            plates=tuple(replace(one, vertices=one.vertices + shift) for one in self.plates),
            lights=tuple(replace(one, position=shifted(one.position), target=shifted(one.target)) for one in self.lights),
            focus=replace(self.focus, center=shifted(self.focus.center)),
        )


def said(solid: Element) -> dict:
    """What is said about a solid in `scene.json` and in the GLB's extras; plain JSON values."""
    return {
        "id": solid.id,
        "kind": solid.kind,
        "level": solid.level,
        "author": solid.author,
        "aspects": dict(sorted(solid.aspects.items())),
        "evidence": [
            {"source_sha256": one.source_sha256, "region": list(one.region) if one.region else [], "note": one.note}
            for one in solid.evidence
        ],
    }


def _described(solid: Element) -> dict:
    texture = solid.texture
    return said(solid) | {
        "material": solid.material,
        "color": list(solid.color),
        "roughness": solid.roughness,
        "metallic": solid.metallic,
        "smooth": solid.smooth,
        "relevance": solid.relevance,
        "bounds": solid.bounds.tolist(),
        "triangles": len(solid.faces),
        "texture": None if texture is None else {"media_type": texture.media_type, "sha256": texture.sha256,
                                                 "width": texture.width, "height": texture.height},
        **({} if solid.covers is None else {"covers": vars(solid.covers)}),
    }  # fmt: skip


def _read(kind: type, one: dict, geometry: dict | None):
    mesh = None if geometry is None else geometry.get(one["id"])
    if geometry is not None and mesh is None:
        raise SceneFileError(f"scene.json speaks of {one['id']}, which scene.glb does not hold.")
    return kind(
        id=str(one["id"]),
        kind=str(one["kind"]),
        vertices=np.zeros((0, 3)) if mesh is None else mesh.vertices,
        faces=np.zeros((0, 3), np.int64) if mesh is None else mesh.faces,
        level=int(one["level"]),
        author=one["author"],
        evidence=tuple(
            Evidence(str(e["source_sha256"]), _four(e["region"]) if e["region"] else None, str(e["note"]))
            for e in one["evidence"]
        ),
        aspects={str(name): int(number) for name, number in one["aspects"].items()},
        material=str(one["material"]),
        color=_three(one["color"]),
        roughness=float(one["roughness"]),
        metallic=float(one["metallic"]),
        smooth=bool(one["smooth"]),
        relevance=float(one["relevance"]),
        texture=mesh and mesh.texture,
        uv=None if mesh is None else mesh.uv,
        vertex_colors=None if mesh is None else mesh.vertex_colors,
        vertex_levels=None if mesh is None else mesh.vertex_levels,
        covers=Covering(str(one["covers"]["id"]), float(one["covers"]["area_m2"])) if one.get("covers") else None,
    )


def _no_number(text: str):
    raise ValueError(f"{text} is no measure")


def _light(one: dict) -> Light:
    if one["kind"] not in LIGHTS:
        raise SceneFileError(f"scene.json has a light of kind {one['kind']!r}; known are {', '.join(LIGHTS)}.")
    return Light(one["kind"], _three(one["position"]), _three(one["target"]), float(one["power"]), float(one["size"]),
                 _three(one["color"]), str(one["id"]))  # fmt: skip


def _focus(one: dict) -> Focus:
    width, height = one["size_m"]
    room = None if one["room_m"] is None else float(one["room_m"])
    return Focus(_three(one["center"]), (float(width), float(height)), _three(one["facing"]), room)


def _three(values: Iterable[float]) -> Vector:
    x, y, z = values
    return float(x), float(y), float(z)


def _four(values: Iterable[float]) -> tuple[float, float, float, float]:
    a, b, c, d = values
    return float(a), float(b), float(c), float(d)
