"""A Record as W3C PROV: who did what to which file, in the JSON that provenance tools read.

Source: PROV-DM (W3C Recommendation, 2013) and PROV-JSON (W3C Member Submission, 2013). Levels, digests and watermarks have no
word in PROV and stand under our own names, so that nothing is lost by the mapping.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from provenance.vocabularies.carried import carried

PREFIXES = {
    "anastylosis": "urn:anastylosis:terms:",
    "file": "urn:anastylosis:sha256:",
    "record": "urn:uuid:",
    "model": "urn:anastylosis:model:",
    "element": "urn:anastylosis:element:",
    "dcterms": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
}
_OPERATIONS = {
    "restore": "restoration of a picture",
    "speculate": "speculative design",
    "scene": "building of a metric scene",
    "render": "rendering of a scene",
    "propose": "proposal of a damage map",
    "read": "reading of a drawing",
}


def prov_json(record: dict, scene: dict | None = None) -> dict:
    """Return a PROV-JSON document.

    Args:
        record: as `provenance.record.parse` gives it.
        scene: content of the Release's scene.json; adds one entity for each element, with its level and evidence.
    """
    document = _Document()
    run, software = f"record:{record['id']}", "anastylosis:software"
    plan = f"anastylosis:plan-{record['id']}"
    digest = str(record.get("request_sha256", ""))
    document.entity(plan, {"prov:type": _name("prov:Plan"), "anastylosis:request_sha256": digest})
    document.add("activity", run, _run(record))
    document.add("agent", software, {
        "prov:type": _name("prov:SoftwareAgent"), "prov:label": "Anastylosis",
        "anastylosis:version": str((record.get("software") or {}).get("anastylosis", "")),
    })  # fmt: skip
    document.relate("wasAssociatedWith", {"prov:activity": run, "prov:agent": software, "prov:plan": plan})
    _people(document, record, run, software)
    used = [_source(document, source) for source in record["sources"]]
    used += _model(document, record)
    for name in used:
        document.relate("used", {"prov:activity": run, "prov:entity": name})
    ended = str(record["made"])
    for output in record["outputs"]:
        name = _output(document, output)
        document.relate("wasGeneratedBy", {"prov:entity": name, "prov:activity": run, "prov:time": ended})
        document.relate("wasAttributedTo", {"prov:entity": name, "prov:agent": software})
        for source in record["sources"]:
            kind = "prov:Revision" if source.get("role") == "parent" and output["role"] in ("restored", "hypothesis") else ""
            document.relate("wasDerivedFrom", {
                "prov:generatedEntity": name, "prov:usedEntity": f"file:{source['sha256']}", "prov:activity": run,
            } | ({"prov:type": _name(kind)} if kind else {}))  # fmt: skip
    if scene is not None:
        _elements(document, record, scene)
    return document.values()


class _Document:
    """The tables of a PROV-JSON document while they grow."""

    def __init__(self):
        self._tables: dict[str, dict] = {}

    def add(self, table: str, name: str, values: dict) -> None:
        self._tables.setdefault(table, {})[name] = {key: value for key, value in values.items() if value not in (None, "", [])}

    def entity(self, name: str, values: dict) -> None:
        self.add("entity", name, values)

    def relate(self, table: str, values: dict) -> None:
        self.add(table, f"_:{table}{len(self._tables.get(table, {})) + 1}", values)

    def values(self) -> dict:
        return {"prefix": PREFIXES, **self._tables}


def _run(record: dict) -> dict:
    stamp, log = (record.get("signing") or {}).get("time_stamp"), record.get("log") or {}
    stamp = stamp if isinstance(stamp, dict) else {}
    return {
        "prov:label": _OPERATIONS.get(record["operation"], record["operation"]),
        "prov:type": _name(f"anastylosis:{record['operation']}"),
        "prov:endTime": str(record["made"]),
        "anastylosis:seed": _integer((record.get("request") or {}).get("seed")),
        "anastylosis:prompt": str((record.get("request") or {}).get("prompt") or ""),
        "anastylosis:assumption": [str(text) for text in record.get("assumptions") or []],
        "anastylosis:log": str(log.get("origin") or ""),
        "anastylosis:time_stamp": str(stamp.get("tsa") or ""),
        "anastylosis:machine": " ".join(str(value) for value in (record.get("machine") or {}).values()),
    }


def _source(document: _Document, source: dict) -> str:
    name = f"file:{source['sha256']}"
    stated = carried({"sources": [source]})
    document.entity(name, {
        "prov:label": str(source.get("name", "")),
        "prov:type": _name("anastylosis:Source"),
        "dcterms:format": str(source.get("media_type", "")),
        "anastylosis:role": str(source.get("role", "")),
        "dcterms:rights": [_uri(one.statement) if one.is_uri else one.statement for one in stated],
    })  # fmt: skip
    return name


def _model(document: _Document, record: dict) -> list[str]:
    model = record.get("model")
    if not model:
        return []
    name = f"model:{model.get('weights_sha256') or 'unknown'}"
    document.entity(name, {
        "prov:type": _name("anastylosis:Model"), "prov:label": str(model.get("id", "")),
        "dcterms:license": str(model.get("licence") or ""),
    })  # fmt: skip
    return [name]


def _output(document: _Document, output: dict) -> str:
    name, ai = f"file:{output['sha256']}", output.get("ai") or {}
    kinds = [_name("anastylosis:Output")]
    if output.get("digital_source_type"):
        kinds.append(_uri(output["digital_source_type"]))
    document.entity(name, {
        "prov:label": output["name"],
        "prov:type": kinds,
        "dcterms:format": output["media_type"],
        "anastylosis:role": output["role"],
        "anastylosis:contains_ai": _boolean(output["contains_ai"]),
        "anastylosis:ai_share": _double(ai.get("share")),
        "anastylosis:mask_sha256": str(ai.get("mask_sha256") or ""),
        "anastylosis:region": [",".join(str(edge) for edge in box) for box in ai.get("regions") or []],
        "anastylosis:watermark": str((output.get("watermark") or {}).get("handle") or ""),
        "dcterms:identifier": str(output.get("iscc") or ""),
    })  # fmt: skip
    return name


def _people(document: _Document, record: dict, run: str, software: str) -> None:
    """Persons and organisations, where the Record names them; the software then acts on the person's behalf."""
    person, organisation = record.get("person") or {}, record.get("organisation")
    if person.get("name"):
        document.add("agent", "anastylosis:person", {
            "prov:type": _name("prov:Person"), "foaf:name": str(person["name"]),
            "anastylosis:role": str(person.get("role") or ""),
        })  # fmt: skip
        document.relate("wasAssociatedWith", {"prov:activity": run, "prov:agent": "anastylosis:person"})
        document.relate("actedOnBehalfOf", {
            "prov:delegate": software, "prov:responsible": "anastylosis:person", "prov:activity": run,
        })  # fmt: skip
    if organisation:
        kind = _name("prov:Organization")
        document.add("agent", "anastylosis:organisation", {"prov:type": kind, "foaf:name": str(organisation)})
        if person.get("name"):
            document.relate("actedOnBehalfOf", {
                "prov:delegate": "anastylosis:person", "prov:responsible": "anastylosis:organisation",
            })  # fmt: skip


def _elements(document: _Document, record: dict, scene: dict) -> None:
    """One entity for each solid: its level, its author, and the sheets that it was read from."""
    sources = {source["sha256"] for source in record["sources"]}
    for element in [*(scene.get("elements") or []), *(scene.get("plates") or [])]:
        name = f"element:{record['id']}-{quote(str(element['id']), safe='')}"
        document.entity(name, {
            "prov:label": str(element["id"]),
            "prov:type": _name("anastylosis:Element"),
            "anastylosis:kind": str(element.get("kind", "")),
            "anastylosis:level": _integer(element.get("level")),
            "anastylosis:author": str(element.get("author", "")),
            "anastylosis:evidence": [str(one.get("note")) for one in element.get("evidence") or [] if one.get("note")],
        })  # fmt: skip
        document.relate("wasGeneratedBy", {"prov:entity": name, "prov:activity": f"record:{record['id']}"})
        for digest in dict.fromkeys(str(one.get("source_sha256")) for one in element.get("evidence") or []):
            if digest in sources:
                document.relate("wasDerivedFrom", {"prov:generatedEntity": name, "prov:usedEntity": f"file:{digest}"})


def _name(text: str) -> dict:
    return {"$": text, "type": "prov:QUALIFIED_NAME"}


def _uri(text: str) -> dict:
    return {"$": text, "type": "xsd:anyURI"}


def _integer(value: Any) -> dict | None:
    return {"$": str(value), "type": "xsd:integer"} if isinstance(value, int) else None


def _double(value: Any) -> dict | None:
    return {"$": repr(float(value)), "type": "xsd:double"} if isinstance(value, int | float) else None


def _boolean(value: bool) -> dict:
    return {"$": "true" if value else "false", "type": "xsd:boolean"}
