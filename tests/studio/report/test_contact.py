"""The contact sheet shows every picture whole, and cuts no caption."""

import numpy as np
from PIL import ImageFont

from studio.report.contact import Shown, contact_sheet, wrapped

LONG = "half-timbered with hand-made tiles and leaded casements · seed 4294967295·15 · strength 0.6 · free interpretation"


def cell(width, height, value, lines=(LONG,)):
    return Shown(np.full((height, width, 3), value, np.uint8), f"Variant {value}", lines, np.ones((height, width), bool))


def test_no_caption_leaves_its_column_or_the_sheet():
    for count in (1, 2, 5, 17):
        sheet = contact_sheet([cell(300, 200, k) for k in range(count)])
        height, width = sheet.pixels.shape[:2]
        assert len(sheet.captions) >= 2 * count
        assert all(0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height for x0, y0, x1, y1 in sheet.captions)
        columns = int(np.ceil(np.sqrt(count)))
        column = (width - 72 + 28) / columns
        assert all((x1 - 36) % column <= column - 28 + 2 for _, _, x1, _ in sheet.captions)


def test_captions_do_not_lie_over_one_another_or_over_pictures():
    sheet = contact_sheet([cell(420, 300, 40 + k, (LONG, LONG)) for k in range(3)])
    covered = np.zeros(sheet.acted.shape, int)
    for x0, y0, x1, y1 in sheet.captions:
        covered[y0:y1, x0:x1] += 1
    assert covered.max() == 1 and not (sheet.acted & (covered > 0)).any()


def test_where_a_model_acted_is_kept_at_the_cells_size():
    tall = cell(100, 300, 9)
    sheet = contact_sheet([Shown(np.zeros((50, 80, 3), np.uint8), "The drawing"), tall])
    assert sheet.acted.mean() > 0.2
    assert (sheet.pixels[sheet.acted] == 9).all(), "exactly the variant's pixels"


def test_a_word_longer_than_the_line_is_broken_and_nothing_is_lost():
    font = ImageFont.load_default(size=15)
    lines = wrapped("a " + "m" * 200 + " z", font, 120)
    assert all(font.getlength(line) <= 120 for line in lines)
    assert "".join(lines).replace(" ", "") == "a" + "m" * 200 + "z"


def test_a_grid_stands_in_its_columns_below_the_drawing():
    sheet = contact_sheet([cell(420, 300, 10 + k) for k in range(7)], columns=3)
    titles = [box for box in sheet.captions if box[0] == min(x0 for x0, *_ in sheet.captions)]
    rows = sorted({box[1] for box in titles})
    assert sheet.pixels.shape[1] == 72 + 3 * 420 + 2 * 28
    beside = sheet.acted[: rows[0] - 40, 36 + 420 + 28 :]
    assert not beside.any(), "nothing stands beside the drawing"
    assert (sheet.pixels == 16).all(-1).any(), "the last one is there"
