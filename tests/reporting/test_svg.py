"""Pictures: small, safe to stand among others, and told to who does not see them."""

import sys
import xml.etree.ElementTree as xml
from typing import Any

import pytest
from tests.reporting.made import BROKEN, HOSTILE, TURNED, bars, pareto

from smeaton import plugins
from smeaton.errors import ExtraMissing
from smeaton.reporting.charts._theme import HEIGHT, WIDTH, themed
from smeaton.reporting.svg import draw, picture, tidy

NAME = "{http://www.w3.org/2000/svg}"


def parsed(svg: str) -> xml.Element:
    return xml.fromstring(svg)


def test_a_picture_is_of_its_natural_size_and_has_a_name() -> None:
    drawn = draw(bars("a", HOSTILE), "f1")
    root = parsed(drawn.svg)
    assert drawn.width == WIDTH
    assert 60 < drawn.height < HEIGHT
    assert root.get("role") == "img"
    assert [root.get("aria-labelledby"), root.get("aria-describedby")] == ["f1-title", "f1-desc"]
    assert [(part.tag, part.get("id"), part.text) for part in list(root)[:2]] == [
        (f"{NAME}title", "f1-title", HOSTILE),
        (f"{NAME}desc", "f1-desc", "linear is the best."),
    ]


def test_each_mark_says_what_it_is_and_nothing_else_speaks() -> None:
    root = parsed(draw(bars("a", "t", ("linear", HOSTILE, TURNED, BROKEN)), "f1").svg)
    said = [title.text or "" for title in root.iter(f"{NAME}title")][1:]
    assert len(said) == 4
    assert said[0].startswith("linear: ")
    assert "0.9" in said[0]
    others = {name for node in root.iter() if node is not root for name in node.attrib}
    assert not {name for name in others if name.startswith(("aria", "role", "on"))}


@pytest.mark.parametrize("figure", [bars("a", "t"), *pareto().figures], ids=lambda figure: figure.chart)
def test_a_strict_policy_lets_it_in(figure: Any) -> None:
    root = parsed(draw(figure, "f1").svg)
    for node in root.iter():
        assert not {"style", "class", "font-family"} & set(node.attrib)
        assert node.tag.removeprefix(NAME) not in ("script", "style", "image", "foreignObject", "use")


def test_links_lead_within_the_page() -> None:
    root = parsed(draw(pareto().figures[0], "f1").svg)
    assert root.get("role") == "group", "an image holds no links"
    links = [dict(link.attrib) for link in root.iter(f"{NAME}a")]
    assert sorted(link["href"] for link in links) == [f"#candidate-{number:016x}" for number in range(1, 5)]
    assert all(list(link) == ["href"] for link in links)


def test_other_links_are_none() -> None:
    values = [{"x": 1, "link": "https://example.org/"}]
    encoding = {"x": {"field": "x", "type": "quantitative"}, "href": {"field": "link"}}
    svg = tidy(picture({"data": {"values": values}, "mark": "point", "encoding": encoding}), "f1", "t", "s").svg
    assert "href" not in svg


def test_ids_of_two_pictures_are_unlike() -> None:
    spec = {
        "data": {"values": [{"x": 1, "y": 2}]},
        "mark": {"type": "point", "clip": True},
        "encoding": {"x": {"field": "x", "type": "quantitative"}, "y": {"field": "y", "type": "quantitative"}},
    }
    svg = picture(spec)
    one, other = (tidy(svg, name, "t", "s").svg for name in ("f1", "f2"))
    ids = [{node.get("id") for node in parsed(text).iter() if node.get("id")} for text in (one, other)]
    assert len(ids[0]) == len(ids[1]) == 3, "title, desc, and what it is clipped by"
    assert not ids[0] & ids[1]
    (clip,) = (found for found in ids[0] if "clip" in found)
    assert f"url(#{clip})" in one


def test_styles_become_attributes_and_numbers_short() -> None:
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20"><g><path class="background" d="M0,0h0v0h0Z"/>'
        '<line style="stroke: red; opacity:1" x2="1.23456789" transform="translate(-0.0012,1e-7)"/>'
        '<text opacity="0">no room</text><text x="10.005">1.23456</text></g></svg>'
    )
    drawn = tidy(svg, "f1", "t", "s")
    shapes = list(parsed(drawn.svg))[2]
    assert [dict(shape.attrib) for shape in shapes] == [
        {"x2": "1.23", "transform": "translate(0,0)", "stroke": "red"},
        {"x": "10.01"},
    ]
    assert shapes[1].text == "1.23456", "what is said stays as it is"
    assert (drawn.width, drawn.height) == (10, 20)


def test_only_the_colours_of_the_theme_are_used() -> None:
    for figure in (bars("a", "t"), *pareto().figures):
        root = parsed(draw(figure, "f1").svg)
        colours = {node.get(part) for node in root.iter() for part in ("fill", "stroke")} - {None}
        assert all(str(colour).startswith("var(--") or colour in ("none", "transparent") for colour in colours)


def test_a_size_of_its_own_stays() -> None:
    assert themed({"width": 200})["width"] == 200
    assert themed({})["autosize"] == {"type": "fit", "contains": "padding"}
    assert themed({"height": {"step": 20}})["autosize"]["type"] == "fit-x"
    assert themed({"width": {"step": 20}})["autosize"]["type"] == "fit-y"
    assert themed({"width": {"step": 20}, "height": {"step": 20}})["autosize"]["type"] == "pad"
    assert "width" not in themed({"facet": {}, "spec": {}})


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(ExtraMissing, match="vl_convert") as caught:
        draw(bars("a", "t"), "f1")
    assert "smeaton[report]" in caught.value.fix


def test_every_chart_is_a_part() -> None:
    assert {"interval_bars", "pareto"} <= set(plugins.names("charts"))
