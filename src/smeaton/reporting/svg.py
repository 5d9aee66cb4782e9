"""`draw`: a figure as SVG text that a page with a strict policy can hold.

The picture is vl-convert's (Vega's own renderer). Here it is made small and safe to stand among others: no style
attributes, ids that are its own, links that lead within the page only, what a mark says as its `title`, and for a
screen reader nothing but the figure's title and what is seen in it.
"""

import re
import xml.etree.ElementTree as xml
from dataclasses import dataclass
from typing import Any

import msgspec

from smeaton import plugins
from smeaton.extras import needs
from smeaton.reporting.characters import clean
from smeaton.reporting.charts._theme import themed
from smeaton.reporting.forms import Figure, Section

_SVG, _LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
#: Attributes that say what the style of the page says, that are their own default, or that a picture with a name of its
#: own must not hold.
_DROPPED = {
    "font-family", "role", "aria-roledescription", "aria-hidden", "aria-label", "pointer-events", "version", "class",
    "stroke-miterlimit", "cursor", _LINK,
}  # fmt: skip
_DEFAULTS = {("opacity", "1"), ("stroke-width", "1"), ("font-weight", "normal"), ("font-style", "normal")}
_LONG = re.compile(r"-?\d+\.\d{3,}(?:e-?\d+)?|-?\d+(?:\.\d+)?e-\d+")
_NUMBERS = {"d", "transform", "x", "y", "x1", "x2", "y1", "y2", "width", "height", "r", "cx", "cy", "opacity",
    "fill-opacity", "stroke-opacity", "stroke-width", "points"}  # fmt: skip
_LINES = ("mark-line", "mark-rule", "mark-trail")
MADE = "pictures"  #: key of a build's pictures that are drawn already, by section and figure
_NAMED = re.compile(r"url\(#([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture: its SVG, and its natural size in pixels."""

    svg: str
    width: int
    height: int


def draw(figure: Figure, name: str) -> Drawn:
    """The picture of a figure. `name` is unlike that of any other picture on the page, and begins its ids.

    Raises:
        ExtraMissing: vl-convert is not installed.
        ProgramError: there is no such chart.
        KeyError: a column of the figure is missing.
    """
    spec = plugins.load("charts", figure.chart).spec(_cleaned(figure))
    return tidy(picture(spec), name, figure.title, figure.says)


def pictures(section: Section) -> dict[str, Drawn]:
    """The pictures of a section by their figure's id.

    Raises:
        ExtraMissing: vl-convert is not installed.
    """
    return {figure.id: draw(figure, f"{section.id}-p{place}") for place, figure in enumerate(section.figures)}


def picture(spec: dict[str, Any]) -> str:
    """A chart's specification as Vega draws it, in the theme. It is asked for nothing that lies elsewhere.

    Raises:
        ExtraMissing: vl-convert is not installed.
    """
    with needs("report"):
        import vl_convert
    svg: str = vl_convert.vegalite_to_svg(themed(spec), allowed_base_urls=[])
    return svg


def warm() -> None:
    """Draw nothing once: the engine takes about half a second to start, which can pass while others work.

    Raises:
        ExtraMissing: vl-convert is not installed.
    """
    picture({"data": {"values": []}, "mark": "point"})


def tidy(svg: str, name: str, title: str, says: str) -> Drawn:
    """A picture made small, and fit to stand in a page beside others."""
    root = xml.fromstring(clean(svg))  # noqa: S314 - what our own renderer wrote
    width, height = (round(float(root.get(side, "0"))) for side in ("width", "height"))
    _walk(root, name, "")
    root.set("pointer-events", "none")  # what says nothing does not stand before what does
    for place, (tag, text) in enumerate((("title", title), ("desc", says))):
        part = xml.Element(_SVG + tag, {"id": f"{name}-{tag}"})
        part.text = clean(text)
        root.insert(place, part)
    role = "group" if root.find(f".//{_SVG}a") is not None else "img"  # nobody finds a link within an image
    root.attrib |= {"role": role, "aria-labelledby": f"{name}-title", "aria-describedby": f"{name}-desc"}
    xml.register_namespace("", _SVG[1:-1])
    return Drawn(xml.tostring(root, encoding="unicode"), width, height)


def _cleaned(figure: Figure) -> Figure:
    columns = {
        name: [clean(value) if isinstance(value, str) else value for value in values]
        for name, values in figure.columns.items()
    }
    return msgspec.structs.replace(figure, columns=columns)


def _walk(node: xml.Element, name: str, marks: str) -> None:
    """Tidy an element and what it holds. `marks`: the kind of the marks it holds, '' for axes and legends."""
    classes = node.get("class", "").split()
    marks = classes[0] if "role-mark" in classes else marks
    for child in list(node):
        if _empty(child):
            node.remove(child)
        else:
            _walk(child, name, marks)
    said, link = node.get("aria-label", ""), node.get(_LINK, "")
    _attributes(node, name)
    if link:  # a mark's link is given as `#place`; Vega puts an address before it
        _, mark, place = link.rpartition("#")
        node.attrib |= {"href": f"#{place}"} if mark else {}
    if marks and said and node.tag != _SVG + "g":
        title = xml.Element(_SVG + "title")
        title.text = said
        node.insert(0, title)
        node.set("pointer-events", "stroke" if marks in _LINES else "all")  # a hollow one too; see `tidy`


def _empty(node: xml.Element) -> bool:
    """A frame that is not drawn, a label that did not find room, a group of nothing."""
    if node.tag == _SVG + "path":
        return node.get("d", "") in ("", "M0,0h0v0h0Z") or (
            node.get("class") == "background" and "stroke" not in node.attrib and "fill" not in node.attrib
        )
    if node.tag == _SVG + "text":
        return node.get("opacity") == "0"
    return node.tag == _SVG + "g" and len(node) == 0


def _attributes(node: xml.Element, name: str) -> None:
    for attribute, value in _styled(node.attrib).items():
        if attribute in _DROPPED or (attribute, value) in _DEFAULTS:
            continue
        text = _NAMED.sub(rf"url(#{name}-\1)", value)
        text = f"{name}-{text}" if attribute == "id" else text
        node.set(attribute, _LONG.sub(_short, text) if attribute in _NUMBERS else text)
    for attribute in list(node.attrib):
        if attribute in _DROPPED | {"style"} or (attribute, node.attrib[attribute]) in _DEFAULTS:
            del node.attrib[attribute]


def _styled(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes with those of a style among them: what CSS says of a shape, SVG can say of it in an attribute."""
    parts = (part.partition(":") for part in attributes.get("style", "").split(";") if ":" in part)
    return {name: value for name, value in attributes.items() if name != "style"} | {
        name.strip(): value.strip() for name, _, value in parts
    }


def _short(found: re.Match[str]) -> str:
    """A number to a hundredth of a pixel."""
    return f"{float(found[0]):.2f}".rstrip("0").rstrip(".").replace("-0", "0" if float(found[0]) > -0.005 else "-0", 1)
