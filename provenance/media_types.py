"""Which kind of file it is, told from its first bytes, and whether a credential fits inside."""

from __future__ import annotations

ENDINGS = {
    ".png": "image/png",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
}
LOSSY = frozenset({"image/jpeg", "image/avif"})   # these change pixels after marking, so nothing is claimed of single ones

# Embedding was tried for these and gives files that independent readers open. A TIFF only with one page: the SDK appends
# a page without image, at which Pillow and libtiff stop (contentauth/c2pa-rs #1894); Pictures are always one page.
EMBEDDED_PICTURES = frozenset(ENDINGS.values())
EMBEDDED_DOCUMENTS = frozenset({"video/mp4", "application/pdf"})
EMBED_LIMIT_BYTES = 512 * 2**20   # signing holds the whole file in memory


def sniff(head: bytes) -> str | None:
    """Return the media type that the first 32 bytes of a file show, None when they show none that a credential knows."""
    starts = (
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
        (b"II+\0", "image/tiff"),
        (b"MM\0+", "image/tiff"),
        (b"GIF8", "image/gif"),
        (b"%PDF-", "application/pdf"),
    )
    for start, media_type in starts:
        if head.startswith(start):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand in (b"avif", b"avis"):
            return "image/avif"
        return "image/heic" if brand in (b"heic", b"heix", b"mif1") else "video/mp4"
    return None


def is_too_large(size_bytes: int) -> bool:
    """Return whether a file is too large to be signed whole; then the list of its blocks is (`block_list.py`)."""
    return size_bytes > EMBED_LIMIT_BYTES


def credential_kind(media_type: str, size_bytes: int) -> str | None:
    """Return how a Document with AI in it is signed: "embedded", "sidecar", or None for text (the Record has its digest)."""
    if media_type.startswith("text/") or media_type.split("+")[-1].endswith(("json", "xml")):
        return None
    if media_type in EMBEDDED_DOCUMENTS and not is_too_large(size_bytes):
        return "embedded"
    return "sidecar"
