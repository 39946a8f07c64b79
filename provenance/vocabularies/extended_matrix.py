"""A Record and its scene as an Extended Matrix: the GraphML that archaeologists open in yEd and in EM tools for Blender.

Shapes and colours are those of the published EM palette, data model 1.5.4; a reader tells the kind of a node from them:
rectangle US, parallelogram USV/s, hexagon USV/n, rounded rectangle USD, BPMN data object = document, BPMN annotation =
property, a picture node "D.01.01" = extractor, "C.01" = combiner, "AI.01" = author that is a model. The chain of every claim
is unit – property – (combiner –) extractor – document.

Levels map to kinds of unit as follows; the level itself is written beside each, since the mapping loses it: 1 US (the thing
itself), 2 and 3 USD where a sheet shows it, else USV/s, 4 to 6 USV/n, 7 USV/n, with the model as author where a model drew it.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from provenance.vocabularies.carried import carried
from provenance.vocabularies.label import LEVEL_NAMES

DATA_MODEL = "1.5.4"
UNITS = {    # shape, border, fill, text
    "US": ("rectangle", "#9B3333", "#FFFFFF", "#000000"),
    "USD": ("roundrectangle", "#D86400", "#FFFFFF", "#000000"),
    "USV/s": ("parallelogram", "#248FE7", "#000000", "#FFFFFF"),
    "USV/n": ("hexagon", "#31792D", "#000000", "#FFFFFF"),
}
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_MARGIN, _STEP_X, _STEP_Y, _PER_ROW, _HEADER = 60, 190, 60, 12, 60


@dataclass
class _Graph:
    """Nodes and edges while they grow; `at` lays out kinds in bands, each in rows."""

    namespace: uuid.UUID
    nodes: list[str] = field(default_factory=list)
    edges: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    tops: dict[str, int] = field(default_factory=dict)

    def node(self, graphic: str, label: str, description: str, url: str = "") -> str:
        name = f"n0::n{len(self.nodes)}"
        identity = uuid.uuid5(self.namespace, f"{label}\n{len(self.nodes)}")
        self.nodes.append(
            f'<node id="{name}"><data key="d4">{_text(url)}</data><data key="d5">{_text(description)}</data>'
            f'<data key="d7">{identity}</data><data key="d6">{graphic}</data></node>'
        )
        return name

    def edge(self, source: str, target: str) -> None:
        """Draw the dashed line that means "has data provenance"; what it joins tells a reader the rest."""
        name = f"n0::e{len(self.edges)}"
        self.edges.append(
            f'<edge id="{name}" source="{source}" target="{target}"><data key="d11">{uuid.uuid5(self.namespace, name)}</data>'
            f'<data key="d10"><y:PolyLineEdge><y:LineStyle color="#000000" type="dashed" width="1.0"/>'
            '<y:Arrows source="none" target="standard"/><y:BendStyle smoothed="false"/></y:PolyLineEdge></data></edge>'
        )

    def at(self, band: str) -> tuple[int, int]:
        number = self.counts[band] = self.counts.get(band, -1) + 1
        return _MARGIN + number % _PER_ROW * _STEP_X, self.tops[band] + number // _PER_ROW * _STEP_Y


def extended_matrix(record: dict, scene: dict | None = None) -> str:
    """Return GraphML.

    Args:
        record: as `provenance.record.parse` gives it; its Sources become documents, its outputs units where there is no scene.
        scene: content of the Release's scene.json; each element becomes a unit with its level, author and evidence.
    """
    claims = list(_elements(scene)) if scene is not None else list(_outputs(record))
    graph = _Graph(uuid.UUID(record["id"]) if _is_uuid(record["id"]) else uuid.uuid5(uuid.NAMESPACE_URL, record["id"]))
    extracted = sum(len(claim.evidence) for claim in claims)
    top = _HEADER
    for band, count in (("unit", len(claims)), ("property", 2 * len(claims)), ("combiner", len(claims)),
                        ("extractor", extracted), ("document", len(record["sources"]) + 1), ("author", 1)):  # fmt: skip
        graph.tops[band] = top
        top += (-(-max(count, 1) // _PER_ROW) + 1) * _STEP_Y
    documents = {source["sha256"]: _document(graph, number, source) for number, source in enumerate(record["sources"], 1)}
    author = _author(graph, record) if any(claim.author == "AI" for claim in claims) else None
    numbers = dict.fromkeys(documents, 0)
    for number, claim in enumerate(claims, 1):
        _claim(graph, number, claim, documents, numbers, author)
    return _file(record, graph, top)


@dataclass(frozen=True)
class _Claim:
    """One unit and what is said of it."""

    name: str
    kind: str
    level: int
    author: str
    evidence: tuple[dict, ...]
    aspects: dict[str, int]


def _elements(scene: dict) -> Iterable[_Claim]:
    for one in [*(scene.get("elements") or []), *(scene.get("plates") or [])]:
        level = one.get("level")
        yield _Claim(
            str(one.get("id")), str(one.get("kind", "")), level if type(level) is int and 0 <= level <= 7 else 0,
            str(one.get("author", "")), tuple(e for e in one.get("evidence") or [] if isinstance(e, dict)),
            {str(name): number for name, number in (one.get("aspects") or {}).items() if type(number) is int},
        )  # fmt: skip


def _outputs(record: dict) -> Iterable[_Claim]:
    """Pictures with AI in them: what a model made is one conjecture, whatever it was made after."""
    for output in record["outputs"]:
        if output["contains_ai"]:
            boxes = (output.get("ai") or {}).get("regions") or []
            evidence = tuple(
                {"source_sha256": source["sha256"], "region": [], "note": f"made after {source.get('name', '')}"}
                for source in record["sources"]
            )
            yield _Claim(output["name"], f"{output['role']}, {len(boxes)} regions", 7, "AI", evidence, {})


def unit_kind(level: int, evidence: Iterable[dict]) -> str:
    """Return the kind of unit that stands for a level; 0, not assessed, is drawn as USV/n like other guesses."""
    if level == 1:
        return "US"
    if level in (2, 3):
        return "USD" if any(one.get("source_sha256") for one in evidence) else "USV/s"
    return "USV/n"


def _claim(graph: _Graph, number: int, claim: _Claim, documents: dict, numbers: dict, author: str | None) -> None:
    known = "not assessed" if claim.level == 0 else f"level {claim.level} of 7, {LEVEL_NAMES[claim.level]}"
    kind = unit_kind(claim.level, claim.evidence)
    unit = graph.node(_shape(graph.at("unit"), kind, claim.name), claim.name, f"{claim.kind}; {known}; author: {claim.author}")
    said = {"evidence level": f"{claim.level}" if claim.level else "not assessed"}
    said |= {name: f"level {level} of 7" for name, level in sorted(claim.aspects.items())}
    extractors = []
    for one in claim.evidence:
        digest, note = str(one.get("source_sha256", "")), str(one.get("note", ""))
        if digest not in documents:
            said["rule"] = "; ".join(filter(None, (said.get("rule"), note)))    # a rule has no document to be read from
            continue
        numbers[digest] += 1
        index = list(documents).index(digest) + 1
        label = f"D.{index:02d}.{numbers[digest]:02d}"
        box = ", ".join(f"{float(edge):g}" for edge in one.get("region") or [])
        described = f"{note} [region {box} px]" if box else note
        extractor = graph.node(_picture(graph.at("extractor"), label, 1), label, described)
        graph.edge(extractor, documents[digest])
        extractors.append(extractor)
    source = None
    if len(extractors) > 1:
        source = graph.node(_picture(graph.at("combiner"), f"C.{number:02d}", 2), f"C.{number:02d}", "all of these were read")
        for extractor in extractors:
            graph.edge(source, extractor)
    elif extractors:
        source = extractors[0]
    for name, value in said.items():
        if not value:
            continue
        made = graph.node(_artifact(graph.at("property"), name, "ARTIFACT_TYPE_ANNOTATION"), name, value)
        graph.edge(unit, made)
        if source is not None:
            graph.edge(made, source)
    if author is not None and claim.author == "AI":
        graph.edge(unit, author)


def _document(graph: _Graph, number: int, source: dict) -> str:
    label = f"D.{number:02d}"
    rights = "; ".join(f"{one.kind}: {one.statement}" for one in carried({"sources": [source]}))
    told = f"{source.get('name', '')}; SHA-256 {source['sha256']}" + (f"; {rights}" if rights else "")
    drawn = _artifact(graph.at("document"), label, "ARTIFACT_TYPE_DATA_OBJECT")
    return graph.node(drawn, label, told, f"urn:sha256:{source['sha256']}")


def _author(graph: _Graph, record: dict) -> str:
    model = record.get("model") or {}
    told = f"_s3d_node_type:AuthorAINode {model.get('id') or 'a model'}, weights {model.get('weights_sha256') or 'not told'}"
    return graph.node(_picture(graph.at("author"), "AI.01", 3), "AI.01", told)


def _shape(place: tuple[int, int], kind: str, label: str) -> str:
    shape, border, fill, text = UNITS[kind]
    return (
        f"<y:ShapeNode>{_geometry(place, 160, 30)}"
        f'<y:Fill color="{fill}" transparent="false"/><y:BorderStyle color="{border}" type="line" width="4.0"/>'
        f'{_label(label, text)}<y:Shape type="{shape}"/></y:ShapeNode>'
    )


def _artifact(place: tuple[int, int], label: str, kind: str) -> str:
    enum = "com.yworks.yfiles.bpmn.view."
    plain = (
        f'<y:Property class="{enum}DataObjectTypeEnum" name="com.yworks.bpmn.dataObjectType" value="DATA_OBJECT_TYPE_PLAIN"/>'
        if kind == "ARTIFACT_TYPE_DATA_OBJECT"
        else ""
    )
    width, height = (36, 52) if plain else (120, 30)
    return (
        f'<y:GenericNode configuration="com.yworks.bpmn.Artifact.withShadow">{_geometry(place, width, height)}'
        '<y:Fill color="#FFFFFFE6" transparent="false"/><y:BorderStyle color="#000000" type="line" width="1.0"/>'
        f"{_label(label, '#000000')}<y:StyleProperties>"
        '<y:Property class="java.awt.Color" name="com.yworks.bpmn.icon.line.color" value="#000000"/>'
        '<y:Property class="java.awt.Color" name="com.yworks.bpmn.icon.fill" value="#ffffffe6"/>'
        '<y:Property class="java.awt.Color" name="com.yworks.bpmn.icon.fill2" value="#d4d4d4cc"/>'
        f'<y:Property class="{enum}BPMNTypeEnum" name="com.yworks.bpmn.type" value="{kind}"/>{plain}'
        "</y:StyleProperties></y:GenericNode>"
    )


def _picture(place: tuple[int, int], label: str, resource: int) -> str:
    return (
        f"<y:SVGNode>{_geometry(place, 25, 25)}"
        '<y:Fill color="#CCCCFF" transparent="false"/><y:BorderStyle color="#000000" type="line" width="1.0"/>'
        f'{_label(label, "#000000")}<y:SVGNodeProperties usingVisualBounds="true"/>'
        f'<y:SVGModel svgBoundsPolicy="0"><y:SVGContent refid="{resource}"/></y:SVGModel></y:SVGNode>'
    )


def _geometry(place: tuple[int, int], width: int, height: int) -> str:
    return f'<y:Geometry height="{height}.0" width="{width}.0" x="{place[0]}.0" y="{place[1]}.0"/>'


def _label(text: str, colour: str) -> str:
    return (
        '<y:NodeLabel alignment="center" fontFamily="Dialog" fontSize="12" fontStyle="plain" modelName="internal" '
        f'modelPosition="c" textColor="{colour}" visible="true" xml:space="preserve">{_text(text)}</y:NodeLabel>'
    )


def _svg(inner: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" width="25" height="25" viewBox="0 0 25 25">{inner}</svg>'


_RING = '<circle cx="12.5" cy="12.5" r="11" fill="#fff" stroke="#000" stroke-width="1.5"/>'
_PICTURES = {   # our own drawings: a reading arrow, two lines that meet, two letters
    1: _svg(_RING + '<path d="M12.5 5v11m-4-4 4 5 4-5M7 20h11" fill="none" stroke="#000" stroke-width="1.8"/>'),
    2: _svg(_RING + '<path d="M6 7l6.5 7L19 7m-6.5 7v6" fill="none" stroke="#000" stroke-width="1.8"/>'),
    3: _svg(_RING + '<path d="M6 17l3.5-9L13 17m-5.7-3h4.4M17 8v9" fill="none" stroke="#000" stroke-width="1.8"/>'),
}


def _file(record: dict, graph: _Graph, bottom: int) -> str:
    width, height = 2 * _MARGIN + _PER_ROW * _STEP_X, bottom + _MARGIN
    year = str(record["made"])[:4]
    year = year if year.isdigit() else "0"
    title = f"{record['operation']} {record['made']} [ID:{record['id']}]"
    resources = "".join(
        f'<y:Resource id="{number}" xml:space="preserve">{escape(drawn)}</y:Resource>' for number, drawn in _PICTURES.items()
    )
    keys = (
        ("d4", "node", 'attr.name="url" attr.type="string"'), ("d5", "node", 'attr.name="description" attr.type="string"'),
        ("d6", "node", 'yfiles.type="nodegraphics"'), ("d7", "node", 'attr.name="EMID" attr.type="string"'),
        ("d8", "graphml", 'yfiles.type="resources"'), ("d10", "edge", 'yfiles.type="edgegraphics"'),
        ("d11", "edge", 'attr.name="EMID" attr.type="string"'),
    )  # fmt: skip
    row = "row_0"
    return "\n".join((
        '<?xml version="1.0" encoding="UTF-8" standalone="no"?>',
        f"<!-- Extended Matrix, data model {DATA_MODEL} -->",
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">',
        *(f'<key id="{name}" for="{owner}" {more}/>' for name, owner, more in keys),
        '<graph edgedefault="directed" id="G"><node id="n0" yfiles.foldertype="group">',
        f'<data key="d5">{_text("; ".join(str(text) for text in record.get("assumptions") or []))}</data>',
        f'<data key="d6"><y:TableNode configuration="YED_TABLE_NODE">{_geometry((0, 0), width, height)}',
        '<y:Fill color="#ECF5FF" color2="#0042F440" transparent="false"/>'
        '<y:BorderStyle hasColor="false" type="line" width="1.0"/>',
        f'<y:NodeLabel modelName="internal" modelPosition="t">{_text(title)}</y:NodeLabel>',
        '<y:NodeLabel backgroundColor="#BCBCBC" modelName="custom">'
        f"{_text(f'state of {year} [start:{year};end:{year}]')}"
        '<y:LabelModel><y:RowNodeLabelModel offset="3.0"/></y:LabelModel>'
        f'<y:ModelParameter><y:RowNodeLabelModelParameter horizontalPosition="0.0" id={quoteattr(row)} inside="true"/>'
        "</y:ModelParameter></y:NodeLabel>",
        '<y:Table autoResizeTable="true" defaultColumnWidth="120.0" defaultRowHeight="80.0">'
        f'<y:DefaultColumnInsets {_insets(3, 3)}/><y:DefaultRowInsets {_insets(24, 3)}/><y:Insets {_insets(0, 30)}/>',
        f'<y:Columns><y:Column id="column_0" minimumWidth="50.0" width="{width}.0"><y:Insets {_insets(3, 3)}/></y:Column>'
        '</y:Columns>',
        f'<y:Rows><y:Row height="{height}.0" id={quoteattr(row)} minimumHeight="50.0"><y:Insets {_insets(24, 3)}/></y:Row>'
        '</y:Rows></y:Table></y:TableNode></data>',
        '<graph edgedefault="directed" id="n0:">',
        *graph.nodes, *graph.edges,
        "</graph></node></graph>",
        f'<data key="d8"><y:Resources>{resources}</y:Resources></data>',
        "</graphml>", "",
    ))  # fmt: skip


def _insets(left: int, top: int) -> str:
    return f'bottom="3.0" left="{left}.0" right="3.0" top="{top}.0"'


def _text(value: str) -> str:
    """Escape, and drop what XML 1.0 cannot carry."""
    return escape(_FORBIDDEN.sub("", value))


def _is_uuid(text: str) -> bool:
    try:
        uuid.UUID(text)
    except ValueError:
        return False
    return True
