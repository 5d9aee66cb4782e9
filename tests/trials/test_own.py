"""The user's own models in a search: fitted whole, and what is barred is neither blended nor fitted again."""

from smeaton.families import Space
from smeaton.task.task import Data, Task
from smeaton.task.types import Type
from smeaton.trials.attempt import ALL
from smeaton.trials.choose import Chooser
from smeaton.trials.proposers.tpe import best_first
from smeaton.trials.record import Candidate, Interval, Trial

TASK = Task(data=Data(), output={"y": Type(type="number")}, inputs={"x": Type(type="number")}, metric="rmse")
SPACES = {
    "baseline": Space(starts=({},), effort=0.0),
    "linear": Space(starts=({},), effort=1.0),
    "model.py:make": Space(starts=({"source": "a"},), effort=0.5, own=True),
    "old.onnx": Space(starts=({"source": "b"},), effort=0.3, own=True),
}


def chooser() -> Chooser:
    singles = {name: space for name, space in SPACES.items() if name != "baseline"}
    return Chooser(TASK, 1.0, 0, SPACES, ["baseline"], singles, {})


def trial(family: str, score: float, barred: str = "") -> Trial:
    candidate = Candidate(family=family, config={"s": score})
    interval = Interval(score, score - 0.1, score + 0.1)
    return Trial(key=family, candidate=candidate, state="done", score=interval, scores=(score,), barred=barred)


def test_they_come_first_and_are_fitted_on_all_folds_whatever_the_race_says() -> None:
    opening = chooser().opening()
    assert [(one.candidate.family, one.role) for one in opening] == [
        ("baseline", "baseline"), ("old.onnx", "own"), ("model.py:make", "own"), ("linear", "probe"),
    ]  # fmt: skip
    assert [one.allowed for one in opening] == [ALL, ALL, ALL, 1]


def test_what_is_barred_leads_nothing_and_is_part_of_nothing() -> None:
    trials = [trial("old.onnx", 0.1, barred="fitted elsewhere"), trial("linear", 2.0), trial("model.py:make", 1.0)]
    assert [one.key for one in best_first(trials, 1.0)] == ["model.py:make", "linear"]
    assert [one.key for one in chooser().members(trials)] == ["model.py:make", "linear"]
    assert [one.key for one in chooser().members(trials, "all")] == ["model.py:make", "linear"]
    assert "model.py:make" not in chooser().outclassed(trials)
