"""What stands on the pages of a Release."""

import base64
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from provenance.draft import Draft, Picture, SourceNote
from studio.report.evidence import evidence_map, level_shares
from studio.report.overlay import evidence_overlay, retouching_lines, shrunk_levels
from studio.report.page import Chapter, demo_page, restoration_page, scene_page, variants_page
from studio.report.preview import data_uri, preview

HOSTILE = "<script>alert(1)</script>\"'&.tif"


class Reader(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.links, self.ids, self.text = [], [], [], ""
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.links += [attrs[name] for name in ("src", "href", "data", "action", "poster") if attrs.get(name)]
        self.ids += [attrs["id"]] if "id" in attrs else []

    def handle_data(self, data):
        self.text += data


def noisy(height=90, width=120, dtype=np.uint8):
    return np.random.default_rng(3).integers(0, np.iinfo(dtype).max, (height, width, 3), dtype, endpoint=True)


def restoration(count=3, filled_by="model", name=HOSTILE, dtype=np.uint8):
    before = noisy(dtype=dtype)
    mask = np.zeros(before.shape[:2], bool)
    mask[30:50, 40:80] = True
    evidence = evidence_map(mask, filled_by)
    ai = mask if filled_by == "model" else None
    pictures = [Picture("restored.tif", before, "restored", ai=ai)]
    if count > 1:
        pictures += [Picture(f"hypothesis-{k}.tif", before, "hypothesis", ai=ai) for k in range(1, count + 1)]
    draft = Draft(
        operation="restore",
        request={"seed": 7, "hypotheses": count, "texture": 0.25, "prompt": HOSTILE},
        files=tuple(pictures),
        sources=(SourceNote("parent", name, "ab" * 32, "image/tiff", rights=HOSTILE),),
        model={"id": "bundled", "weights_sha256": "cd" * 32, "licence": "Apache-2.0"} if filled_by == "model" else None,
        levels=level_shares(evidence.indices),
        assumptions=(f"{HOSTILE}: white was taken as hole.",),
        findings={"filled_by": filled_by, "reason": HOSTILE},
    )
    spread = np.where(mask, 0.1, 0).astype(np.float32)
    return restoration_page(draft, before=before, evidence=evidence, spread=spread if count > 1 else None)


def variants(model=True):
    fits = [
        SimpleNamespace(f=0.99, recall=0.98, precision=1.0, worst_tile=0.9, chamfer=0.3, interpretation="reconstruction"),
        SimpleNamespace(f=0.70, recall=0.6, precision=0.8, worst_tile=0.1, chamfer=4.0, interpretation="free interpretation"),
    ]
    ai = np.ones((90, 120), bool)
    files = tuple(Picture(f"variant {k}.png", noisy(), "variant", ai=ai if model else None) for k in (1, 2))
    files += (Picture("massing-1.png", noisy(), "massing"),)
    sources = (SourceNote("input", HOSTILE, "ab" * 32, "image/png"),)
    levels = {"7": 1.0} if model else {"6": 1.0}
    draft = Draft("speculate", {"seed": 1}, files, sources, model={"id": "bundled"} if model else None, levels=levels)
    return variants_page(draft, fidelity=fits, drawing=noisy(), names=(HOSTILE, "brick, slate, sash"))


def scene():
    levels = np.repeat(np.arange(8, dtype=np.uint8), 10)[None].repeat(40, 0)
    files = (Picture("render.png", noisy(40, 80), "render"), Picture("evidence.png", levels, "evidence"))
    sources = (SourceNote("input", HOSTILE, "ab" * 32, "image/png"),)
    return scene_page(Draft("render", {"seed": 1}, files, sources, levels={"2": 0.6, "7": 0.4}))


def demo():
    return demo_page([Chapter(HOSTILE, "panel one/index.html", "Proposal", HOSTILE, noisy(), {"1": 0.9, "7": 0.1})])


PAGES = {"restoration": restoration, "variants": variants, "scene": scene, "demo": demo}


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_fetches_nothing(page):
    html = page()
    for link in Reader(html).links:
        assert link.startswith("data:image/") or re.fullmatch(r"[\w%./-]+", link), link[:80]
    assert "http-equiv" in html
    assert "default-src &#x27;none&#x27;" in html or "default-src 'none'" in html
    assert "url(" not in html
    assert "@import" not in html


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_what_a_user_wrote_stays_text(page):
    html = page()
    assert "<script>alert" not in html
    assert html.count("<script") == 1
    reader = Reader(html)
    assert not [attrs for _, attrs in reader.tags if any(name.startswith("on") for name in attrs)]
    assert "alert(1)" in reader.text


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_can_be_read_without_seeing_it(page):
    reader = Reader(page())
    tags = [tag for tag, _ in reader.tags]
    assert tags.count("h1") == tags.count("main") == 1
    assert dict(reader.tags)["html"]["lang"] == "en"
    assert all("alt" in attrs for tag, attrs in reader.tags if tag == "img")
    assert len(reader.ids) == len(set(reader.ids))
    headings = [int(tag[1]) for tag in tags if re.fullmatch(r"h\d", tag)]
    assert all(after - before <= 1 for before, after in pairwise(headings))
    for tag, attrs in reader.tags:
        if tag == "input" and attrs["type"] == "range":
            assert attrs["aria-label"]


@pytest.mark.parametrize("page", PAGES.values(), ids=PAGES)
def test_a_page_stays_small(page):
    assert len(page()) < 3_000_000


def test_a_restoration_is_called_a_proposal_and_never_restored():
    text = Reader(restoration()).text
    assert "AI-modified" in text
    assert "Hypothesis 2 of 3" in text
    assert "Proposal" in text
    assert not re.search(r"\brestored (picture|painting|work|image)\b|AI-enhanced", text)


def test_the_page_of_a_classical_fill_says_that_no_model_was_used():
    text = Reader(restoration(count=1, filled_by="prefill")).text
    assert "No model used" in text
    assert "AI-modified" not in text


def test_the_page_names_weights_seed_shares_and_assumptions():
    text = Reader(restoration()).text
    assert "cd" * 32 in text
    assert "7.4 %" in text  # 20 × 40 of 90 × 120 pixels
    assert "white was taken as hole" in text
    assert '"seed": 7' in text


def test_a_variant_is_called_what_its_fidelity_allows():
    text = Reader(variants()).text
    assert "Variant 1 of 2: reconstruction" in text
    assert "Variant 2 of 2: free interpretation" in text
    assert "level 7" in text
    assert "brick, slate, sash" in text and "level 6" in text, "materials are named, and that they are rules"


def test_variants_that_no_model_touched_say_so():
    assert "AI-modified" in Reader(variants()).text
    text = Reader(variants(model=False)).text
    assert "No model used" in text and "AI-modified" not in text


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((300, 200), 65535, np.uint16),
        np.random.default_rng(0).integers(0, 65536, (1500, 1300, 3), np.uint16),
        np.random.default_rng(0).integers(0, 256, (40, 3000, 4), np.uint8),
        np.zeros((1, 1), np.uint8),
    ],
    ids=["grey 16 bit", "noise 16 bit", "wide with alpha", "one pixel"],
)
def test_a_preview_is_small_in_pixels_and_bytes_whatever_comes_in(pixels):
    small = preview(pixels)
    assert small.dtype == np.uint8
    assert max(small.shape[:2]) <= 1200
    uri = data_uri(small)
    data = base64.b64decode(uri.partition(",")[2])
    assert len(data) <= 300_000
    assert cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED) is not None


def test_white_stays_white_and_black_black_from_sixteen_bits_to_eight():
    ends = np.array([[0, 65535, 128, 32768]], np.uint16)
    assert preview(ends).tolist() == [[0, 255, 0, 128]]


def test_a_hair_crack_stays_visible_in_a_small_preview():
    indices = np.ones((1000, 8000), np.uint8)
    indices[500] = 7
    small = shrunk_levels(indices, 1200, 150)
    assert (small == 7).any(axis=0).all()
    assert (small == 7).mean() < 0.02


def test_the_overlays_leave_the_untouched_original_alone():
    levels = np.ones((40, 40), np.uint8)
    levels[10:30, 10:30] = 7
    for overlay in (evidence_overlay(levels), retouching_lines(levels)):
        assert (overlay[..., 3] > 0)[levels == 1].sum() == 0
        assert overlay[..., 3][levels == 7].any()


def test_levels_can_be_told_apart_without_colour():
    patterns = set()
    for level in range(2, 8):
        overlay = evidence_overlay(np.full((16, 16), level, np.uint8))
        patterns.add((overlay[..., 3] == overlay[..., 3].max()).tobytes())
    assert len(patterns) == 6


def test_a_title_replaces_the_file_name():
    files = (Picture("restored.png", noisy(), "restored", ai=np.ones((90, 120), bool)),)
    draft = Draft("restore", {}, files, (SourceNote("parent", "a.png", "0" * 64, "image/png"),), model={"id": "x"})
    html = restoration_page(replace(draft), before=noisy(), evidence=np.full((90, 120), 7, np.uint8), title="Virgin & Child")
    assert "<h1>Virgin &amp; Child</h1>" in html
