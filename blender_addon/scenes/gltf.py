"""SceneModel to GLB and back: one node for each solid, its id and evidence in the extras, its level at every vertex.

Written by hand rather than by trimesh, so that textures stand in the file byte for byte, vertices keep their order
(a closed solid stays closed on reload), and the same model gives the same bytes. Source: glTF 2.0 specification.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field

import numpy as np

from ..errors import SceneFileError
from .closed import cross
from .levels import linear_from_srgb, srgb_from_linear
from .model import Element, SceneModel, said
from .texture import Texture
from .xmp import Packets, packet

FLOAT, BYTE, SHORT, INT = 5126, 5121, 5123, 5125
V_DOWN, V_SHIFT = np.array((1, -1), np.float32), np.array((0, 1), np.float32)  # Blender's v runs up, glTF's down
VERTICES, INDICES = 34962, 34963
DTYPES = {FLOAT: np.dtype("<f4"), BYTE: np.dtype("u1"), SHORT: np.dtype("<u2"), INT: np.dtype("<u4")}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


def glb(model: SceneModel) -> bytes:
    """Write the model as GLB: metres, Y up, no transforms, single-sided metallic-roughness materials, embedded textures.

    Vertex attribute `_LEVEL` (float32) and node extras {id, kind, level, author, aspects, evidence} on every solid; an XMP
    packet (`xmp.py`) on the mesh and the picture of each solid whose author is a model.
    Raises: OpenSolidError when a solid is not closed.
    """
    model.check()
    file = _File()
    for solid in model.solids:
        file.add(solid)
    nodes = list(range(len(file.nodes)))
    document = {
        "asset": {"version": "2.0", "generator": "anastylosis"},
        "scene": 0,
        "scenes": [{"name": model.name, "nodes": nodes, "extras": {"assumptions": list(model.assumptions)}}],
        "nodes": file.nodes,
        "meshes": file.meshes,
        "materials": file.materials,
        "accessors": file.accessors,
        "bufferViews": file.views,
        "buffers": [{"byteLength": len(file.binary)}],
    }
    if file.images:
        document |= {"images": file.images, "textures": file.textures,
                     "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}]}  # fmt: skip
    document |= file.packets.declared()
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    size = 12 + 8 + len(text) + 8 + len(file.binary)
    return b"".join((
        struct.pack("<4sII", b"glTF", 2, size),
        struct.pack("<I4s", len(text), b"JSON"), text,
        struct.pack("<I4s", len(file.binary), b"BIN\0"), bytes(file.binary),
    ))  # fmt: skip


@dataclass
class _File:
    """The lists of a glTF document while they grow."""

    binary: bytearray = field(default_factory=bytearray)
    nodes: list[dict] = field(default_factory=list)
    meshes: list[dict] = field(default_factory=list)
    materials: list[dict] = field(default_factory=list)
    accessors: list[dict] = field(default_factory=list)
    views: list[dict] = field(default_factory=list)
    images: list[dict] = field(default_factory=list)
    textures: list[dict] = field(default_factory=list)
    known_materials: dict[str, int] = field(default_factory=dict)
    known_images: dict[str, int] = field(default_factory=dict)
    packets: Packets = field(default_factory=Packets)

    def add(self, solid: Element) -> None:
        count = len(solid.vertices)
        levels = np.full(count, solid.level) if solid.vertex_levels is None else solid.vertex_levels
        positions = y_up(solid.vertices).astype("<f4")
        attributes = {"POSITION": self.accessor(positions, FLOAT, "VEC3", bounded=True)}
        if solid.smooth:
            attributes["NORMAL"] = self.accessor(_normals(positions, solid.faces).astype("<f4"), FLOAT, "VEC3")
        if solid.texture is not None and solid.uv is not None:
            flipped = (solid.uv * V_DOWN + V_SHIFT).astype("<f4")
            attributes["TEXCOORD_0"] = self.accessor(flipped, FLOAT, "VEC2")
        if solid.vertex_colors is not None:
            linear = linear_from_srgb(np.pad(solid.vertex_colors, ((0, 0), (0, 1)), constant_values=255) / 255)
            attributes["COLOR_0"] = self.accessor(np.rint(linear * 65535).astype("<u2"), SHORT, "VEC4")
        attributes["_LEVEL"] = self.accessor(levels.astype("<f4"), FLOAT, "SCALAR")
        # Index 65535 means "restart" to a reader of 16-bit indices.
        kind = SHORT if count < 65535 else INT
        indices = self.accessor(solid.faces.ravel().astype(DTYPES[kind]), kind, "SCALAR", target=INDICES)
        primitive = {"attributes": attributes, "indices": indices, "material": self.material(solid)}
        self.meshes.append({"name": solid.id, "primitives": [primitive]})
        self.packets.refer(self.meshes[-1], packet(solid))
        if solid.texture is not None and solid.uv is not None:
            self.packets.refer(self.images[self.known_images[solid.texture.sha256]], packet(solid))
        self.nodes.append({"name": solid.id, "mesh": len(self.meshes) - 1, "extras": said(solid)})

    def accessor(self, values: np.ndarray, kind: int, shape: str, *, bounded: bool = False, target: int = VERTICES) -> int:
        view = self.view(values.tobytes(), target)
        entry = {"bufferView": view, "componentType": kind, "count": len(values), "type": shape}
        if kind == SHORT and target == VERTICES:
            entry["normalized"] = True
        if bounded:
            entry |= {"min": values.min(axis=0).tolist(), "max": values.max(axis=0).tolist()}
        self.accessors.append(entry)
        return len(self.accessors) - 1

    def view(self, data: bytes, target: int | None) -> int:
        entry = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(data)}
        self.views.append(entry if target is None else entry | {"target": target})
        self.binary += data + bytes(-len(data) % 4)
        return len(self.views) - 1

    def material(self, solid: Element) -> int:
        surface: dict = {
            "baseColorFactor": [*(round(float(value), 6) for value in linear_from_srgb(np.array(solid.color))), 1.0],
            "roughnessFactor": solid.roughness,
            "metallicFactor": solid.metallic,
        }
        if solid.texture is not None and solid.uv is not None:
            surface["baseColorTexture"] = {"index": self.image(solid.texture)}
        entry = {"name": solid.material, "pbrMetallicRoughness": surface}
        key = json.dumps(entry)
        if key not in self.known_materials:
            self.known_materials[key] = len(self.materials)
            self.materials.append(entry)
        return self.known_materials[key]

    def image(self, texture: Texture) -> int:
        key = texture.sha256
        if key not in self.known_images:
            self.known_images[key] = len(self.images)
            self.images.append({"bufferView": self.view(texture.data, None), "mimeType": texture.media_type})
            self.textures.append({"source": len(self.images) - 1, "sampler": 0})
        return self.known_images[key]


@dataclass(frozen=True, eq=False)
class Mesh:
    """One solid as a GLB holds it, in the scene's own frame (z up); fields as in `Element`."""

    vertices: np.ndarray
    faces: np.ndarray
    uv: np.ndarray | None
    vertex_colors: np.ndarray | None
    vertex_levels: np.ndarray | None
    texture: Texture | None


def read_glb(data: bytes) -> dict[str, Mesh]:
    """Geometry and pictures of a GLB that `glb` wrote, by id. Raises: SceneFileError for anything else."""
    try:
        document, binary = _chunks(data)
        found = {}
        for node in document["nodes"]:
            found[str(node["extras"]["id"])] = _mesh(document, binary, node)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, struct.error, RecursionError) as error:
        raise SceneFileError(f"scene.glb is damaged or not one of ours ({type(error).__name__}: {error}).") from error
    return found


def _chunks(data: bytes) -> tuple[dict, bytes]:
    magic, version, size = struct.unpack_from("<4sII", data)
    length, kind = struct.unpack_from("<I4s", data, 12)
    if magic != b"glTF" or version != 2 or size != len(data) or kind != b"JSON" or 20 + length + 8 > size:
        raise ValueError("its head does not fit its length")
    rest, name = struct.unpack_from("<I4s", data, 20 + length)
    start = 28 + length
    if name != b"BIN\0" or start + rest > size:
        raise ValueError("its binary part is cut off")
    return json.loads(data[20 : 20 + length]), data[start : start + rest]


def _mesh(document: dict, binary: bytes, node: dict) -> Mesh:
    (primitive,) = document["meshes"][node["mesh"]]["primitives"]
    attributes = primitive["attributes"]

    def view(index: int) -> bytes:
        entry = document["bufferViews"][index]
        part = binary[entry.get("byteOffset", 0) :][: entry["byteLength"]]
        if len(part) != entry["byteLength"] or "byteStride" in entry:
            raise ValueError("a piece of the binary part is missing or interleaved")
        return part

    def values(index: int) -> np.ndarray:
        entry = document["accessors"][index]
        width = WIDTHS[entry["type"]]
        flat = np.frombuffer(view(entry["bufferView"]), DTYPES[entry["componentType"]], entry["count"] * width)
        return flat.reshape(-1, width) if width > 1 else flat

    vertices = z_up(values(attributes["POSITION"]).astype(np.float64))
    faces = values(primitive["indices"]).astype(np.int64).reshape(-1, 3)
    if faces.size and int(faces.max()) >= len(vertices):
        raise ValueError("a face names a vertex that does not exist")
    uv = colors = texture = None
    if "TEXCOORD_0" in attributes:
        uv = values(attributes["TEXCOORD_0"]) * V_DOWN + V_SHIFT
        surface = document["materials"][primitive["material"]]["pbrMetallicRoughness"]
        image = document["images"][document["textures"][surface["baseColorTexture"]["index"]]["source"]]
        texture = Texture.from_bytes(bytes(view(image["bufferView"])))
    if "COLOR_0" in attributes:
        colors = np.rint(srgb_from_linear(values(attributes["COLOR_0"])[:, :3] / 65535) * 255).astype(np.uint8)
    written = values(attributes["_LEVEL"])
    if not np.all((written >= 0) & (written <= 7)):
        raise ValueError("a level is not within 0…7")
    levels = written.astype(np.uint8)
    is_even = bool(np.all(levels == int(node["extras"]["level"])))
    return Mesh(vertices, faces, uv, colors, None if is_even else levels, texture)


def y_up(points: np.ndarray) -> np.ndarray:
    """[N, 3] from the scene's frame (z up) to glTF's (y up): (x, y, z) → (x, z, −y)."""
    return points[:, [0, 2, 1]] * np.array((1.0, 1.0, -1.0))


def z_up(points: np.ndarray) -> np.ndarray:
    """[N, 3] from glTF's frame to the scene's: (x, y, z) → (x, −z, y)."""
    return points[:, [0, 2, 1]] * np.array((1.0, -1.0, 1.0))


def _normals(positions: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """float64 [N, 3], unit: the mean of the faces around each vertex, weighted by their area."""
    a, b, c = (positions[faces[:, i]].astype(np.float64) for i in range(3))
    across = cross(b - a, c - a)
    sums = np.stack([np.bincount(faces.ravel(), np.repeat(across[:, i], 3), len(positions)) for i in range(3)], axis=1)
    length = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.where(length > 1e-20, sums / np.maximum(length, 1e-20), (0.0, 1.0, 0.0))
