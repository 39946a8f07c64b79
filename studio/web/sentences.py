"""What the page says while it works, when something goes wrong, and about a Verdict; always a sentence, never a traceback."""

from __future__ import annotations

import logging
from html import escape

from blender_addon.errors import SceneError
from pipelines.errors import PipelineError
from provenance.errors import ProvenanceError
from studio.errors import StudioError
from studio.web.job import Standing

# What the command line calls an option, the page has as a control.
_CONTROLS = (
    (", or pass --fit-mask to resize it", ""),
    ("with --rights", "under “Rights statement”"),
    ("and pass --mask", "under “What is lost”"),
)
EXPECTED = (StudioError, PipelineError, ProvenanceError, SceneError)


def message(text: str) -> str:
    """A quiet message."""
    return f'<p class="message" role="status">{plain(text)}</p>' if text else ""


def complaint(error: BaseException) -> str:
    """What went wrong, as a sentence that says what to do. What was not foreseen goes to the log of the server."""
    if isinstance(error, EXPECTED):
        text = str(error)
        for option, control in _CONTROLS:
            text = text.replace(option, control)
    elif isinstance(error, MemoryError):
        text = "There is not enough memory for this picture: close other programs or take a smaller one. Nothing was sealed."
    elif isinstance(error, OSError):
        text = f"A file could not be read or written ({error.strerror or type(error).__name__}). Nothing was sealed."
    else:
        logging.getLogger(__name__).error("unforeseen", exc_info=error)
        text = (
            f"Something happened that was not foreseen ({type(error).__name__}). Nothing was sealed. "
            "The terminal in which the page was started says more."
        )
    return f'<p class="message bad" role="alert">{plain(text)}</p>'


def progress(standing: Standing) -> str:
    """A bar, a share and an estimate."""
    if standing.share is None:
        return '<div class="message" role="status">Getting ready …<progress aria-label="Progress"></progress></div>'
    left = standing.seconds_left
    estimate = "" if left is None else f", about {duration(left)} left"
    return (
        f'<div class="message" role="status">{standing.share:.0%} done{estimate}'
        f'<progress aria-label="Progress" max="1" value="{standing.share:.3f}"></progress></div>'
    )


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    return f"{round(seconds / 60)} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def plain(text: str) -> str:
    """Text for inside a piece of the page: markup and gradio's template signs lose their meaning."""
    return unbraced(escape(text))


def unbraced(html: str) -> str:
    """HTML whose braces and dollar signs mean nothing to gradio, which reads the text of a component as a template."""
    return html.replace("{", "&#123;").replace("}", "&#125;").replace("$", "&#36;").replace("`", "&#96;")
