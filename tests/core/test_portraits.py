"""Portraits: the same persona always looks the same, different ones differ, and nothing but looks is read."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personarium.core import Facet, Persona
from personarium.core.portrait_pieces import CUTS, FACES, GARMENTS, SAID_CUTS
from personarium.core.portraits import Looks, looks_of, portrait

SVG = "{http://www.w3.org/2000/svg}"


def _person(id: str = "p1", name: str = "Mira", **facets: object) -> Persona:
    return Persona(id=id, name=name, facets=tuple(Facet("", path, value) for path, value in facets.items()))


def _face(picture: str) -> str:
    """The first colour of the drawing that is a face's."""
    return next(c for c in re.findall(r'fill="(#[0-9a-f]{6})"', picture) if c in FACES)


def test_the_same_persona_gives_the_same_picture_whatever_its_version() -> None:
    person = _person(occupation="baker")
    assert portrait(person) == portrait(person)
    assert portrait(person.with_facet(Facet("", "hobby", "chess"))) == portrait(person)


def test_a_thousand_personas_have_a_thousand_pictures() -> None:
    pictures = {portrait(_person(f"p{i}", "")).partition("</title>")[2] for i in range(1000)}
    assert len(pictures) >= 995


def test_the_size_is_that_of_the_element() -> None:
    root = ElementTree.fromstring(portrait(_person(), size=40))
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("40", "40", "0 0 96 96")


def test_the_title_is_the_name_or_the_id() -> None:
    assert ElementTree.fromstring(portrait(_person()))[0].text == "Mira"
    assert ElementTree.fromstring(portrait(_person("p-7", "")))[0].text == "p-7"


@given(st.text(min_size=1, max_size=300).filter(str.strip), st.text(max_size=300))
def test_any_text_gives_a_small_well_formed_picture_without_script_or_reference(name: str, value: str) -> None:
    text = name.encode("utf-8", "ignore").decode() or "x"
    said = value.encode("utf-8", "ignore").decode()
    picture = portrait(Persona(id="p1", name=text, facets=(Facet("", "hair", said), Facet("", "description", said))))
    root = ElementTree.fromstring(picture)
    assert len(picture.encode()) < 4096
    assert {element.tag for element in root.iter()} <= {
        SVG + tag for tag in ("svg", "title", "g", "path", "circle", "ellipse", "rect")
    }
    assert not {name for e in root.iter() for name in e.attrib} & {"id", "href", "style", "onload", "onclick"}


def test_script_in_a_name_is_shown_as_text() -> None:
    picture = portrait(_person(name='<script>alert("x")</script>'))
    assert "<script" not in picture
    assert ElementTree.fromstring(picture)[0].text == '<script>alert("x")</script>'


@pytest.mark.parametrize("hair", SAID_CUTS)
@pytest.mark.parametrize("work", ["doctor", "lawyer", "baker", "farmer", "sailor", "student", "poet", "teacher", ""])
def test_every_cut_with_every_garment_is_well_formed_and_small(hair: str, work: str) -> None:
    for i in range(6):
        person = _person(
            f"p{i}", hair=hair, occupation=work, beard="full beard", glasses="glasses", age=60 * (i % 2) + 9
        )
        picture = portrait(person)
        ElementTree.fromstring(picture)
        assert len(picture.encode()) < 4096


def test_no_piece_goes_beyond_the_tile_which_would_move_its_rounded_corners() -> None:
    drawn = "".join(portrait(_person(f"p{i}", "")) for i in range(300))
    for x, y, r in re.findall(r'<circle[^>]*cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"', drawn):
        assert float(x) - float(r) >= 0 and float(x) + float(r) <= 96
        assert float(y) - float(r) >= 0 and float(y) + float(r) <= 96


def test_every_piece_is_used_by_somebody() -> None:
    drawn = "".join(portrait(_person(f"p{i}", "", gender=("man", "woman", "")[i % 3])) for i in range(3000))
    worn = "".join(portrait(_person("p1", occupation=w)) for w in ("nurse", "judge", "cook", "carpenter", "pirate"))
    outlines = {name: re.findall(r' d="([^"]+)"', a + b) for name, (a, b) in {**CUTS, **GARMENTS}.items()}
    assert len(outlines) == 30
    assert [name for name, paths in outlines.items() if not all(path in drawn + worn for path in paths)] == []


@pytest.mark.parametrize(
    ("facets", "expected"),
    [
        ({"age": 71}, Looks(age=71)),
        ({"demographics.age": "34 years"}, Looks(age=34)),
        ({"age": "in her 200s"}, Looks(age=None)),
        ({"description": "A 52-year-old woman with long grey hair."}, Looks(52, "feminine", "long", "grey")),
        ({"gender": "Male", "occupation": "Ship's captain"}, Looks(gender="masculine", wear="stripes")),
        ({"gender": "non-binary"}, Looks()),
        ({"appearance": "curly red hair, a beard and round glasses"}, Looks(hair="curly", hair_colour="red")),
        ({"description": "She wears spectacles."}, Looks(gender="feminine", glasses=True)),
        ({"social.job": "software developer"}, Looks(wear="hoodie")),
    ],
)
def test_what_is_said_of_looks_is_read(facets: dict[str, object], expected: Looks) -> None:
    assert looks_of(_person(**facets)) == expected


def test_age_shows_in_silver_hair_and_a_small_figure() -> None:
    assert "#c9ccd3" in portrait(_person(age=80, hair="long"))
    assert "scale(.91)" in portrait(_person(age=7))


@pytest.mark.parametrize("path", ["nationality", "ethnicity", "race", "religion", "country", "demographics.birthplace"])
def test_origin_and_groups_change_nothing(path: str) -> None:
    plain = portrait(_person())
    for value in ("Norwegian", "Nigerian", "Japanese", "Black", "white", "Muslim"):
        assert portrait(_person(**{path: value})) == plain


def test_the_colour_of_a_face_comes_from_the_id_alone() -> None:
    for i in range(50):
        told = _person(f"p{i}", description="A Black woman of 30 from a family of sailors, with dark hair.")
        assert _face(portrait(told)) == _face(portrait(_person(f"p{i}")))


@pytest.mark.parametrize("visibility", ["private", "never_disclose"])
def test_what_is_not_public_is_not_drawn(visibility: str) -> None:
    secret = Persona(id="p1", name="Mira", facets=(Facet("", "hair", "bald", visibility=visibility),))  # type: ignore[arg-type]
    assert looks_of(secret) == Looks()


def test_hostile_length_costs_nothing() -> None:
    person = Persona(id="p1", facets=tuple(Facet("", "description", "a-" * 50_000) for _ in range(500)))
    assert looks_of(person) == Looks()
