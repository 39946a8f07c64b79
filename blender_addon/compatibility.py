"""What differs between Blender 4.2, 4.5 and 5.0: one function for each difference, found by looking and never by version."""

from __future__ import annotations

import warnings

import bpy


def enable_addon(name: str) -> None:
    """Switch one of Blender's own add-ons on for this process: which ones are up after a start differs."""
    import addon_utils

    if addon_utils.enable(name, default_set=False) is None:
        raise RuntimeError(f"This Blender has no add-on named {name}.")


def use_nodes(owner) -> None:
    """Give a Material or World its node tree: 4.2 has none until asked, 5.0 always has one and warns when asked."""
    if owner.node_tree is None or not owner.node_tree.nodes:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            owner.use_nodes = True


def write_picture(image_settings, file_format: str = "PNG", colour: str = "RGB", depth: str = "8") -> None:
    """Set what a still is written as; 5.0 refuses a picture's format while its media type is VIDEO."""
    if hasattr(image_settings, "media_type"):
        image_settings.media_type = "IMAGE"
    image_settings.file_format = file_format
    image_settings.color_mode = colour
    image_settings.color_depth = depth


def write_film(render) -> None:
    """Set H.264 in MP4 as output; 5.0 takes FFMPEG only after the media type VIDEO, which 4.x lacks."""
    if hasattr(render.image_settings, "media_type"):
        render.image_settings.media_type = "VIDEO"
    render.image_settings.file_format = "FFMPEG"
    render.image_settings.color_mode = "RGB"
    render.ffmpeg.format, render.ffmpeg.codec = "MPEG4", "H264"
    render.ffmpeg.constant_rate_factor = "HIGH"
    render.ffmpeg.audio_codec = "NONE"


def panorama(camera, kind: str) -> None:
    """Make a camera see all round; the settings sit on the camera, in older scripts on `camera.cycles`."""
    camera.type = "PANO"
    owner = camera if hasattr(camera, "panorama_type") else camera.cycles
    owner.panorama_type = kind


def mesh_sockets(group, *names_and_types: tuple[str, str, str]) -> None:
    """Declare (name, "INPUT" or "OUTPUT", socket type) on a node group."""
    for name, direction, kind in names_and_types:
        group.interface.new_socket(name, in_out=direction, socket_type=kind)


def input_identifier(group, name: str) -> str:
    """The key under which a modifier keeps a node group's input; names are for people and may be translated."""
    return next(item.identifier for item in group.interface.items_tree if item.name == name and item.in_out == "INPUT")


def find_node(tree, kind: str):
    """The first node of a type such as "BACKGROUND", or None; the names of nodes are translated, their types are not."""
    return next((node for node in tree.nodes if node.type == kind), None)


def set_if_there(owner, **settings) -> None:
    """Set those attributes that this Blender knows and leave the others alone."""
    for name, value in settings.items():
        if hasattr(owner, name):
            setattr(owner, name, value)


def empty_file() -> None:
    """An empty file with factory settings; drops handlers and add-ons too, so it comes before everything else."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
