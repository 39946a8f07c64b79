"""Scenes in metres, without Blender. Enter through `SceneModel` in `model`."""
