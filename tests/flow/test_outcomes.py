"""How builds end: leaks named and accepted, noise, the same seed, a replay."""

from pathlib import Path
from typing import Any

import pytest
from tests.conftest import TASK, client_rows, write_task

import smeaton
from smeaton.errors import InputError
from smeaton.flow.build import board
from smeaton.trials.notice import Notice
from smeaton.trials.record import Cost
from smeaton.trials.results import read_fit
from smeaton.trials.search import search
from smeaton.trials.setup import Result
from smeaton.trials.store import Store

pytestmark = pytest.mark.slow

SEARCH = TASK.replace('solutions: {only: [baseline], add: ["quick.py:quick"]}', "solutions: {only: [linear, boosting]}")


def scores(folder: Path) -> dict[str, object]:
    return {row.key: (row.state, row.score, row.judged) for row in board(folder).rows}


def test_a_leak_is_named_and_accepted(tmp_path: Path) -> None:
    rows = [{**row, "told": f"T{row['churned']}"} for row in client_rows(200)]
    write_task(tmp_path, rows=rows)
    built = smeaton.build(tmp_path)
    assert (built.outcome, built.exit_code) == ("not ready", 3)
    assert len(built.reasons) == 1
    assert "'told'" in built.reasons[0]
    line = "accept: {leak: [told]}"
    assert built.reasons[0].endswith(line)
    write_task(tmp_path, TASK + line + "\n", rows)
    again = smeaton.build(tmp_path)
    assert (again.outcome, again.exit_code, again.opened) == ("ready", 0, 2)


def test_noise_has_no_solution_and_ships_the_baseline(tmp_path: Path) -> None:
    rows = client_rows(200)
    for number, row in enumerate(rows):
        row["churned"] = "yes" if (number * 2654435761) % 97 < 48 else "no"
    write_task(tmp_path, rows=rows)
    built = smeaton.build(tmp_path)
    assert (built.outcome, built.exit_code) == ("no solution", 4)
    assert "baseline" in built.reasons[0]
    assert built.winner == "baseline"
    assert built.bundle is not None
    with smeaton.load(built.bundle) as model:
        manifest = model.bundle.manifest
        assert (manifest.outcome, manifest.winner.family) == ("no solution", "baseline")
        one, other = model.predict([{name: row[name] for name in ("age", "plan", "spend")} for row in rows[:2]])
        assert one == other


def test_the_same_seed_gives_the_same_scores_and_a_replay_the_same_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock decides what is tried and where it ends a fit; fits that end by themselves owe it nothing."""
    # Rows in time have one holdout, so that the clock does not decide on the folds too.
    rows = [{**row, "day": f"2026-{1 + n // 28:02}-{1 + n % 28:02}"} for n, row in enumerate(client_rows(240))]
    for name in ("one", "two"):
        write_task(tmp_path / name, SEARCH.replace("{id: client}", "{id: client, time: day}"), rows)
    first, _ = (smeaton.build(tmp_path / name, budget=20, seed=5) for name in ("one", "two"))
    one, two = _whole(tmp_path / "one"), _whole(tmp_path / "two")
    shared = one.keys() & two.keys()
    assert len(shared) >= 2
    assert {key: one[key] for key in shared} == {key: two[key] for key in shared}
    said: list[str] = []

    def listen(notice: Notice) -> None:
        said.append(notice.text)

    def slow(*args: object, **more: object) -> Cost:
        return Cost(p50=9.0, p95=9.0, cost_per_1k=None, size=1)

    before = scores(tmp_path / "one")
    monkeypatch.setattr("smeaton.flow._finishing.measure", slow)  # among those that tie it would decide another way
    again = smeaton.build(tmp_path / "one", budget=20, seed=5, replay=True, listen=listen)
    assert any("recorded trials were repeated with the same scores" in line for line in said), said[-12:]
    assert again.winner == first.winner
    assert scores(tmp_path / "one") == before
    assert again.board.winner == first.board.winner
    assert again.test == first.test
    assert [(row.key, row.cost) for row in again.board.rows] == [(row.key, row.cost) for row in first.board.rows]


def test_a_replay_that_is_ended_early_ships_what_it_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_task(tmp_path)
    first = smeaton.build(tmp_path)
    (root,) = (path.parent for path in (tmp_path / ".smeaton").glob("*/trials.db"))
    with Store(root) as store:  # what was not measured then is now, where nothing else is there
        for row in first.board.rows:
            if row.family == "baseline":
                store.drop_cost(row.key)

    def ended(*given: Any) -> Result:
        result = search(*given)
        result.trials = [trial for trial in result.trials if trial.candidate.family == "baseline"]
        result.interrupted = True
        return result

    monkeypatch.setattr("smeaton.flow.build.search", ended)
    again = smeaton.build(tmp_path, replay=True)
    assert again.winner == "baseline"
    assert [row.cost is not None for row in again.board.rows] == [True]


def _whole(folder: Path) -> dict[str, object]:
    """What the trials scored whose fit ended by itself."""
    (root,) = (path.parent for path in (folder / ".smeaton").glob("*/trials.db"))
    with Store(root) as store:
        done = [trial for trial in store.trials() if trial.state == "done"]
    ended = [trial for trial in done if not read_fit(root / "trials" / trial.key, 0).steps]
    return {trial.key: (trial.scores, trial.score) for trial in ended}


def test_another_seed_is_another_split(tmp_path: Path) -> None:
    write_task(tmp_path)
    first, second = (smeaton.build(tmp_path, seed=seed) for seed in (0, 1))
    assert first.test != second.test
    assert second.opened == 1, "other rows were sealed, so these were opened once"


def test_a_replay_of_nothing_is_refused(tmp_path: Path) -> None:
    write_task(tmp_path)
    with pytest.raises(InputError, match="no earlier build"):
        smeaton.build(tmp_path, replay=True)


def test_no_test_is_sealed_where_the_task_says_so(tmp_path: Path) -> None:
    write_task(tmp_path, TASK + "test: {share: 0}\n")
    built = smeaton.build(tmp_path)
    assert (built.outcome, built.test, built.test_rows, built.opened) == ("ready", None, 0, 0)
    assert "no test was sealed" in built.summary()
    with smeaton.load(str(built.bundle)) as model:
        assert model.bundle.manifest.test == ()
        assert model.bundle.manifest.data.train_rows == len(client_rows())
