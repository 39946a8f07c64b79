"""The XMP packet inside a picture: what IPTC asks to be said of AI, in words that catalogues read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.sax.saxutils import escape

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC = "http://purl.org/dc/elements/1.1/"
XMP = "http://ns.adobe.com/xap/1.0/"
RIGHTS = "http://ns.adobe.com/xap/1.0/rights/"
FOREIGN_LIMIT_BYTES = 2**20

# IPTC 2025.1, simple text properties of the extension schema.
_FIELDS = {
    "digital_source_type": (IPTC, "Iptc4xmpExt", "DigitalSourceType"),
    "ai_system": (IPTC, "Iptc4xmpExt", "AISystemUsed"),
    "ai_system_version": (IPTC, "Iptc4xmpExt", "AISystemVersionUsed"),
    "prompt": (IPTC, "Iptc4xmpExt", "AIPromptInformation"),
    "prompt_writer": (IPTC, "Iptc4xmpExt", "AIPromptWriterName"),
    "creator_tool": (XMP, "xmp", "CreatorTool"),
    "rights": (RIGHTS, "xmpRights", "WebStatement"),
    "identifier": (DC, "dc", "identifier"),
}
# Not allowed in XML 1.0 even as a reference.
_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Statement:
    """What a picture says of itself.

    Attributes:
        digital_source_type: URI of IPTC's vocabulary, such as SOURCE_TYPES + "trainedAlgorithmicMedia"; "" when not said.
        ai_system, ai_system_version: model and its version; "" when no model ran.
        prompt, prompt_writer: text given to the model, and by whom; "" when none.
        creator_tool: program that wrote the file.
        rights: URI of the rights statement of the source.
        identifier: `urn:uuid:…` of the Record.
        description: plain text; the legend of an evidence map, one line for each index.
    """

    digital_source_type: str = ""
    ai_system: str = ""
    ai_system_version: str = ""
    prompt: str = ""
    prompt_writer: str = ""
    creator_tool: str = ""
    rights: str = ""
    identifier: str = ""
    description: str = ""


def source_type(operation: str, role: str, contains_ai: bool) -> str:
    """Return the URI of IPTC's digital source type for a picture of `role` ("restored", "variant", …) in a Draft."""
    if contains_ai:
        if operation == "restore" or role in ("restored", "hypothesis"):
            return SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"   # holes filled in a capture
        return SOURCE_TYPES + ("trainedAlgorithmicMedia" if role == "variant" else "compositeSynthetic")
    if role in ("restored", "hypothesis"):
        return SOURCE_TYPES + "algorithmicallyEnhanced"                    # a classical fill, nothing trained
    return SOURCE_TYPES + "algorithmicMedia"


def write(statement: Statement) -> bytes:
    """Return a whole XMP packet, UTF-8. Characters that XML cannot carry are dropped, everything else is escaped."""
    lines = [
        f"   <{prefix}:{name}>{_text(getattr(statement, field))}</{prefix}:{name}>"
        for field, (_, prefix, name) in _FIELDS.items()
        if getattr(statement, field)
    ]
    if statement.description:
        text = _text(statement.description)
        lines.append(
            f'   <dc:description><rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt></dc:description>'
        )
    body = "\n".join(lines)
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">\n'
        f' <rdf:RDF xmlns:rdf="{RDF}">\n'
        f'  <rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{IPTC}" xmlns:dc="{DC}" xmlns:xmp="{XMP}"'
        f' xmlns:xmpRights="{RIGHTS}">\n{body}\n'
        "  </rdf:Description>\n </rdf:RDF>\n</x:xmpmeta>\n"
        '<?xpacket end="r"?>'
    ).encode()


def find(data: bytes) -> bytes | None:
    """Return the first XMP packet in a file's bytes: the format was made to be found by scanning."""
    start = data.find(b"<x:xmpmeta")
    end = data.find(b"</x:xmpmeta>", start)
    if start < 0 or end < 0 or end - start > FOREIGN_LIMIT_BYTES:
        return None
    return data[start : end + len(b"</x:xmpmeta>")]


def read(packet: bytes) -> Statement | None:
    """Return what a packet says, ours or a stranger's; None when it cannot be read. Entities and DTDs are refused."""
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    inner = find(packet)
    if inner is None:
        return None
    try:
        root = fromstring(inner, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError, RecursionError):
        return None
    values = {}
    for field, (namespace, _, name) in _FIELDS.items():
        values[field] = _value(root, f"{{{namespace}}}{name}")
    values["description"] = _value(root, f"{{{DC}}}description")
    return Statement(**values)


def _text(value: str) -> str:
    return escape(_FORBIDDEN.sub("", value))


def _value(root, name: str) -> str:
    """Return a property written as an element, as an attribute of rdf:Description, or as the first rdf:li in it."""
    for description in root.iter(f"{{{RDF}}}Description"):
        if name in description.attrib:
            return description.attrib[name]
    element = next(root.iter(name), None)
    if element is None:
        return ""
    item = next(element.iter(f"{{{RDF}}}li"), element)
    return (item.text or item.attrib.get(f"{{{RDF}}}resource", "")).strip("\n")
