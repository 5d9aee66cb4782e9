"""The whole story: the only place where the building side and the running side meet."""

from smeaton.flow.build import board, board_text, build
from smeaton.flow.model import Model, load, sample_row
from smeaton.flow.outcome import Built
from smeaton.flow.report import report, report_text
from smeaton.flow.serve import serve

__all__ = ["Built", "Model", "board", "board_text", "build", "load", "report", "report_text", "sample_row", "serve"]
