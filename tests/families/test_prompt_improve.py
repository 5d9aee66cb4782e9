"""The search for a better instruction, with models of known habits."""

from collections.abc import Sequence

import pytest

from smeaton.errors import OutOfMoney, ProviderError
from smeaton.families._prompt_improve import Graded, Limits, improve

START, RULE = "Say which.", "Dates are urgent."


class Models:
    """Right on every row with the rule, on every second without; writes the rule from its second reflection on."""

    def __init__(self, *, helps: bool = True, money: int = 10_000) -> None:
        self.helps, self.money = helps, money
        self.calls = self.reflections = 0
        self.rows: dict[str, set[int]] = {}

    def answer(self, text: str, rows: Sequence[int]) -> Graded:
        self.spend(len(rows))
        self.rows.setdefault(text, set()).update(rows)
        right = [float(self.helps and RULE in text) or float(row % 2) for row in rows]
        return Graded(right, [{"Inputs": str(row), "Feedback": "wrong"} for row in rows])

    def reflect(self, text: str) -> str:
        self.spend(1)
        self.reflections += 1
        return f"```\n{START} {RULE if self.reflections > 1 else 'Be careful.'}\n```"

    def spend(self, calls: int) -> None:
        self.calls += calls
        if self.calls > self.money:
            raise OutOfMoney("no money is left")


def test_a_rule_that_helps_is_found_within_the_calls() -> None:
    models = Models()
    found = improve(START, 200, models.answer, models.reflect, Limits(150), seed=3)
    assert found.certain
    assert RULE in found.best
    assert models.calls == found.calls <= 150
    assert found.gain is not None
    assert found.gain[1] > 0
    assert found.words.startswith("better than the plain instruction by +")


def test_where_nothing_helps_it_says_so_and_keeps_the_start() -> None:
    models = Models(helps=False)
    found = improve(START, 200, models.answer, models.reflect, Limits(150), seed=3)
    assert (found.certain, found.best) == (False, START)
    assert "no gain" in found.words
    assert models.calls <= 150


def test_the_rows_that_decide_were_not_used_before() -> None:
    models = Models()
    seen: dict[str, set[int]] = {}

    def answer(text: str, rows: Sequence[int]) -> Graded:
        if len(rows) == 28:  # the last question of each of the two
            seen[text] = set(rows)
            assert not set(rows) & set().union(*models.rows.values())
            return Graded([float(RULE in text)] * 28, [{}] * 28)
        return models.answer(text, rows)

    found = improve(START, 200, answer, models.reflect, Limits(150), seed=3)
    assert len(seen) == 2
    assert found.rows_apart == 28


def test_the_same_seed_brings_the_same() -> None:
    one, other = (improve(START, 120, m.answer, m.reflect, Limits(120), seed=5) for m in (Models(), Models()))
    assert one == other


@pytest.mark.parametrize("money", [5, 40, 100])
def test_money_that_runs_out_ends_it_with_the_start(money: int) -> None:
    models = Models(money=money)
    found = improve(START, 200, models.answer, models.reflect, Limits(150), seed=3)
    assert found.best == START
    assert "the money ran out" in found.words


def test_a_search_that_the_clock_ends_is_repeated_by_its_calls() -> None:
    models = Models()
    clocked = improve(START, 200, models.answer, models.reflect, Limits(150, seconds=0.0), seed=3)
    assert (clocked.best, clocked.steps) == (START, 0)
    one, other = (
        improve(START, 200, m.answer, m.reflect, Limits(150, seconds=0.0, steps=40), seed=3)
        for m in (Models(), Models())
    )
    assert one == other
    assert 0 < one.calls <= 40 + 2 * one.rows_apart
    assert "the clock ended it" in one.words


def test_a_time_in_the_middle_is_told_as_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    models, now = Models(), [0.0]
    monkeypatch.setattr("smeaton.families._prompt_improve.time.monotonic", lambda: now[0])

    def answer(text: str, rows: Sequence[int]) -> Graded:
        now[0] += len(rows)
        return models.answer(text, rows)

    clocked = improve(START, 200, answer, models.reflect, Limits(150, seconds=45.0), seed=3)
    assert 0 < clocked.steps < 94
    later = Models()
    again = improve(START, 200, later.answer, later.reflect, Limits(150, steps=clocked.steps), seed=3)
    assert again == clocked


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ProviderError("overloaded", kind="busy"), "gave no answer: overloaded"),
        (OutOfMoney("no money is left"), "the money ran out"),
    ],
)
def test_a_reflecting_model_that_fails_is_not_asked_again(error: Exception, words: str) -> None:
    models, asked = Models(), list[str]()

    def reflect(text: str) -> str:
        asked.append(text)
        raise error

    found = improve(START, 200, models.answer, reflect, Limits(150), seed=3)
    assert found.best == START
    assert words in found.words
    assert len(asked) == 1
    assert found.calls < 40
