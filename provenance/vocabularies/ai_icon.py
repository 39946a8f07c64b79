"""The sign "AI" for labels and pages: our own drawing, in two forms, readable at 12 px and without colour.

The European Union's Code of Practice asks deployers for a sign that says "AI" and whether a thing was generated or modified.
This drawing says the same, in words that a screen reader reads; whoever must show the official icon puts it in its place.
"""

from __future__ import annotations

GENERATED, MODIFIED = "AI GENERATED", "AI MODIFIED"


def icon_kind(record: dict) -> str | None:
    """Return GENERATED when a model made a whole picture, MODIFIED when it made a part, None when no model took part."""
    outputs = [output for output in record["outputs"] if output["contains_ai"]]
    if not outputs:
        return None
    shares = [(output.get("ai") or {}).get("share") for output in outputs]
    return GENERATED if record["operation"] == "speculate" and all(share in (None, 1) for share in shares) else MODIFIED


def ai_icon(kind: str, size_px: int = 96) -> str:
    """Return SVG, `size_px` high: the letters AI in a rounded frame, the word below; one colour, that of the text around it.

    Args:
        kind: GENERATED (filled frame) or MODIFIED (frame half filled: part of it is the work's own).
    """
    word = kind.removeprefix("AI ")
    filled = '<path d="M8 6h64a4 4 0 0 1 4 4v38a4 4 0 0 1-4 4H8a4 4 0 0 1-4-4V10a4 4 0 0 1 4-4z" fill="currentColor"/>'
    half = '<path d="M5 51 75 8v40a3 3 0 0 1-3 3z" fill="currentColor" opacity=".28"/>'
    letters = '<path d="M19 43 29 15h4l10 28m-20-10h16M58 15v28" fill="none" stroke="{}" stroke-width="5"/>'
    inside = filled + letters.format("#fff") if kind == GENERATED else half + letters.format("currentColor")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{kind}" viewBox="0 0 80 66" '
        f'width="{round(size_px * 80 / 66)}" height="{size_px}"><title>{kind}</title>{inside}'
        '<path d="M8 6h64a4 4 0 0 1 4 4v38a4 4 0 0 1-4 4H8a4 4 0 0 1-4-4V10a4 4 0 0 1 4-4z" fill="none" '
        'stroke="currentColor" stroke-width="3"/>'
        f'<text x="40" y="64" text-anchor="middle" font-family="sans-serif" font-size="11" font-weight="700" '
        f'textLength="72" lengthAdjust="spacingAndGlyphs" fill="currentColor">{word}</text></svg>'
    )
