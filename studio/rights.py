"""The rights statement that a picture carries in its XMP packet."""

from __future__ import annotations

import xml.etree.ElementTree as Tree  # the type and the error only: parsing goes through defusedxml

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
# In the order in which they are believed: an address of a statement first, wording last.
_STATEMENTS = (
    "{http://ns.adobe.com/xap/1.0/rights/}WebStatement",
    "{http://www.europeana.eu/schemas/edm/}rights",
    "{http://creativecommons.org/ns#}license",
    "{http://purl.org/dc/terms/}rights",
    "{http://purl.org/dc/elements/1.1/}rights",
    "{http://ns.adobe.com/xap/1.0/rights/}UsageTerms",
)


def rights_in_xmp(packet: bytes | None) -> str | None:
    """The statement in an XMP packet, a URI where there is one; None when there is none or the packet is broken or hostile.

    Source: XMP specification part 2, §8 (Dublin Core, xmpRights).
    """
    if not packet:
        return None
    try:
        root = fromstring(packet.strip(b"\0 \t\r\n"))
    except (Tree.ParseError, DefusedXmlException, ValueError, LookupError):
        return None
    for name in _STATEMENTS:
        for element in root.iter():
            if text := _text(element, name):
                return text
    return None


def _text(element: Tree.Element, name: str) -> str | None:
    """The value of property `name`, written as an attribute of `element` or as `element` itself (plain, resource, Alt, Bag)."""
    if element.tag != name:
        return (element.get(name) or "").strip() or None
    words = [element.get(f"{_RDF}resource", ""), element.text or ""]
    items = element.findall(f".//{_RDF}li")
    items.sort(key=lambda li: li.get("{http://www.w3.org/XML/1998/namespace}lang") != "x-default")
    words += [li.text or li.get(f"{_RDF}resource", "") for li in items]
    return next((word.strip() for word in words if word.strip()), None)
