"""The page to try a model by hand: its inputs as a form, its answer, and the lines that ask the same from elsewhere."""

from smeaton.service.page.assets import PAGE_HEADERS
from smeaton.service.page.document import index_page
from smeaton.service.page.examples import example_value

__all__ = ["PAGE_HEADERS", "example_value", "index_page"]
