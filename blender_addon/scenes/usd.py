"""SceneModel to USDZ and back: one Mesh for each solid, its level, author and evidence as custom data, pictures beside it.

Written by hand, as `gltf.py` is: the text form of USD needs no library, the same model gives the same bytes, and Blender's
process stays free of a second `pxr`. Source: OpenUSD "usda" text format; USDZ specification 1.3 (stored, 64-byte aligned).
"""

from __future__ import annotations

import io
import json
import re
import struct
import zipfile
from collections.abc import Iterable, Iterator

import numpy as np

from ..errors import SceneFileError
from .gltf import Mesh
from .levels import linear_from_srgb
from .model import Element, SceneModel, said
from .texture import Texture

ALIGNED = 64  # bytes; USDZ readers map the pictures straight from the file
ENDINGS = {"image/png": "png", "image/jpeg": "jpg"}
DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that ZIP can say: the same model gives the same bytes


def usda(model: SceneModel) -> str:
    """The scene as USD text: metres, Z up; pictures are named `textures/<digest>.png` and lie beside it.

    Custom data of each Mesh is what the GLB's extras are (id, kind, level, author, aspects, evidence); `primvars:level` is
    the level at every vertex, `scene.json` itself is in the layer's custom data, so that nothing is lost.
    Raises: OpenSolidError when a solid is not closed.
    """
    model.check()
    lines = [
        "#usda 1.0",
        "(",
        "    customLayerData = {",
        f"        string anastylosis = {_quoted(json.dumps(json.loads(model.to_json()), ensure_ascii=False))}",
        "    }",
        '    defaultPrim = "Scene"',
        f"    doc = {_quoted('A scene of closed solids, each with its evidence level. Made with Anastylosis.')}",
        "    metersPerUnit = 1",
        '    upAxis = "Z"',
        ")",
        "",
        'def Xform "Scene" (',
        '    kind = "component"',
        ")",
        "{",
    ]
    materials: dict[str, str] = {}
    for index, solid in enumerate(model.solids):
        lines += _mesh(index, solid, materials)
    lines += ['    def Scope "Materials"', "    {", *materials.values(), "    }", "}", ""]
    return "\n".join(lines)


def usdz(model: SceneModel) -> bytes:
    """The scene and its pictures in one file that phones and browsers open. Raises: OpenSolidError."""
    files = [("scene.usda", usda(model).encode())]
    pictures = {_picture(s.texture): s.texture.data for s in model.solids if s.texture is not None and s.uv is not None}
    return _packed([*files, *sorted(pictures.items())])


def read_usdz(data: bytes) -> SceneModel:
    """The model in a USDZ that `usdz` wrote. Raises: SceneFileError for anything else."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            text = archive.read("scene.usda").decode()
            pictures = {name: archive.read(name) for name in archive.namelist() if name.startswith("textures/")}
        document = _layer_data(text)
        meshes = dict(_meshes(text, pictures))
    except (LookupError, TypeError, ValueError, zipfile.BadZipFile, OSError, RecursionError) as error:
        raise SceneFileError(f"scene.usdz is damaged or not one of ours ({type(error).__name__}: {error}).") from error
    return SceneModel.from_json(document, geometry=meshes)


def _mesh(index: int, solid: Element, materials: dict[str, str]) -> list[str]:
    count = len(solid.vertices)
    levels = np.full(count, solid.level) if solid.vertex_levels is None else solid.vertex_levels
    low, high = solid.bounds
    name = f"solid_{index:04}"
    lines = [
        f'    def Mesh "{name}" (',
        '        prepend apiSchemas = ["MaterialBindingAPI"]',
        "        customData = {",
        *(f"            {line}" for line in _custom(solid)),
        "        }",
        f"        displayName = {_quoted(solid.id)}",
        "    )",
        "    {",
        "        uniform bool doubleSided = 0",
        f"        float3[] extent = {_tuples([low, high])}",
        f"        int[] faceVertexCounts = [{', '.join(['3'] * len(solid.faces))}]",
        f"        int[] faceVertexIndices = [{', '.join(map(str, solid.faces.ravel().tolist()))}]",
        f"        rel material:binding = </Scene/Materials/{_material(solid, materials)}>",
        f"        point3f[] points = {_tuples(solid.vertices)}",
        '        uniform token subdivisionScheme = "none"',
        f"        float[] primvars:level = [{', '.join(str(int(v)) for v in levels)}] (",
        '            interpolation = "vertex"',
        "        )",
    ]
    if solid.uv is not None:
        lines += _primvar("texCoord2f[] primvars:st", _tuples(solid.uv))
    if solid.vertex_colors is not None:
        lines += _primvar("color3f[] primvars:displayColor", _tuples(linear_from_srgb(solid.vertex_colors / 255)))
        bytes_ = ", ".join(str(v) for v in solid.vertex_colors.ravel().tolist())
        lines += [f"        custom int[] anastylosis:vertexColors = [{bytes_}]"]
    return [*lines, "    }"]


def _primvar(declared: str, values: str) -> list[str]:
    return [f"        {declared} = {values} (", '            interpolation = "vertex"', "        )"]


def _custom(solid: Element) -> Iterator[str]:
    for name, value in said(solid).items():
        if isinstance(value, int):
            yield f"int {name} = {value}"
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"string {name} = {_quoted(text)}"


def _material(solid: Element, materials: dict[str, str]) -> str:
    """The name of the material that looks like this solid; a new one where none does yet."""
    picture = _picture(solid.texture) if solid.texture is not None and solid.uv is not None else None
    red, green, blue = (round(float(v), 6) for v in linear_from_srgb(np.array(solid.color)))
    painted = solid.vertex_colors is not None
    key = json.dumps([solid.material, red, green, blue, solid.roughness, solid.metallic, picture, painted])
    if key in materials:
        found = re.search(r'def Material "(\w+)"', materials[key])
        return found[1] if found else ""
    name = f"material_{len(materials):03}"
    path = f"/Scene/Materials/{name}"
    colour = f"color3f inputs:diffuseColor = ({red}, {green}, {blue})"
    if picture:
        colour = f"color3f inputs:diffuseColor.connect = <{path}/picture.outputs:rgb>"
    elif painted:
        colour = f"color3f inputs:diffuseColor.connect = <{path}/paint.outputs:result>"
    lines = [
        f'def Material "{name}" (',
        f"    displayName = {_quoted(solid.material)}",
        ")",
        "{",
        f"    token outputs:surface.connect = <{path}/surface.outputs:surface>",
        '    def Shader "surface"',
        "    {",
        '        uniform token info:id = "UsdPreviewSurface"',
        f"        {colour}",
        f"        float inputs:metallic = {solid.metallic}",
        f"        float inputs:roughness = {solid.roughness}",
        "        token outputs:surface",
        "    }",
    ]
    if picture:
        lines += _reader("place", "UsdPrimvarReader_float2", ['string inputs:varname = "st"', "float2 outputs:result"])
        lines += _reader("picture", "UsdUVTexture", [
            f"asset inputs:file = @{picture}@", f"float2 inputs:st.connect = <{path}/place.outputs:result>",
            'token inputs:sourceColorSpace = "sRGB"', 'token inputs:wrapS = "clamp"', 'token inputs:wrapT = "clamp"',
            "float3 outputs:rgb",
        ])  # fmt: skip
    elif painted:
        lines += _reader(
            "paint", "UsdPrimvarReader_float3", ['string inputs:varname = "displayColor"', "float3 outputs:result"]
        )
    materials[key] = "\n".join(f"        {line}" for line in [*lines, "}"])
    return name


def _reader(name: str, kind: str, inputs: Iterable[str]) -> list[str]:
    return [
        f'    def Shader "{name}"',
        "    {",
        f'        uniform token info:id = "{kind}"',
        *(f"        {i}" for i in inputs),
        "    }",
    ]


def _picture(texture: Texture) -> str:
    return f"textures/{texture.sha256[:16]}.{ENDINGS[texture.media_type]}"


def _tuples(rows) -> str:
    """Rows as USD tuples; float32 written with the nine digits that bring every one of them back."""
    return "[" + ", ".join("(" + ", ".join(f"{float(v):.9g}" for v in row) + ")" for row in np.asarray(rows)) + "]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    return f'"{escaped}"'


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r", "t": "\t"}.get(m[1], m[1]), text)


def _packed(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP without compression in which every file begins at a multiple of 64 bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files:
            entry = zipfile.ZipInfo(name, DATE)
            head = stream.tell() + 30 + len(name.encode())
            # padding stands in an extra field of its own: four bytes of head, then zeros
            fill = (-(head + 4)) % ALIGNED
            entry.extra = struct.pack("<HH", 0x1986, fill) + bytes(fill)
            archive.writestr(entry, data)
    return stream.getvalue()


# ---- reading back
_STRING = r'"((?:[^"\\]|\\.)*)"'


def _layer_data(text: str) -> str:
    found = re.search(r"string anastylosis = " + _STRING, text[: text.index('def Xform "Scene"')])
    if not text.startswith("#usda 1.0") or not found:
        raise ValueError("it does not carry scene.json")
    return _unquoted(found[1])


def _meshes(text: str, pictures: dict[str, bytes]) -> Iterator[tuple[str, Mesh]]:
    asset = dict(re.findall(r'def Material "(\w+)"(?:(?!def Material)[\s\S])*?asset inputs:file = @([^@]+)@', text))
    for part in text.split('\n    def Mesh "')[1:]:
        identity = re.search(r"string id = " + _STRING, part)
        bound = re.search(r"material:binding = </Scene/Materials/(\w+)>", part)
        if identity is None or bound is None:
            raise ValueError("a mesh has no id or no material")
        vertices = _numbers(part, "point3f[] points", 3).astype(np.float64)
        faces = _numbers(part, "int[] faceVertexIndices", 3).astype(np.int64)
        levels = _numbers(part, "float[] primvars:level", 1)[:, 0].astype(np.uint8)
        level = re.search(r"int level = (\d+)", part)
        is_even = level is not None and bool(np.all(levels == int(level[1])))
        uv = _numbers(part, "texCoord2f[] primvars:st", 2).astype(np.float32) if "primvars:st =" in part else None
        colors = None
        if "anastylosis:vertexColors" in part:
            colors = _numbers(part, "custom int[] anastylosis:vertexColors", 3).astype(np.uint8)
        name = asset.get(bound[1]) if uv is not None else None
        texture = Texture.from_bytes(pictures[name]) if name else None
        if faces.size and int(faces.max()) >= len(vertices):
            raise ValueError("a face names a vertex that does not exist")
        yield _unquoted(identity[1]), Mesh(vertices, faces, uv, colors, None if is_even else levels, texture)


def _numbers(part: str, declared: str, width: int) -> np.ndarray:
    start = part.index(f"{declared} = [") + len(declared) + 4
    inside = part[start : part.index("]", start)].translate(str.maketrans("(),", "   "))
    return np.array(inside.split(), np.float64).astype(np.int64 if "int[]" in declared else np.float32).reshape(-1, width)
