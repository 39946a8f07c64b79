"""A title names its drawing and the façade; running text and names of rooms do not."""

import pytest

from studio.drawings.figures import Written
from studio.drawings.reading import Drawing
from studio.drawings.titles import side_of_file, titled, titles


def written(text, box=(0, 0, 100, 12)):
    return Written(text, 0.95, box)


@pytest.mark.parametrize(
    ("text", "kind", "side"),
    [
        ("PLAN OF THE GROUND FLOOR", "plan", None),
        ("GROUNDFLOORPLAN", "plan", None),
        ("SALAMANCA: Ground Plans of old and new Cathedrals and of San Marcos", "plan", None),
        ("SOUTH ELEVATION", "elevation", "south"),
        ("West elevation", "elevation", "west"),
        ("EAST FRONT", "elevation", "east"),
        ("Südansicht", "elevation", "south"),
        ("PROSPETTO OVEST", "elevation", "west"),
        ("LONGITUDINAL SECTION", "section", None),
        ("SECTION FROM WEST TO EAST", "section", "south"),
    ],
)
def test_titles_in_several_languages_are_understood(text, kind, side):
    (found,) = titles([written(text)])
    assert (found.kind, found.side) == (kind, side)


@pytest.mark.parametrize(
    "text",
    ["SOUTH AISLE", "Plants in the garden", "Planche", "S. IRENE", "a plan whose section is lost", "Chapels on the east side"],
)
def test_other_lettering_names_no_drawing(text):
    assert titles([written(text)]) == ()


def test_the_title_outweighs_the_ink_and_goes_to_the_nearest_drawing():
    one = (Drawing("plan", (0, 0, 200, 200), 0.9),)
    named, found = titled(one, titles([written("SECTION A-B")]))
    assert named[0].kind == "section" and found[0].text == "SECTION A-B"
    two = (Drawing("elevation", (0, 0, 200, 200), 0.9), Drawing("elevation", (0, 260, 200, 460), 0.9))
    named, found = titled(two, titles([written("PLAN", (60, 470, 140, 482))]))
    assert [one.kind for one in named] == ["elevation", "plan"] and set(found) == {1}


def test_a_files_name_may_name_the_side():
    assert side_of_file("irene-west") == "west"
    assert side_of_file("facade_south_2") == "south"
    assert side_of_file("northampton") is None
