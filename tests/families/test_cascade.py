"""Cascades: the program asks only where the small model is unsure, is chosen without its own fold, keeps to limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from tables import make_run, make_text_rows, make_text_task, some

from smeaton import plugins
from smeaton.compile.calibrate import Calibration, apply
from smeaton.data.fold import Fold
from smeaton.errors import InputError, OutOfMoney
from smeaton.families import Finished, Refusal, Run
from smeaton.families._cascade_choice import GOALS, Evidence, options, pick, table_said
from smeaton.families.cascade import Cascade, part
from smeaton.llm.purse import MemoryPurse
from smeaton.runtime.call import Call
from smeaton.runtime.check import effect_of
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.runtime.program import Program, Step
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import COST, ERROR, PREDICTION, PROBABILITY, Array, object_column
from smeaton.task.task import Limits, Solutions, Task

HOST, PRICE, ROWS = "chat.example", 0.001, 900
CHAT = ("prediction", "probability", "error")


@dataclass
class Case:
    """A pool of a weak small model and a scripted chat, over some folds."""

    task: Task
    folds: list[Fold]
    targets: dict[int, Array]
    pool: list[Finished]
    root: Path

    def run(self, fold: int, money: float = 0.0) -> Run:
        run = make_run(self.root)
        run.pool, run.purse = self.pool, MemoryPurse(money)
        run.other_folds = {number: y for number, y in self.targets.items() if number != fold}
        return run

    def fit(self, fold: int = 0, money: float = 0.0, **config: Any) -> Cascade:
        return part.fit(self.task, config, self.folds[fold], self.run(fold, money))


def chat_program(task: Task, wrong: int) -> Program:
    """A chat that knows the words of each label, but of `wrong` labels takes one for the next."""
    words = [make_text_rows(400, "4", seed).x["title"] for seed in range(3)]
    codes = [make_text_rows(400, "4", seed).y for seed in range(3)]
    known = {
        word: int(code) for some_, of in zip(words, codes, strict=True) for word, code in zip(some_, of, strict=True)
    }
    script = [[word, task.labels[(code + (code < wrong)) % 4]] for word, code in known.items() if word]
    columns = [{"name": name, "type": msgspec.to_builtins(kind)} for name, kind in task.input_types.items()]
    table = Step(
        op="table", inputs=("body", "title"), outputs=("a", "b"), args={"columns": columns, "texts": ["body", "title"]}
    )
    args = {"host": HOST, "price": PRICE, "labels": list(task.labels), "script": script, "default": "c0"}
    return Program(
        inputs=("body", "title"),
        steps=(table, Step(op="fake_chat", inputs=("a", "b"), outputs=CHAT, args=args)),
        outputs=CHAT,
    )


def finished(case: Case, key: str, effect: Any, programs: list[Program], step: Calibration | None) -> Finished:
    held, stop, folders = [], [], []
    for fold, program in zip(case.folds, programs, strict=True):
        folder = case.root / key / str(fold.number)
        save_program(program, folder)
        folders.append(folder)
        with Engine(program, folder, types=case.task.input_types, allow_external=[HOST]) as engine:
            for side, rows in ((held, fold.held), (stop, fold.stop.x)):
                answers = dict(engine.run(rows, Call(purse=MemoryPurse(10))))
                if step is not None:
                    answers[PROBABILITY] = apply(step, answers[PROBABILITY])
                    answers[PREDICTION] = object_column(case.task.labels)[answers[PROBABILITY].argmax(axis=1)]
                if effect == "external":
                    answers[COST] = np.full(len(answers[PREDICTION]), PRICE)
                side.append(answers)
    return Finished(key, key, 0.0, held, stop, folders, [step] * len(folders), effect=effect)


def make_case(root: Path, count: int = 2, step: Calibration | None = None, wrong: int = 0, **changes: Any) -> Case:
    task = make_text_task("4", ("body", "title"), "accuracy")
    task = msgspec.structs.replace(task, solutions=Solutions(add=("chat.py:chat",)), **changes)
    every = make_text_rows(ROWS, "4")
    folds, targets = [], {}
    for number in range(count):
        held = np.arange(number, ROWS, 3)
        rest = np.setdiff1d(np.arange(ROWS), held)
        folds.append(Fold(number, some(every, rest[:40]), some(every, rest[40:140]), some(every, held).x, held))
        targets[number] = every.y[held]
    case = Case(task, folds, targets, [], root)
    small = []
    for fold in folds:  # of one of the two texts, and 40 rows
        body = msgspec.structs.replace(task, inputs={"body": task.input_types["body"]})
        fitted = plugins.load("families", "tfidf").fit(body, {"c": 1.0}, fold, make_run(root))
        (root / "tfidf" / str(fold.number)).mkdir(parents=True)
        small.append(fitted.export(root / "tfidf" / str(fold.number)))
    chat = chat_program(task, wrong)
    for fold in folds:
        (root / "chat" / str(fold.number)).mkdir(parents=True)
    case.pool.append(finished(case, "tfidf", "pure", small, step))
    case.pool.append(finished(case, "chat", "external", [chat] * count, None))
    return case


def accuracy(answers: Mapping[str, Array], target: Array) -> float:
    names = np.array([f"c{code}" for code in target], dtype=object)
    return float((answers[PREDICTION] == names).mean())


def asked(case: Case, fitted: Cascade, rows: Any, folder: Path) -> tuple[dict[str, Array], float]:
    """The program's answers, and how many rows it asked about."""
    folder.mkdir(parents=True, exist_ok=True)
    program = fitted.export(folder)
    save_program(program, folder)
    assert effect_of(program) == "external"
    purse = MemoryPurse(10)
    with Engine(program, folder, types=case.task.input_types, allow_external=[HOST]) as engine:
        return engine.run(rows, Call(purse=purse)), purse.spent / PRICE


@pytest.mark.parametrize("step", [None, Calibration(kind="temperature", a=1.7)])
def test_a_tenth_of_the_calls_is_better_than_the_small_model(step: Calibration | None, tmp_path: Path) -> None:
    case = make_case(tmp_path, step=step)
    fitted = case.fit(goal="tenth")
    answers, calls = asked(case, fitted, case.folds[0].held, tmp_path / "out")
    small = case.pool[0].held[0]
    assert 1 <= calls <= 0.14 * len(case.targets[0])
    assert accuracy(answers, case.targets[0]) > accuracy(small, case.targets[0])
    same = np.isclose(answers[PROBABILITY], small[PROBABILITY]).all(axis=1)
    assert (~same).sum() <= calls  # the others are the small model's, calibrated
    assert answers[ERROR].tolist() == [None] * len(same)


def test_the_best_is_as_good_as_the_chat(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    answers, _ = asked(case, case.fit(goal="best"), case.folds[0].held, tmp_path / "out")
    assert accuracy(answers, case.targets[0]) >= accuracy(case.pool[1].held[0], case.targets[0]) - 0.02


def test_cheapest_asks_no_more_than_best(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    calls = [asked(case, case.fit(goal=goal), case.folds[0].held, tmp_path / goal)[1] for goal in ("cheapest", "best")]
    assert calls[0] <= calls[1]


def test_predict_answers_as_the_program(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    fitted = case.fit(goal="tenth", money=1.0)
    answers, _ = asked(case, fitted, case.folds[0].held, tmp_path / "out")
    assert fitted.predict(case.folds[0].held)[PREDICTION].tolist() == answers[PREDICTION].tolist()


def test_a_fold_s_own_answers_decide_nothing(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    before = case.fit(goal="best").parts
    for member in case.pool:
        member.held[0][PROBABILITY] = np.full_like(member.held[0][PROBABILITY], 0.25)
    after = case.fit(goal="best").parts
    assert (before.measure, before.threshold) == (after.measure, after.threshold)


def test_the_limit_of_costs_bounds_the_calls(tmp_path: Path) -> None:
    case = make_case(tmp_path, limits=Limits(cost_per_1k=0.05))  # $1 for 1,000 calls: one row in twenty
    _, calls = asked(case, case.fit(goal="best"), case.folds[0].held, tmp_path / "out")
    assert calls <= 0.09 * len(case.targets[0])
    tight = make_case(tmp_path / "tight", limits=Limits(cost_per_1k=0.00001))
    with pytest.raises(InputError, match="per 1,000 rows"):
        tight.fit(goal="best")


def test_with_one_fold_some_stop_rows_are_asked_and_paid_for(tmp_path: Path) -> None:
    case = make_case(tmp_path, count=1)
    run = case.run(0, money=1.0)
    part.fit(case.task, {"goal": "best"}, case.folds[0], run)
    assert isinstance(run.purse, MemoryPurse)
    assert run.purse.spent == pytest.approx(100 * PRICE)
    with pytest.raises(OutOfMoney):
        case.fit(goal="best", money=0.0)


def test_without_a_language_model_in_the_pool_there_is_none(tmp_path: Path) -> None:
    case = make_case(tmp_path)
    with pytest.raises(InputError, match="1 and 0"):
        case.fit(members=["tfidf"])


def test_tasks_that_it_cannot_do_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    profile = Profile(rows=100, columns=(ColumnProfile(name="body", type="text"),))
    number = part.space(make_text_task("number"), profile)
    assert isinstance(number, Refusal)
    assert "how sure" in number.why
    task = msgspec.structs.replace(make_text_task("4"), solutions=Solutions(add=("openai:gpt-5-mini",)))
    keyless = part.space(task, profile)
    assert isinstance(keyless, Refusal)
    assert "OPENAI_API_KEY" in keyless.parts["openai:gpt-5-mini"]


def evidence(rows: int, small: float, chat: float, labels: int = 4, seed: int = 0) -> tuple[Task, Evidence]:
    """Errors independent given the label; the small model says how sure it is."""
    rng = np.random.default_rng(seed)
    task = make_text_task(str(labels), metric="accuracy")
    target = rng.integers(0, labels, rows)
    score = rng.normal(size=(rows, labels))
    score[np.arange(rows), target] += small
    chance = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    said = np.where(rng.random(rows) < chat, target, (target + rng.integers(1, labels, rows)) % labels)
    names = object_column(task.labels)
    one = {PREDICTION: names[chance.argmax(axis=1)], PROBABILITY: chance}
    sure = np.full((rows, labels), 0.03)
    sure[np.arange(rows), said] = 1 - 0.03 * (labels - 1)
    other = {PREDICTION: names[said], PROBABILITY: sure, ERROR: object_column([None] * rows)}
    return task, Evidence(one, other, target)


def test_two_fair_opinions_are_joined(tmp_path: Path) -> None:
    task, known = evidence(2_000, 2.0, 0.75)
    best = pick(task, options(task, known), GOALS["best"], 1.0)
    assert best is not None
    assert best.combine
    plain = min(option.loss for option in options(task, known) if not option.combine)
    assert best.loss < plain - 0.01


def test_what_fails_is_scored_as_wrong() -> None:
    task, known = evidence(500, 2.0, 0.9)
    known.chat[PREDICTION][:] = None
    known.chat[ERROR][:] = "filtered"
    found = options(task, known)
    best = pick(task, found, GOALS["best"], 1.0)
    assert best is not None
    assert best.share == min(option.share for option in found)


def test_the_table_of_what_is_said_is_one_of_probabilities() -> None:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 3, 3_000)
    codes = np.where(rng.random(3_000) < 0.8, target, 2)
    table = table_said(np.where(rng.random(3_000) < 0.1, -1, codes), target, 5)
    assert table.sum(axis=1) == pytest.approx(np.ones(5))
    assert table[0, 0] == pytest.approx(0.8, abs=0.05)
    assert table[0, 2] == pytest.approx(0.2, abs=0.05)
    assert table[4, 4] == pytest.approx(0.87, abs=0.05)  # never seen: what holds over all labels
