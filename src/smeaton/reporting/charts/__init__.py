"""Charts. A part turns a figure's columns into a Vega-Lite specification; `svg.py` makes the picture.

Source: Satyanarayan et al., "Vega-Lite: A Grammar of Interactive Graphics", IEEE TVCG 23(1), 2017.
"""

from typing import Any, Protocol

from smeaton.reporting.forms import Figure


class Chart(Protocol):
    """One kind of figure. `columns` names the columns it wants; those of `extra` may be there."""

    columns: tuple[str, ...]
    extra: tuple[str, ...]

    def spec(self, figure: Figure) -> dict[str, Any]:
        """A Vega-Lite specification with its data, without theme, title, width and height (`_theme.py` adds those; an
        own width or height stays). Colours are only those of `_theme.py`. Every mark carries a `description` that reads
        it aloud, which is its tooltip too.

        Raises:
            KeyError: a column is missing.
        """
        ...
