"""A Record as CIDOC CRM with its digital extension, in JSON-LD: what museum catalogues of digital objects read.

Source: CRMdig 4.0 (draft, December 2022), http://www.cidoc-crm.org/extensions/crmdig/, on CIDOC CRM 7.1.2. A run of a model is
a D7 Digital Machine Event and never a D3 Formal Derivation, whose scope note asks for a deterministic algorithm that preserves
what is represented; a run without a model is a D10 Software Execution.
"""

from __future__ import annotations

from urllib.parse import quote

from provenance.vocabularies.carried import carried

CRM = "http://www.cidoc-crm.org/cidoc-crm/"
CRMDIG = "http://www.cidoc-crm.org/extensions/crmdig/"
CONTEXT = {
    "crm": CRM,
    "crmdig": CRMDIG,
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "label": "rdfs:label",
    "ended": {"@id": "crm:P82b_end_of_the_end", "@type": "xsd:dateTime"},
    "content": "crm:P190_has_symbolic_content",
    "note": "crm:P3_has_note",
    **{
        short: {"@id": name, "@type": "@id"}
        for short, name in {
            "type": "crm:P2_has_type",
            "identified_by": "crm:P1_is_identified_by",
            "time": "crm:P4_has_time-span",
            "carried_out_by": "crm:P14_carried_out_by",
            "subject_to": "crm:P104_is_subject_to",
            "refers_to": "crm:P67_refers_to",
            "part_of": "crm:P148i_is_component_of",
            "digitized": "crmdig:L1_digitized",
            "input": "crmdig:L10_had_input",
            "output": "crmdig:L11_had_output",
            "device": "crmdig:L12_happened_on_device",
            "parameters": "crmdig:L13_used_parameters",
            "software": "crmdig:L23_used_software_or_firmware",
            "annotates": "crmdig:L43_annotates",
            "area_of": "crmdig:L49_is_primary_area_of",
        }.items()
    },
}


def crmdig_json_ld(record: dict, scene: dict | None = None) -> dict:
    """Return a JSON-LD document with one @graph.

    Args:
        record: as `provenance.record.parse` gives it.
        scene: content of the Release's scene.json; adds an information object for each element, with its level and evidence.
    """
    graph: list[dict] = [_run(record)]
    graph += [_source(source) for source in record["sources"]]
    graph += _tools(record)
    for output in record["outputs"]:
        graph += _output(record, output)
    graph += _rights(record)
    if scene is not None:
        graph += _elements(record, scene)
    return {"@context": CONTEXT, "@graph": [{key: value for key, value in node.items() if value} for node in graph]}


def _run(record: dict) -> dict:
    identity = f"urn:uuid:{record['id']}"
    person = (record.get("person") or {}).get("name")
    return {
        "@id": identity,
        "@type": "crmdig:D7_Digital_Machine_Event" if record.get("model") else "crmdig:D10_Software_Execution",
        "label": f"{record['operation']} {record['made']}",
        "type": _type(record["operation"]),
        "time": {"@id": f"{identity}#time", "@type": "crm:E52_Time-Span", "ended": str(record["made"])},
        "input": [_file(source["sha256"]) for source in record["sources"]],
        "output": [_file(output["sha256"]) for output in record["outputs"]],
        "parameters": f"{identity}#request",
        "device": f"{identity}#machine",
        "software": [f"{identity}#software", *([f"{identity}#model"] if record.get("model") else [])],
        "carried_out_by": {"@id": f"{identity}#person", "@type": "crm:E21_Person", "label": str(person)} if person else None,
        "note": [str(text) for text in record.get("assumptions") or []],
    }


def _source(source: dict) -> dict:
    """A scan or a drawing as it came in; who digitised what is told only where the Record knows it."""
    name, digitised = _file(source["sha256"]), source.get("digitised_by")
    return {
        "@id": name,
        "@type": "crmdig:D1_Digital_Object" if not digitised else "crmdig:D9_Data_Object",
        "label": str(source.get("name", "")),
        "type": _type(f"source-{source.get('role', 'input')}"),
        "identified_by": _identifier(name, "sha256", source["sha256"]),
        "subject_to": [_right(name, number) for number, _ in enumerate(carried({"sources": [source]}))],
        "note": f"digitised by {digitised}" if digitised else None,
    }


def _tools(record: dict) -> list[dict]:
    identity, model = f"urn:uuid:{record['id']}", record.get("model") or {}
    versions = ", ".join(f"{name} {number}" for name, number in sorted((record.get("software") or {}).items()))
    machine = " ".join(str(value) for value in (record.get("machine") or {}).values())
    found = [
        {"@id": f"{identity}#software", "@type": "crmdig:D14_Software", "label": "Anastylosis", "note": versions},
        {"@id": f"{identity}#machine", "@type": "crmdig:D8_Digital_Device", "label": machine or "not told"},
        {
            "@id": f"{identity}#request",
            "@type": "crmdig:D1_Digital_Object",
            "label": "request",
            "identified_by": _identifier(f"{identity}#request", "sha256", str(record.get("request_sha256", ""))),
        },
    ]
    if model:
        found.append({
            "@id": f"{identity}#model",
            "@type": "crmdig:D14_Software",
            "label": str(model.get("id", "")),
            "type": _type("model"),
            "identified_by": _identifier(f"{identity}#model", "sha256", str(model.get("weights_sha256") or "")),
            "note": f"licence: {model['licence']}" if model.get("licence") else None,
        })  # fmt: skip
    return found


def _output(record: dict, output: dict) -> list[dict]:
    name, ai = _file(output["sha256"]), output.get("ai") or {}
    kinds = [_type(output["role"])]
    if output.get("digital_source_type"):
        kinds.append({"@id": output["digital_source_type"], "@type": "crm:E55_Type"})
    codes = [_identifier(name, "sha256", output["sha256"]), _identifier(name, "iscc", str(output.get("iscc") or ""))]
    told = "A model made no part of it."
    if output["contains_ai"]:
        share = f" ({ai['share']:.2%} of its pixels)".replace("%", " %") if "share" in ai else ""
        told = f"A model made part of it{share}."
    found: list[dict] = [{
        "@id": name,
        "@type": "crmdig:D1_Digital_Object",
        "label": output["name"],
        "type": kinds,
        "identified_by": [code for code in codes if code],
        "note": told,
    }]  # fmt: skip
    for number, box in enumerate(ai.get("regions") or []):
        area = f"{name}#area-{number + 1}"
        found.append({
            "@id": area, "@type": "crmdig:D35_Area", "area_of": name, "content": "xywh=pixel:" + ",".join(map(str, box)),
        })  # fmt: skip
        found.append({
            "@id": f"{area}-made", "@type": "crmdig:D29_Annotation_Object", "annotates": area,
            "type": _type("made-by-a-model"), "refers_to": f"urn:uuid:{record['id']}#model",
        })  # fmt: skip
    return found


def _rights(record: dict) -> list[dict]:
    """One E30 Right for each statement, in its owner's words."""
    found = []
    for source in record["sources"]:
        for number, one in enumerate(carried({"sources": [source]})):
            found.append({
                "@id": _right(_file(source["sha256"]), number),
                "@type": "crm:E30_Right",
                "label": one.statement,
                "type": {"@id": one.statement, "@type": "crm:E55_Type"} if one.is_uri else _type(one.kind.replace(" ", "-")),
            })  # fmt: skip
    return found


def _elements(record: dict, scene: dict) -> list[dict]:
    """Elements as E73 Information Objects, parts of scene.glb, which refer to the sheets that they were read from."""
    whole = next((output["sha256"] for output in record["outputs"] if output["role"] == "scene"), None)
    known, found = {source["sha256"] for source in record["sources"]}, []
    for element in [*(scene.get("elements") or []), *(scene.get("plates") or [])]:
        read_from = dict.fromkeys(str(one.get("source_sha256")) for one in element.get("evidence") or [])
        found.append({
            "@id": f"urn:uuid:{record['id']}#element-{quote(str(element['id']), safe='')}",
            "@type": "crm:E73_Information_Object",
            "label": str(element["id"]),
            "type": [_type(str(element.get("kind", ""))), _type(f"level-{element.get('level')}"),
                     _type(f"author-{element.get('author')}")],
            "part_of": _file(whole) if whole else None,
            "refers_to": [_file(digest) for digest in read_from if digest in known],
            "note": [str(one["note"]) for one in element.get("evidence") or [] if one.get("note")],
        })  # fmt: skip
    return found


def _file(sha256: str) -> str:
    return f"urn:anastylosis:sha256:{sha256}"


def _right(name: str, number: int) -> str:
    return f"{name}#right-{number + 1}"


def _type(word: str) -> dict:
    return {"@id": f"urn:anastylosis:type:{quote(word, safe='')}", "@type": "crm:E55_Type", "label": word}


def _identifier(owner: str, kind: str, value: str) -> dict | None:
    if not value:
        return None
    return {"@id": f"{owner}#{kind}", "@type": "crm:E42_Identifier", "type": _type(kind), "content": value}
