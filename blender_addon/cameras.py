"""Where the camera stands: exact framing of a box, orbits, panoramas and domes. The mathematics is plain numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

SENSOR_MM = 36.0  # the longer side of the film, for every lens here
LENSES_MM = (50.0, 40.0, 32.0, 26.0, 21.0, 18.0)  # longest first: the one that needs no step through a wall is taken
MARGIN, INDOOR_MARGIN = 0.06, 0.13  # of each side of the picture, left free around the focus; a room is to be seen, too
QUARTER_AZIMUTH, QUARTER_ELEVATION, STEEPEST_ELEVATION = -30.0, 10.0, 52.0  # degrees
INDOOR_SWING = 28.0  # degrees: a picture hangs on a wall that nobody can walk behind
EYE_HEIGHT_M = 1.6
DOME_RIM = 6.0  # degrees between the subject and the edge of the disc


@dataclass(frozen=True)
class View:
    """From which side something is looked at, in degrees.

    Attributes:
        azimuth: 0 looks north along +y; the eye walks to the right around the focus as it grows.
        elevation: how far the eye stands above the horizontal.
        swing: half the arc of a turntable; 180 goes all the way round.
    """

    azimuth: float
    elevation: float
    swing: float = 180.0


@dataclass(frozen=True, eq=False)
class Subject:
    """What is looked at.

    Attributes:
        view: the side to look from.
        points: float64 [N, 3], metres: what must be inside the picture.
        centre, radius, lowest: of those points, metres.
        room_m: how far the eye may step back from the centre; None out of doors.
    """

    view: View
    points: np.ndarray
    centre: np.ndarray
    radius: float
    lowest: float
    room_m: float | None

    @classmethod
    def of(cls, model, standing: np.ndarray) -> Subject:
        """The focus of a SceneModel.

        Indoors that is the rectangle itself, seen as it hangs. Out of doors it is `standing`, float [N, 3], the corners of
        everything but the ground; what the model would show from straight ahead is seen from a quarter to the left and from
        slightly above, because a front alone shows no depth.
        """
        focus = model.focus
        rectangle = _rectangle(focus.center, focus.size_m, focus.facing)
        azimuth, elevation = _angles(focus.facing)
        if focus.room_m is not None:
            points, view = rectangle, View(azimuth, elevation, INDOOR_SWING)
        else:
            points = np.concatenate([rectangle, standing])
            quarter = QUARTER_AZIMUTH if abs(azimuth) < 5 and elevation < 80 else 0.0
            view = View(azimuth + quarter, min(max(elevation, QUARTER_ELEVATION), STEEPEST_ELEVATION))
        low, high = points.min(axis=0), points.max(axis=0)
        lowest = float(min(low[2], standing[:, 2].min())) if len(standing) else float(low[2])
        return cls(view, points, (low + high) / 2, float(np.linalg.norm(high - low)) / 2, lowest, focus.room_m)


@dataclass(frozen=True)
class Pose:
    """A camera in the world: `position` and the unit axes `right`, `up`, `forward`, all float64 [3], metres."""

    position: np.ndarray
    right: np.ndarray
    up: np.ndarray
    forward: np.ndarray

    def matrix(self) -> np.ndarray:
        """Float64 [4, 4] from camera to world; a Blender camera looks along its own −z."""
        matrix = np.eye(4)
        matrix[:3, 0], matrix[:3, 1], matrix[:3, 2], matrix[:3, 3] = self.right, self.up, -self.forward, self.position
        return matrix


def _rectangle(center, size_m, facing) -> np.ndarray:
    """The corners, float64 [4, 3], of an upright rectangle that faces along `facing`."""
    azimuth, elevation = _angles(facing)
    right, up, _ = axes(View(azimuth, elevation))
    width, height = size_m[0] / 2, size_m[1] / 2
    return np.array([np.asarray(center) + x * right + y * up for x in (-width, width) for y in (-height, height)], np.float64)


def _angles(facing) -> tuple[float, float]:
    """Azimuth and elevation, degrees, of an eye that the unit vector `facing` points to."""
    x, y, z = (float(value) for value in facing)
    return math.degrees(math.atan2(x, -y)) if math.hypot(x, y) > 1e-6 else 0.0, math.degrees(math.asin(max(-1.0, min(1.0, z))))


def axes(view: View) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The unit vectors right, up and forward of somebody who looks at the focus from `view`."""
    a, e = math.radians(view.azimuth), math.radians(view.elevation)
    forward = np.array([-math.sin(a) * math.cos(e), math.cos(a) * math.cos(e), -math.sin(e)])
    right = np.array([math.cos(a), math.sin(a), 0.0])
    return right, np.cross(right, forward), forward


def tangents(lens_mm: float, width_px: int, height_px: int) -> tuple[float, float]:
    """Half the picture's width and height at one metre from the eye; the longer side spans the sensor."""
    longer = SENSOR_MM / 2 / lens_mm
    if width_px >= height_px:
        return longer, longer * height_px / width_px
    return longer * width_px / height_px, longer


def frame(points: np.ndarray, view: View, half: tuple[float, float], margin: float = MARGIN) -> Pose:
    """Stand as near as `points` allow without one of them leaving the picture.

    With u, v, w a point's coordinates along right, up and forward, and the eye at (a, b, c), every point asks for
    |u − a| ≤ t (w − c): two lines for the width, two for the height. Their intersection is exact, so nothing is searched for.

    Args:
        points: float [N, 3], metres.
        view: the side to look from.
        half: `tangents` of the lens.
        margin: share of each side that stays free, 0…0.4.
    """
    right, up, forward = axes(view)
    u, v, w = points @ right, points @ up, points @ forward
    position = np.zeros(3)
    depths = []
    for along, axis, tangent in ((u, right, half[0]), (v, up, half[1])):
        t = tangent * (1 - 2 * margin)
        highest, lowest = np.max(along - t * w), np.max(-along - t * w)
        position += axis * (highest - lowest) / 2
        depths.append(-(highest + lowest) / (2 * t))
    # A flat focus seen edge-on would put the eye into it: never nearer than a few centimetres before the first point.
    depth = min(*depths, float(w.min()) - 0.05)
    return Pose(position + forward * depth, right, up, forward)


def project(points: np.ndarray, pose: Pose, half: tuple[float, float]) -> np.ndarray:
    """Where `points` fall in the picture: float64 [N, 2], 0…1 from the left and from the bottom."""
    relative = points - pose.position
    w = relative @ pose.forward
    return np.stack([relative @ pose.right / (w * half[0]), relative @ pose.up / (w * half[1])], -1) / 2 + 0.5


def orbit(view: View, frames: int) -> list[View]:
    """One view per frame: once round and back to the start, or there and back along an arc that a wall allows."""
    turns = np.arange(frames) / frames
    azimuths = view.azimuth + 360 * turns if view.swing >= 180 else view.swing * np.sin(2 * np.pi * turns)
    return [View(float(azimuth), view.elevation, view.swing) for azimuth in azimuths]


def standpoint(subject: Subject) -> np.ndarray:
    """Where a visitor stands to see a panorama: before the focus, at eye height, as far off as it is large."""
    a = math.radians(subject.view.azimuth if subject.room_m is not None else 0.0)
    low, high = subject.points.min(axis=0), subject.points.max(axis=0)
    distance = (high[1] - low[1]) / 2 + max(0.75 * max(high[0] - low[0], high[2] - low[2]), 1.5)
    if subject.room_m is not None:
        distance = min(distance, 0.6 * subject.room_m)
    away = np.array([math.sin(a), -math.cos(a), 0.0]) * distance
    return np.array([*(subject.centre + away)[:2], subject.lowest + EYE_HEIGHT_M])


def dome(position: np.ndarray, points: np.ndarray) -> Pose:
    """A dome's camera: looks up, and north (the audience's front) lies at the bottom of the disc.

    It leans forward, as tilted domes do, just as far as `points` (float [N, 3], metres) need to lie inside the disc.
    """
    relative = points - position
    sideways = np.hypot(relative[:, 0], relative[:, 1])
    lowest = float(np.degrees(np.arctan2(relative[:, 2], sideways)).min())
    tilt = math.radians(min(max(DOME_RIM - lowest, 0.0), 60.0))
    up, front = np.array([0, 0, 1.0]), np.array([0, 1.0, 0])
    forward = math.cos(tilt) * up + math.sin(tilt) * front
    return Pose(position, np.array([1.0, 0, 0]), math.sin(tilt) * up - math.cos(tilt) * front, forward)


def level(position: np.ndarray) -> Pose:
    """An equirectangular camera: upright, with north in the middle of the picture."""
    return Pose(position, np.array([1.0, 0, 0]), np.array([0, 0, 1.0]), np.array([0, 1.0, 0]))


class Eye:
    """The Blender camera of one render."""

    def __init__(self, scene, width: int, height: int):
        import bpy

        self.camera = bpy.data.cameras.new("camera")
        self.camera.sensor_fit, self.camera.sensor_width = "AUTO", SENSOR_MM
        self.thing = bpy.data.objects.new("camera", self.camera)
        scene.collection.objects.link(self.thing)
        scene.camera = self.thing
        self.size = width, height
        self.pose: Pose | None = None

    def stand(self, pose: Pose) -> None:
        """Go there."""
        import mathutils

        self.pose = pose
        self.thing.matrix_world = mathutils.Matrix(pose.matrix().tolist())

    def still(self, subject: Subject, view: View) -> None:
        """Frame the subject: in a room with the longest lens that needs no step through the wall behind."""
        for lens in LENSES_MM if subject.room_m is not None else LENSES_MM[1:2]:
            half = tangents(lens, *self.size)
            pose = frame(subject.points, view, half, MARGIN if subject.room_m is None else INDOOR_MARGIN)
            distance = float((subject.centre - pose.position) @ pose.forward)
            if subject.room_m is None or distance < subject.room_m:
                break
        self.camera.lens = lens
        # Should the room be too small for the widest lens, its wall is cut open rather than the work.
        beyond = distance - subject.room_m if subject.room_m is not None else 0.0
        self.camera.clip_start = beyond + 0.01 if beyond > 0 else distance / 1000
        self.camera.clip_end = max(1000.0, 100 * distance)
        self.stand(pose)

    def sees_all(self, points: np.ndarray) -> bool:
        """Whether all of `points`, float [N, 3], fall into the picture; a panorama sees everything."""
        if self.camera.type == "PANO" or self.pose is None:
            return True
        if ((points - self.pose.position) @ self.pose.forward <= 0).any():
            return False
        where = project(points, self.pose, tangents(self.camera.lens, *self.size))
        return bool(((where >= 0) & (where <= 1)).all())

    def turn(self, subject: Subject, frames: int) -> None:
        """Key the pose of every frame of a turn, at one distance, so that the subject keeps its size; ends on the first."""
        half = tangents(self.camera.lens, *self.size)
        views = orbit(subject.view, frames)
        margin = MARGIN if subject.room_m is None else INDOOR_MARGIN
        poses = [frame(subject.points, view, half, margin) for view in views]
        distance = max(float((subject.centre - pose.position) @ pose.forward) for pose in poses)
        for number, pose in reversed(list(enumerate(poses, 1))):
            self.stand(Pose(subject.centre - pose.forward * distance, pose.right, pose.up, pose.forward))
            self.thing.keyframe_insert("location", frame=number)
            self.thing.keyframe_insert("rotation_euler", frame=number)

    def report(self) -> dict:
        """Position, metres, and lens for the record; a panorama has no lens."""
        flat = self.camera.type != "PANO"
        position = self.pose.position if self.pose else np.zeros(3)
        return {"position": [round(float(x), 4) for x in position], "lens_mm": round(self.camera.lens, 2) if flat else None}


def place(scene, subject: Subject, kind: str, width: int, height: int, frames: int) -> Eye:
    """A camera of the kind "still", "turntable", "equirect" or "dome" before the subject."""
    from .compatibility import panorama

    eye = Eye(scene, width, height)
    if kind == "equirect":
        panorama(eye.camera, "EQUIRECTANGULAR")
        eye.stand(level(standpoint(subject)))
    elif kind == "dome":
        panorama(eye.camera, "FISHEYE_EQUIDISTANT")
        eye.camera.fisheye_fov = math.pi
        eye.stand(dome(standpoint(subject), subject.points))
    else:
        eye.still(subject, subject.view)
    if kind == "turntable":
        eye.turn(subject, frames)
    return eye
