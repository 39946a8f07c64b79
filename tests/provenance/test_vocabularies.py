"""One Record, read back by the tools of each field."""

import io
import json
import re
import xml.etree.ElementTree as ElementTree

import networkx
import numpy as np
import pytest

from blender_addon.scenes.model import Element, Evidence, SceneModel
from provenance.release import release
from provenance.vocabularies.carried import carried
from provenance.vocabularies.crmdig import CRM, CRMDIG, crmdig_json_ld
from provenance.vocabularies.extended_matrix import UNITS, extended_matrix, unit_kind
from provenance.vocabularies.prov import prov_json

Y = "{http://www.yworks.com/xml/graphml}"
G = "{http://graphml.graphdrawing.org/xmlns}"
TK = "https://localcontexts.org/label/tk-attribution/"


@pytest.fixture
def record(restoration, home, tmp_path):
    return release(restoration, tmp_path / "out", home).record


@pytest.fixture
def scene_record(record):
    """Return a scene's Record as `scene` writes it, and the scene.json of a wall, a roof and an invented tower."""
    sheet = record["sources"][0]["sha256"]
    box = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], float)
    faces = np.array(
        [
            [0, 1, 3],
            [0, 3, 2],
            [4, 6, 7],
            [4, 7, 5],
            [0, 4, 5],
            [0, 5, 1],
            [2, 3, 7],
            [2, 7, 6],
            [0, 2, 6],
            [0, 6, 4],
            [1, 5, 7],
            [1, 7, 3],
        ]
    )
    read = (Evidence(sheet, (1, 2, 30, 40), "thickness of the poché"), Evidence(sheet, None, "height from the section"))
    elements = (
        Element("wall & <north>", "wall", box, faces, 2, "drawing", read, {"material": 6}),
        Element("survey", "floor", box + 2, faces, 1, "drawing", read[:1]),
        Element("roof", "roof", box + 4, faces, 6, "rule", (Evidence("", None, "pitch of 40° by rule"),)),
        Element("tower", "wall", box + 6, faces, 7, "AI"),
    )
    scene = json.loads(SceneModel("house", elements).to_json())
    return record | {"operation": "scene"}, scene


# --- PROV ------------------------------------------------------------------------------------------------------------


def test_prov_json_is_parsed_and_goes_round(scene_record):
    prov = pytest.importorskip("prov.model")
    for text in (json.dumps(prov_json(scene_record[0])), json.dumps(prov_json(*scene_record))):
        document = prov.ProvDocument.deserialize(io.StringIO(text), format="json")
        again = prov.ProvDocument.deserialize(io.StringIO(document.serialize(format="json")), format="json")
        assert again == document
        assert document.get_provn().startswith("document")


def test_prov_tells_the_whole_chain(scene_record):
    prov = pytest.importorskip("prov.model")
    record, scene = scene_record
    document = prov.ProvDocument.deserialize(io.StringIO(json.dumps(prov_json(record, scene))), format="json")
    outputs = {f"file:{output['sha256']}" for output in record["outputs"]}
    made = {str(one.args[0]) for one in document.get_records(prov.ProvGeneration)}
    assert outputs <= made
    derived = {(str(one.args[0]), str(one.args[1])) for one in document.get_records(prov.ProvDerivation)}
    source = f"file:{record['sources'][0]['sha256']}"
    assert {(name, source) for name in outputs} <= derived
    assert sum(name.startswith("element:") for name, _ in derived) == 2  # the roof has a rule and the tower nothing
    (run,) = document.get_records(prov.ProvActivity)
    assert run.get_endTime().isoformat().startswith(record["made"][:19])
    said = [pair for entity in document.get_records(prov.ProvEntity) for pair in entity.attributes]
    levels = {str(getattr(value, "value", value)) for name, value in said if str(name) == "anastylosis:level"}
    assert levels == {"1", "2", "6", "7"}


# --- CRMdig ----------------------------------------------------------------------------------------------------------

CLASSES = {"D1_Digital_Object", "D7_Digital_Machine_Event", "D8_Digital_Device", "D9_Data_Object", "D10_Software_Execution",
           "D14_Software", "D29_Annotation_Object", "D35_Area"}  # fmt: skip
PROPERTIES = {"L10_had_input", "L11_had_output", "L12_happened_on_device", "L13_used_parameters",
              "L23_used_software_or_firmware", "L43_annotates", "L49_is_primary_area_of"}  # fmt: skip


def test_crmdig_expands_to_names_that_the_model_has(scene_record):
    rdflib = pytest.importorskip("rdflib")
    record, scene = scene_record
    graph = rdflib.Graph().parse(data=json.dumps(crmdig_json_ld(record, scene)), format="json-ld")
    kinds = {str(o) for o in graph.objects(None, rdflib.RDF.type)}
    predicates = {str(p) for p in graph.predicates()} - {str(rdflib.RDF.type), str(rdflib.RDFS.label)}
    assert {name.removeprefix(CRMDIG) for name in kinds if name.startswith(CRMDIG)} <= CLASSES
    assert {name.removeprefix(CRMDIG) for name in predicates if name.startswith(CRMDIG)} == PROPERTIES
    assert all(name.startswith((CRM, CRMDIG)) for name in kinds | predicates), kinds | predicates
    assert all(re.match(r"E\d+_", name.removeprefix(CRM)) for name in kinds if name.startswith(CRM))
    assert all(re.match(r"P\d+[abi]?_", name.removeprefix(CRM)) for name in predicates if name.startswith(CRM))


def test_crmdig_leads_from_a_region_to_the_model_that_made_it(record):
    rdflib = pytest.importorskip("rdflib")
    graph = rdflib.Graph().parse(data=json.dumps(crmdig_json_ld(record)), format="json-ld")
    found = list(graph.query(f"""
        PREFIX crm: <{CRM}> PREFIX dig: <{CRMDIG}> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
        SELECT ?box ?picture ?model WHERE {{
          ?note a dig:D29_Annotation_Object ; dig:L43_annotates ?area ; crm:P67_refers_to ?m .
          ?area a dig:D35_Area ; dig:L49_is_primary_area_of ?p ; crm:P190_has_symbolic_content ?box .
          ?run a dig:D7_Digital_Machine_Event ; dig:L11_had_output ?p ; dig:L23_used_software_or_firmware ?m ;
               crm:P4_has_time-span/crm:P82b_end_of_the_end ?t .
          ?p rdfs:label ?picture . ?m rdfs:label ?model }}"""))  # fmt: skip
    assert [tuple(map(str, row)) for row in found] == [("xywh=pixel:40,30,50,30", "restored.png", "bundled")]


def test_a_run_of_a_model_is_never_called_a_formal_derivation(record):
    assert "D3_" not in json.dumps(crmdig_json_ld(record))
    bare = record | {"model": None}
    assert crmdig_json_ld(bare)["@graph"][0]["@type"] == "crmdig:D10_Software_Execution"


def test_json_ld_is_expanded_by_a_second_processor(scene_record):
    jsonld = pytest.importorskip("pyld.jsonld")
    (run, *_) = jsonld.expand(crmdig_json_ld(*scene_record))
    assert run["@type"] == [CRMDIG + "D7_Digital_Machine_Event"]
    assert len(run[CRMDIG + "L11_had_output"]) == 5


# --- Extended Matrix --------------------------------------------------------------------------------------------------


def _nodes(text):
    """label → (shape or BPMN kind, border, description)"""
    found = {}
    for node in ElementTree.fromstring(text).iter(G + "node"):
        label = node.find(f"{G}data/*/{Y}NodeLabel")
        shape, border = node.find(f".//{Y}Shape"), node.find(f".//{Y}BorderStyle")
        kinds = [p.get("value") for p in node.iter(Y + "Property") if p.get("name") == "com.yworks.bpmn.type"]
        described = node.find(f"{G}data[@key='d5']")
        if label is not None and "foldertype" not in str(node.attrib):
            kind = shape.get("type") if shape is not None else kinds[0] if kinds else "SVG"
            found.setdefault(label.text, (kind, border.get("color"), described.text or ""))
    return found


def test_each_element_is_a_unit_of_the_kind_that_its_level_asks_for(scene_record):
    nodes = _nodes(extended_matrix(*scene_record))
    assert nodes["wall & <north>"][:2] == ("roundrectangle", "#D86400")
    assert nodes["survey"][:2] == ("rectangle", "#9B3333")
    assert nodes["roof"][:2] == ("hexagon", "#31792D")
    assert nodes["tower"][:2] == ("hexagon", "#31792D")
    assert "level 2 of 7, direct source" in nodes["wall & <north>"][2]
    assert nodes["evidence level"][0] == "ARTIFACT_TYPE_ANNOTATION"
    assert (nodes["D.01"][0], nodes["D.01.01"][0], nodes["AI.01"][0]) == ("ARTIFACT_TYPE_DATA_OBJECT", "SVG", "SVG")
    assert "thickness of the poché [region 1, 2, 30, 40 px]" in nodes["D.01.01"][2]
    assert nodes["rule"][2] == "pitch of 40° by rule"
    assert unit_kind(3, ()) == "USV/s" and unit_kind(0, ()) == "USV/n"
    assert set(UNITS) == {"US", "USD", "USV/s", "USV/n"}


def test_networkx_walks_from_a_wall_to_its_drawing(scene_record):
    graph = networkx.parse_graphml(_flat(extended_matrix(*scene_record)))
    names = {_label_of(extended_matrix(*scene_record), name): name for name in graph}
    assert networkx.has_path(graph, names["wall & <north>"], names["D.01"])
    assert networkx.has_path(graph, names["tower"], names["AI.01"])
    assert not networkx.has_path(graph, names["roof"], names["D.01"])
    assert networkx.is_directed_acyclic_graph(graph)


def test_a_restoration_without_scene_has_its_pictures_as_units(record):
    nodes = _nodes(extended_matrix(record))
    assert nodes["restored.png"][0] == "hexagon"
    assert "mask.png" not in nodes
    assert record["sources"][0]["sha256"] in nodes["D.01"][2]


def test_the_importer_of_em_tools_reads_the_chain_back(scene_record, tmp_path):
    importer = pytest.importorskip("s3dgraphy.importer.import_graphml")
    path = tmp_path / "scene.graphml"
    path.write_text(extended_matrix(*scene_record), "utf-8")
    graph = importer.GraphMLImporter(str(path)).parse()
    kinds = {node.name: node.node_type for node in graph.nodes}
    assert (kinds["wall & <north>"], kinds["survey"], kinds["roof"]) == ("USD", "US", "USVn")
    assert (kinds["D.01"], kinds["D.01.01"], kinds["C.01"], kinds["AI.01"]) == (
        "document",
        "extractor",
        "combiner",
        "author_ai",
    )
    edges = {edge.edge_type for edge in graph.edges}
    assert {"has_property", "extracted_from", "combines", "has_author"} <= edges


def _flat(text):
    """networkx knows no nested graphs in GraphML's yEd dialect: the same nodes and edges, one level up."""
    inner = re.search(r'<graph edgedefault="directed" id="n0:">(.*)</graph></node></graph>', text, re.DOTALL).group(1)
    inner = re.sub(r'<data key="d(?:6|10)">.*?</data>', "", inner, flags=re.DOTALL)
    keys = "".join(
        f'<key id="d{n}" for="{owner}" attr.name="{name}" attr.type="string"/>'
        for n, owner, name in ((4, "node", "url"), (5, "node", "description"), (7, "node", "EMID"), (11, "edge", "EMID2"))
    )
    return (
        f'<graphml xmlns="http://graphml.graphdrawing.org/xmlns">{keys}<graph edgedefault="directed">{inner}</graph></graphml>'
    )


def _label_of(text, name):
    node = next(node for node in ElementTree.fromstring(text).iter(G + "node") if node.get("id") == name)
    return node.find(f"{G}data/*/{Y}NodeLabel").text


# --- statements of others ----------------------------------------------------------------------------------------------


def test_labels_and_rights_are_carried_as_they_were_given(record):
    record["sources"][0]["labels"] = [TK, "TK Attribution"]
    found = carried(record)
    assert [one.kind for one in found] == ["rights statement", "Local Contexts label", "Local Contexts label"]
    assert [one.statement for one in found][1:] == [TK, "TK Attribution"]
    for text in (json.dumps(prov_json(record)), json.dumps(crmdig_json_ld(record)), extended_matrix(record)):
        assert TK in text and "NoC-US/1.0/" in text


def test_nothing_is_said_of_rights_where_nobody_stated_any(record):
    record["sources"][0]["rights"] = None
    assert carried(record) == []
    assert "E30_Right" not in json.dumps(crmdig_json_ld(record))
    assert '"dcterms:rights"' not in json.dumps(prov_json(record))
