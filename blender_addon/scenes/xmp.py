"""What a GLB says of itself where a model had a hand in it: XMP packets, which catalogues and engines read without knowing us.

Source: glTF extension KHR_xmp_json_ld (ratified 2021); IPTC Photo Metadata 2025.1 for DigitalSourceType.
"""

from __future__ import annotations

from .model import Element

EXTENSION = "KHR_xmp_json_ld"
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_CONTEXT = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}


def packet(solid: Element) -> dict | None:
    """Return the XMP packet of a solid whose author is a model, None for any other.

    A solid with levels of its own at each vertex is partly the source's: its type is the composite one.
    """
    if solid.author != "AI":
        return None
    kind = "trainedAlgorithmicMedia" if solid.vertex_levels is None else "compositeWithTrainedAlgorithmicMedia"
    return {
        "@context": _CONTEXT,
        "@id": "",
        "dc:title": {"@type": "rdf:Alt", "rdf:_1": {"@language": "x-default", "@value": f"{solid.kind} {solid.id}"}},
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + kind,
        "xmp:CreatorTool": "Anastylosis",
    }


class Packets:
    """The packets of one document while it grows: each is stored once, whoever refers to it."""

    def __init__(self):
        self.packets: list[dict] = []

    def refer(self, entry: dict, one: dict | None) -> None:
        """Let a mesh, node or image of the document refer to a packet; None leaves it as it is."""
        if one is None:
            return
        if one not in self.packets:
            self.packets.append(one)
        entry.setdefault("extensions", {})[EXTENSION] = {"packet": self.packets.index(one)}

    def declared(self) -> dict:
        """Return what the document itself says: nothing when no model had a hand in it."""
        if not self.packets:
            return {}
        return {"extensionsUsed": [EXTENSION], "extensions": {EXTENSION: {"packets": self.packets}}}
