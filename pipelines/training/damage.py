"""Synthetic damage of pictures: what is lost, what the loss looks like, and veils that darken without destroying.

Every function takes a numpy Generator, so that a seed fixes the answer. Images are float32 RGB, 0…1, display-encoded sRGB;
masks are float32 coverage, 0…1 (1 = lost), and `hard(mask)` is the hole as bool. Lengths are pixels of the given image.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter
from scipy.spatial import KDTree

from pipelines.veil import from_linear, to_linear


def hard(mask: np.ndarray, at: float = 0.35) -> np.ndarray:
    """Coverage → hole, bool."""
    return mask > at


def _distance(inside: np.ndarray) -> np.ndarray:
    """Distance of each True pixel to the nearest False one, px."""
    return np.asarray(distance_transform_edt(inside), np.float32)


def fbm(shape, scale, rng, octaves=4, gain=0.5) -> np.ndarray:
    """Fractal noise, zero mean and unit variance; `scale` = longest wavelength in pixels. Cubic upsampling of white noise."""
    h, w = shape
    out, amp = np.zeros(shape, np.float32), 1.0
    for _ in range(octaves):
        gh, gw = int(h / scale) + 4, int(w / scale) + 4
        g = rng.standard_normal((gh, gw)).astype(np.float32)
        m = np.array([[scale, 0, -rng.random() * scale], [0, scale, -rng.random() * scale]], np.float32)
        out += amp * cv2.warpAffine(g, m, (w, h), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
        amp, scale = amp * gain, max(scale / 2, 2.0)
    return (out - out.mean()) / (out.std() + 1e-6)


# ---------------------------------------------------------------- craquelure
def _cells(shape, cell, rng, aniso=1.0, angle=0.0, warp=0.25, jitter=0.45):
    """Jittered-grid Voronoi in a rotated, stretched, domain-warped frame.

    Returns the index of the nearest seed [H, W] and the exact distance to the nearest cell border in px [H, W].
    """
    h, w = shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    x = x + warp * cell * fbm(shape, cell * 2.5, rng, 3)
    y = y + warp * cell * fbm(shape, cell * 2.5, rng, 3)
    c, s, a = np.cos(angle), np.sin(angle), np.sqrt(aniso)
    u, v = (c * x + s * y) / a, (-s * x + c * y) * a
    lo_u, lo_v = u.min() - cell, v.min() - cell
    nu, nv = int((u.max() - lo_u) / cell) + 2, int((v.max() - lo_v) / cell) + 2
    jj, ii = np.mgrid[:nv, :nu]
    p = np.stack(
        [
            lo_u + (ii + 0.5 + rng.uniform(-jitter, jitter, ii.shape)) * cell,
            lo_v + (jj + 0.5 + rng.uniform(-jitter, jitter, jj.shape)) * cell,
        ],
        -1,
    ).reshape(-1, 2)
    q = np.stack([u, v], -1).reshape(-1, 2)
    d, i = (np.asarray(found) for found in KDTree(p).query(q, k=2, workers=1))
    gap = np.linalg.norm(p[i[:, 0]] - p[i[:, 1]], axis=1) + 1e-6
    border = (d[:, 1] ** 2 - d[:, 0] ** 2) / (2 * gap)  # exact distance to the bisector
    return i[:, 0].reshape(shape), border.reshape(shape).astype(np.float32)


def craquelure(shape, rng, cell=None, width=None, kind="age", return_cells=False):
    """Crack net: 'age' (hierarchical, oriented), 'drying' (wide, rounded islands) or 'garland' (the web of an impact)."""
    cell = cell or rng.uniform(26, 70)
    width = width or rng.uniform(0.7, 1.8)
    h, w = shape
    ang = rng.uniform(0, np.pi)
    if kind == "garland":
        cy, cx = rng.uniform(0.2, 0.8) * h, rng.uniform(0.2, 0.8) * w
        y, x = np.mgrid[:h, :w].astype(np.float32)
        y += 4 * fbm(shape, 60, rng)
        x += 4 * fbm(shape, 60, rng)
        r, t = np.hypot(y - cy, x - cx), np.arctan2(y - cy, x - cx)
        n = rng.integers(7, 13)
        f = t * n / (2 * np.pi) + 0.35 * fbm(shape, cell * 3, rng, 2)
        radial = np.abs(f - np.round(f)) * 2 * np.pi * r / n
        ring = cell * (0.6 + r / (r + 4 * cell))
        g = r / ring + 0.5 * np.sin(np.floor(f) * 12.9898) + 0.15 * fbm(shape, cell, rng, 2)
        d = np.minimum(radial, np.abs(g - np.round(g)) * ring)
        fade = np.clip(1.3 - r / (rng.uniform(3, 6) * cell), 0, 1)
        wide, ids = width * fade, np.floor(f).astype(int) * 64 + np.round(g).astype(int)
    else:
        aniso = rng.uniform(1.0, 2.6) if kind == "age" else 1.0
        i1, d1 = _cells(shape, cell, rng, aniso, ang, 0.18)
        i2, d2 = _cells(shape, cell * rng.uniform(0.38, 0.55), rng, 1.0, ang + np.pi / 2, 0.22)
        # a fine crack exists only where it stays clear of a coarse crack's other side: that is what makes T-junctions
        open_ = fbm(shape, cell * 4, rng, 3)  # islands of fine cracking
        w1 = width * np.clip(1.0 + 0.45 * fbm(shape, cell * 1.2, rng, 3), 0.15, 2.2)
        w2 = 0.6 * width * np.clip(0.8 + 0.9 * open_, 0.0, 1.6)
        w1 = w1 * (fbm(shape, cell * 2.2, rng, 2) > -1.25)  # breaks: cracks end
        if kind == "drying":
            w1, w2 = w1 * 2.4 + 1.2 * np.clip(open_, 0, 2), w2 * 0
        coarse_wins = d1 / np.maximum(w1, 0.2) < d2 / np.maximum(w2, 0.05)
        d, wide = (d1, w1) if kind == "drying" else (np.where(coarse_wins, d1, d2), np.where(coarse_wins, w1, w2))
        ids = i1.astype(np.int64) * 100003 + i2
    cov = np.clip(wide / 2 + 0.5 - d, 0, 1) * (wide > 0.12)
    cov = cov.astype(np.float32)
    return (cov, ids, d) if return_cells else cov


# ---------------------------------------------------------------- scratches
def scratches(shape, rng, n=None, width=None):
    """Persistent random-walk strokes with taper, skips and parallel bundles, drawn 4x supersampled by sub-pixel lines."""
    h, w = shape
    out = np.zeros((h, w), np.float32)
    for _ in range(n or rng.integers(3, 9)):
        ang, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.15, 0.9) * max(h, w)
        wd = width or rng.uniform(0.8, 3.2)
        k = int(length / 4) + 4
        turn = np.cumsum(rng.normal(0, rng.uniform(0.002, 0.03), k)) + np.linspace(0, rng.normal(0, 0.5), k)
        p0 = rng.uniform(0, 1, 2) * (w, h)
        step = np.stack([np.cos(ang + turn), np.sin(ang + turn)], 1) * 4
        path = p0 + np.cumsum(step, 0)
        taper = np.clip(np.minimum(np.arange(k), np.arange(k)[::-1]) / (k * 0.2), 0, 1) ** 0.6
        skip = np.convolve(rng.standard_normal(k), np.ones(9) / 3, "same") > -1.1
        for b in range(rng.choice([1, 1, 1, 2, 4])):
            off = np.stack([-np.sin(ang + turn), np.cos(ang + turn)], 1) * (b * rng.uniform(2.5, 7))
            lay = np.zeros((h, w), np.uint8)
            points = ((path + off) * 16).astype(np.int32)
            for i in np.flatnonzero(skip[:-1] & (taper[:-1] > 0.05)):
                thick = max(1, round(wd * taper[i]))
                cv2.line(lay, points[i].tolist(), points[i + 1].tolist(), 255, thick, cv2.LINE_AA, 4)
            out = np.maximum(out, lay.astype(np.float32) / 255 * min(1, wd))
    return out


# ---------------------------------------------------------------- losses
def small_losses(shape, rng, density=None):
    """Flakes: whole islands of a fine crack net fall out, in clusters, plus loose specks. Edges therefore follow cracks."""
    density = density or rng.uniform(0.01, 0.05)
    _, ids, _ = craquelure(shape, rng, cell=rng.uniform(16, 34), return_cells=True)
    field_ = fbm(shape, max(shape) / 3, rng, 3)
    u, inv = np.unique(ids, return_inverse=True)
    inv = inv.reshape(shape)
    size = np.bincount(inv.ravel())
    mean = np.bincount(inv.ravel(), field_.ravel()) / np.maximum(size, 1)
    score = mean + rng.gumbel(0, 0.9, len(u)) - (size < 6) * 9
    order = np.argsort(-score)
    take = order[: np.searchsorted(np.cumsum(size[order]), density * ids.size) + 1]
    lost = np.isin(inv, take).astype(np.float32)
    specks = (fbm(shape, 7, rng, 2) > 3.0).astype(np.float32)
    soft = gaussian_filter(np.maximum(lost, specks), 1.0) + 0.08 * fbm(shape, 6, rng, 2)
    return np.clip((soft - 0.5) * 3 + 0.5, 0, 1).astype(np.float32)


def blob(shape, rng, cy, cx, radius, rough=0.35):
    """A lacuna: distance to a centre, perturbed by fractal noise at the loss's own scale, with a crumbly edge."""
    h, w = shape
    y, x = np.mgrid[:h, :w].astype(np.float32)
    a, e = rng.uniform(0, np.pi), rng.uniform(1, 2.2)
    u, v = np.cos(a) * (x - cx) + np.sin(a) * (y - cy), -np.sin(a) * (x - cx) + np.cos(a) * (y - cy)
    r = np.hypot(u / np.sqrt(e), v * np.sqrt(e)) / radius
    f = 1 - r + rough * 0.55 * fbm(shape, radius * 1.6, rng, 3) + 0.03 * fbm(shape, 9, rng, 2)
    return np.clip(f * radius / 1.5 + 0.5, 0, 1).astype(np.float32)


def lacunae(shape, rng, n=None, area=None):
    """Two to five lacunae that take 3 to 10 % of the frame."""
    n = n or rng.integers(2, 6)
    area = area or rng.uniform(0.03, 0.10)
    out = np.zeros(shape, np.float32)
    r = np.sqrt(area * shape[0] * shape[1] / n / np.pi)
    for _ in range(n):
        cy, cx = rng.uniform(0.05, 0.95, 2) * shape
        out = np.maximum(out, blob(shape, rng, cy, cx, r * rng.uniform(0.6, 1.4)))
    return out


def large_loss(shape, rng, area=None):
    """One connected loss of 12-25 % of the frame, biased to an edge half of the time, with satellite flakes at its rim."""
    area = area or rng.uniform(0.12, 0.25)
    r = np.sqrt(area * shape[0] * shape[1] / np.pi)
    cy, cx = rng.uniform(0.3, 0.7, 2)
    if rng.random() < 0.5:
        cy = rng.choice([0.08, 0.92])
        r *= 1.25
    m = blob(shape, rng, cy * shape[0], cx * shape[1], r, 0.5)
    near = np.exp(-_distance(m < 0.5) / (0.12 * r))
    return np.maximum(m, small_losses(shape, rng, 0.08) * (near > 0.3)).astype(np.float32)


MASKS = {
    "craquelure": craquelure,
    "scratches": scratches,
    "small_losses": small_losses,
    "lacunae": lacunae,
    "large_loss": large_loss,
}


# ---------------------------------------------------------------- appearance
GROUNDS = {
    "gesso": (0.87, 0.84, 0.76),
    "bole": (0.52, 0.25, 0.17),
    "canvas": (0.55, 0.46, 0.35),
    "wood": (0.45, 0.31, 0.19),
    "plaster": (0.80, 0.77, 0.72),
}
RAKING = np.pi * 0.75  # light from the upper left, as conservators photograph


def render_loss(image, cov, rng, ground=None, light=RAKING, depth=1.0):
    """Opaque loss: textured ground, plus a lit rim and a cast shadow from the paint step under raking light."""
    name = ground or rng.choice(list(GROUNDS))
    g = (
        np.array(GROUNDS[name], np.float32)
        * (1 + 0.05 * fbm(cov.shape, 40, rng, 4) + 0.03 * fbm(cov.shape, 3, rng, 1))[..., None]
    )
    if name in ("canvas", "wood"):
        y, x = np.mgrid[: cov.shape[0], : cov.shape[1]]
        if name == "canvas":
            weave = np.sin(x * 2 * np.pi / 6.3) * np.sin(y * 2 * np.pi / 6.1)
        else:
            weave = np.sin((y + 3 * fbm(cov.shape, 90, rng, 2)) * 0.9)
        g = g * (1 + 0.09 * weave[..., None])
    height = gaussian_filter(1 - cov, 0.8)
    gy, gx = np.gradient(height)
    shade = depth * (gx * np.cos(light) + gy * np.sin(light))
    out = image * (1 - cov[..., None]) + g * cov[..., None]
    return np.clip(out * (1 + 0.9 * shade[..., None]), 0, 1).astype(np.float32), str(name)


def render_cracks(image, cov, rng, dark=None, cupping=None):
    """Crack: darkened core (dirt), or pale on dark paint (cracked varnish); cupped islands lift a light line beside it."""
    lum = gaussian_filter(image.mean(-1), 6)
    dark = rng.random() < 0.8 if dark is None else dark
    core = np.array([0.10, 0.08, 0.06], np.float32) if dark else np.array([0.72, 0.68, 0.60], np.float32)
    k = rng.uniform(0.55, 0.95) * (np.clip(0.35 + lum, 0, 1) if dark else np.clip(1.1 - lum, 0.1, 1))
    ink = np.asarray(k * cov)[..., None]
    out = image * (1 - ink) + core * ink
    h = gaussian_filter(1 - cov, 1.2)
    slope = np.asarray(np.gradient(h)).sum(0)[..., None]
    cup = rng.uniform(0.1, 0.5) if cupping is None else cupping
    return np.clip(out * (1 + cup * slope), 0, 1).astype(np.float32)


def veil_stain(shape, rng):
    """Water stain: pale inside, dark scalloped tide line. Returns optical density (h, w, 3) >= 0."""
    h, w = shape
    m = blob(shape, rng, rng.uniform(0, 1) * h, rng.uniform(0, 1) * w, rng.uniform(0.15, 0.4) * min(h, w), 0.6) > 0.5
    inside = _distance(m).astype(np.float32)
    s = rng.uniform(2, 7)
    rim = (
        np.exp(-inside / s) * m * (1 + 0.4 * fbm(shape, 25, rng, 3))
        + 0.6 * np.exp(-np.abs(inside - 4 * s) / (1.5 * s)) * m * 0.5
    )
    dens = 0.12 * gaussian_filter(m.astype(np.float32), 4) + 0.45 * np.clip(rim, 0, 1.6)
    return (gaussian_filter(dens, 0.8)[..., None] * np.array([0.45, 0.75, 1.25], np.float32)).astype(np.float32)


def veil_foxing(shape, rng, n=None):
    """Foxing: clustered rust spots, each a small dense core in a wide soft halo, slightly lobed."""
    h, w = shape
    dens = np.zeros(shape, np.float32)
    p = np.exp(0.9 * fbm(shape, max(shape) / 2, rng, 3)).ravel()
    for k in rng.choice(h * w, int(n or rng.integers(12, 60)), p=p / p.sum()):
        r = float(np.clip(rng.lognormal(1.3, 0.6), 1.5, 18))
        R = int(5 * r) + 2
        cy, cx = divmod(int(k), w)
        y0, y1, x0, x1 = max(0, cy - R), min(h, cy + R), max(0, cx - R), min(w, cx + R)
        y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
        d = np.hypot(y - cy, x - cx) * (1 + 0.15 * np.sin(3 * np.arctan2(y - cy, x - cx) + rng.uniform(0, 6))) / r
        dens[y0:y1, x0:x1] += rng.uniform(0.1, 0.45) * (0.65 * np.exp(-(d**2)) + 0.35 * np.exp(-((d / 2.2) ** 2)))
    return (
        np.clip(dens * (1 + 0.12 * fbm(shape, 5, rng, 2)), 0, 1.2)[..., None] * np.array([0.35, 0.8, 1.35], np.float32)
    ).astype(np.float32)


def apply_veil(image, density):
    """Beer–Lambert in linear light: damaged = image · exp(−density). The clean picture stays recoverable."""
    return from_linear(to_linear(image) * np.exp(-density))
