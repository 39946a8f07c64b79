"""What was made offline in Blender, kept in the file itself as JSON lines until the next release seals it."""

from __future__ import annotations

import datetime
import json

import bpy  # noqa: TID253 - only Blender's process imports this module

TEXT = "anastylosis-provenance"


def note(what: str, things, **fields) -> None:
    """Append one line about these objects: what happened, when, to which ids, levels and authors, and `fields`."""
    text = bpy.data.texts.get(TEXT) or bpy.data.texts.new(TEXT)
    objects = [
        {"id": str(one.get("id", one.name)), "level": int(one.get("level", 0)), "author": str(one.get("author", ""))}
        for one in things
    ]
    line = {
        "what": what,
        "at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "blender": bpy.app.version_string,
        "objects": objects,
        **fields,
    }
    text.cursor_set(len(text.lines) - 1, character=len(text.lines[-1].body))
    text.write(json.dumps(line, ensure_ascii=False) + "\n")


def notes() -> list[dict]:
    """Every line that waits, oldest first; a line that somebody damaged by hand is passed over."""
    text = bpy.data.texts.get(TEXT)
    found = []
    for line in text.as_string().splitlines() if text else ():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if isinstance(line, dict) and {"what", "objects"} <= set(line)]


def carriers(scene) -> list:
    """The objects of a scene that say how well they are known."""
    return [thing for thing in scene.objects if thing.type == "MESH" and "level" in thing]
