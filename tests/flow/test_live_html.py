"""A build as a notebook shows it: an output that is updated, escaped, without widgets and without a script."""

import sys
from types import SimpleNamespace
from typing import Any

import pytest
from tests.conftest import Example

import smeaton
from smeaton.flow.live_html import LiveHtml, fitting_listener, in_notebook
from smeaton.trials.notice import Notice
from smeaton.trials.record import Candidate, Interval, Trial


class Output:
    """An output that keeps all it was told to show."""

    def __init__(self) -> None:
        self.shown: list[Any] = []

    def update(self, shown: Any) -> None:
        self.shown.append(shown)


def finished(family: str, value: float) -> Trial:
    return Trial(
        key=family, candidate=Candidate(family=family), state="done", score=Interval(value, value - 0.1, value + 0.1)
    )


def test_the_race_is_shown_best_first() -> None:
    live = LiveHtml(Output())
    live(Notice("plan", "3 folds <each>"))
    live(Notice("started", "forest: first try", {"key": "forest"}))
    for family, value in (("linear", 0.7), ("boosting", 0.9)):
        live(Notice("trial", family, {"trial": finished(family, value), "better": "higher"}))
    shown = live.render()
    assert shown.index("boosting") < shown.index("linear") < shown.index("forest: first try")
    assert "3 folds &lt;each&gt;" in shown
    lower = LiveHtml(Output())
    for family, value in (("linear", 0.7), ("boosting", 0.9)):
        lower(Notice("trial", family, {"trial": finished(family, value), "better": "lower"}))
    assert lower.render().index("linear") < lower.render().index("boosting")


def test_updates_are_few_and_the_end_is_shown() -> None:
    output = Output()
    live = LiveHtml(output)
    for number in range(50):
        live(Notice("started", f"f{number}", {"key": str(number)}))
    assert len(output.shown) == 1
    live(Notice("phase", "measuring"))
    assert len(output.shown) == 2
    assert "measuring" in output.shown[-1]._repr_html_()
    assert repr(output.shown[-1]) == "measuring"


def test_a_notebook_is_known_by_its_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    def shell(found: Any) -> Any:
        return SimpleNamespace(get_ipython=lambda: found)

    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert not in_notebook()
    for found, expected in ((None, False), (SimpleNamespace(), False), (SimpleNamespace(kernel=object()), True)):
        monkeypatch.setitem(sys.modules, "IPython", shell(found))
        assert in_notebook() is expected

    def otherwise(notice: Notice) -> None:
        """Nothing."""

    monkeypatch.setitem(sys.modules, "IPython", shell(None))
    assert fitting_listener(otherwise) is otherwise


def test_in_a_kernel_the_output_is_updated_in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("IPython")
    output = Output()
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", lambda shown, display_id: output)
    listen = fitting_listener(lambda notice: None)
    listen(Notice("phase", "bundle"))
    assert "bundle" in output.shown[-1]._repr_html_()


def test_what_was_built_shows_itself(example: Example, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    folder = shutil.copytree(example.folder, tmp_path / "copied")
    built = smeaton.build(folder)
    shown = built._repr_html_()
    assert "<script" not in shown
    for part in (built.winner, "sealed test:", "log_loss", "<table>"):
        assert part in shown
    assert built.frame()["key"].tolist() == [row.key for row in built.board.rows]
    assert built.summary().splitlines()[0] == "clients: log_loss, lower is better"
