"""SceneModel to IFC4: the building in SI metres, one product for each solid, evidence as property sets.

Needs ifcopenshell (the extra `ifc`), which is imported inside `ifc`. Source: ISO 16739-1:2018 (IFC4).
"""

from __future__ import annotations

import json
import math
import uuid

from ..errors import MissingPartError
from .model import Element, SceneModel

PSET = "Anastylosis_Evidence"
# What our kinds are in IFC; anything else is a proxy, which every reader shows.
CLASSES = {
    "wall": "IfcWall", "lintel": "IfcWall", "floor": "IfcSlab", "roof": "IfcRoof", "column": "IfcColumn", "stairs": "IfcStair",
    "chimney": "IfcChimney", "coat": "IfcCovering",
    "steps": "IfcStair", "door": "IfcDoor", "pane": "IfcWindow", "frame": "IfcWindow", "ground": "IfcGeographicElement",
}  # fmt: skip
SPACE = uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8")  # the URL namespace of RFC 4122


def ifc(model: SceneModel) -> bytes:
    """The building as an IFC4 file (STEP), without the sheets that stand beside it.

    Every product carries the property set `Anastylosis_Evidence`: Id, Level, Author, Relevance, the levels of its aspects, and
    as Evidence the JSON of what it was read from. Solids are closed tessellations with the coordinates of the GLB.
    Raises: MissingPartError without ifcopenshell; OpenSolidError when a solid is not closed.
    """
    try:
        import ifcopenshell
        import ifcopenshell.api.aggregate
        import ifcopenshell.api.context
        import ifcopenshell.api.project
        import ifcopenshell.api.pset
        import ifcopenshell.api.root
        import ifcopenshell.api.spatial
        import ifcopenshell.api.unit
        import ifcopenshell.guid
    except ImportError as error:
        raise MissingPartError(
            "IFC is written with ifcopenshell, which is not here: pip install 'anastylosis[ifc]'."
        ) from error
    api = ifcopenshell.api
    model.check()
    file = api.project.create_file(version="IFC4")
    file.header.file_name.name = "scene.ifc"
    file.header.file_name.time_stamp = "1970-01-01T00:00:00"  # the same model gives the same file

    def made(kind: str, name: str):
        thing = api.root.create_entity(file, ifc_class=kind, name=name)
        thing.GlobalId = _guid(ifcopenshell.guid, model.name, kind, name)
        return thing

    project = made("IfcProject", model.name)
    api.unit.assign_unit(file, units=[
        api.unit.add_si_unit(file, unit_type=kind) for kind in ("LENGTHUNIT", "AREAUNIT", "VOLUMEUNIT", "PLANEANGLEUNIT")
    ])  # fmt: skip
    whole = api.context.add_context(file, context_type="Model")
    if model.north is not None:
        turn = math.radians(model.north)
        whole.TrueNorth = file.createIfcDirection((math.sin(turn), math.cos(turn)))
    body = api.context.add_context(
        file, context_type="Model", context_identifier="Body", target_view="MODEL_VIEW", parent=whole
    )
    site, building, storey = made("IfcSite", "Site"), made("IfcBuilding", model.name), made("IfcBuildingStorey", "Building")
    for child, parent in ((site, project), (building, site), (storey, building)):
        api.aggregate.assign_object(file, products=[child], relating_object=parent)
    styles: dict[tuple, object] = {}
    origin = file.createIfcLocalPlacement(
        None, file.createIfcAxis2Placement3D(file.createIfcCartesianPoint((0.0, 0.0, 0.0)), None, None)
    )
    for solid in model.elements:
        product = made(CLASSES.get(solid.kind, "IfcBuildingElementProxy"), solid.id)
        product.ObjectType = solid.kind
        product.Representation = file.createIfcProductDefinitionShape(
            None, None, [file.createIfcShapeRepresentation(body, "Body", "Tessellation", [_mesh(file, solid, styles)])]
        )
        container = site if solid.kind == "ground" else storey
        api.spatial.assign_container(file, products=[product], relating_structure=container)
        product.ObjectPlacement = origin  # after it is contained, which would otherwise move it
        pset = api.pset.add_pset(file, product=product, name=PSET)
        pset.GlobalId = _guid(ifcopenshell.guid, model.name, PSET, solid.id)
        api.pset.edit_pset(file, pset=pset, properties=_properties(file, solid))
    # the library gathers these in sets, whose order changes from run to run
    for assignment in file.by_type("IfcUnitAssignment"):
        assignment.Units = sorted(assignment.Units, key=lambda one: one.id())
    for relation in file.by_type("IfcRelContainedInSpatialStructure"):
        relation.RelatedElements = sorted(relation.RelatedElements, key=lambda one: one.id())
    for relation in file.by_type("IfcRelationship"):
        relation.GlobalId = _guid(ifcopenshell.guid, model.name, relation.is_a(), str(relation.id()))
    return file.to_string().encode()


def _mesh(file, solid: Element, styles: dict):
    """A closed triangulated face set in the solid's colour."""
    points = file.createIfcCartesianPointList3D([tuple(map(float, v)) for v in solid.vertices])
    faces = [tuple(int(i) + 1 for i in face) for face in solid.faces]
    item = file.createIfcTriangulatedFaceSet(points, None, True, faces, None)
    if solid.color not in styles:
        colour = file.createIfcColourRgb(None, *(float(v) for v in solid.color))
        shading = file.createIfcSurfaceStyleShading(colour, 0.0)
        styles[solid.color] = file.createIfcSurfaceStyle(solid.material, "BOTH", [shading])
    file.createIfcStyledItem(item, [styles[solid.color]], None)
    return item


def _properties(file, solid: Element) -> dict:
    # IfcText, because an IfcLabel holds 255 characters and evidence is longer
    notes = [{"source_sha256": e.source_sha256, "region": list(e.region or ()), "note": e.note} for e in solid.evidence]
    said = {"Id": solid.id, "Level": int(solid.level), "Author": solid.author, "Relevance": float(solid.relevance)}
    said |= {f"Level{name.capitalize()}": int(number) for name, number in sorted(solid.aspects.items())}
    return said | {"Evidence": file.createIfcText(json.dumps(notes, ensure_ascii=False))}


def _guid(guids, *names: str) -> str:
    """The same name in the same model always has the same GlobalId."""
    return guids.compress(uuid.uuid5(SPACE, "anastylosis:" + "/".join(names)).hex)


def evidence_of(data: bytes) -> dict[str, dict]:
    """What the property sets of an IFC file say, by the solid's id. Raises: MissingPartError without ifcopenshell."""
    try:
        import ifcopenshell
        import ifcopenshell.util.element
    except ImportError as error:
        raise MissingPartError("IFC is read with ifcopenshell, which is not here: pip install 'anastylosis[ifc]'.") from error
    file = ifcopenshell.file.from_string(data.decode())
    found = {}
    for product in file.by_type("IfcProduct"):
        said = ifcopenshell.util.element.get_psets(product).get(PSET)
        if said:
            said = {name: value for name, value in said.items() if name != "id"}
            found[said["Id"]] = said | {"Evidence": json.loads(said["Evidence"])}
    return found
