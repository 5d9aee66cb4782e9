"""The words of consent: what would leave this machine, exactly, and who agrees to it."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from smeaton.errors import InputError
from smeaton.families import Choice, Space
from smeaton.flow.consent import Leaving, ask, leaving, words
from smeaton.task.profile import ColumnProfile, Profile
from smeaton.task.table import Table, object_column
from smeaton.task.task import Budget, Data, Privacy, Source, Task
from smeaton.task.types import Type

CONFIG = """
[providers.far]
wire = "openai"
url = "https://models.example.com/v1"
[providers.near]
wire = "openai"
url = "http://127.0.0.1:9/v1"
[prices."far:small"]
input = 1.0
output = 10.0
as_of = "2026-11-28"
[prices."far:judge"]
input = 2.0
output = 20.0
"""
TASK = Task(
    data=Data(examples=Source(files=("a.csv",))),
    inputs={"email": Type(type="text"), "body": Type(type="text"), "amount": Type(type="number")},
    output={"team": Type(type="category", labels=("a", "b"))},
    privacy=Privacy(external=True, mask=("email",)),
    budget=Budget(money=1.0),
)
PROFILE = Profile(
    rows=4,
    columns=tuple(ColumnProfile(name=name, type="text", distinct=3) for name in ("email", "body", "amount")),
)
TABLE: Table = {
    "email": object_column(["ann@example.com", "bob@example.com", None, "ann@example.com"]),
    "body": object_column(["short", "word" * 30, "esc\x1b[2J\u202e", "ä"]),
    "amount": np.array([1.0, 2.0, np.nan, 4.0]),
}
GOLDEN = """\
This build sends rows to models.example.com.
  rows     4 of training and validation, each once for every try
  columns  email, body and amount; team too, of rows that are shown as examples
  masked   email: each of 3 values becomes a stable token such as <email_xxxxxxxxxxxx>
  test     2 sealed rows stay here until the search is over; then the chosen solution alone answers them, once
  for example, as they would leave (long values cut at 48 characters):
    {"email": "<email_xxxxxxxxxxxx>", "body": "short", "amount": 1}
    {"email": "<email_xxxxxxxxxxxx>", "body": "wordwordwordwordwordwordwordwordwordwordwordword...", "amount": 2}
    {"email": null, "body": "esc\\u001b[2J\\u202e", "amount": null}
  to models.example.com: far:small, by prompt
    4 calls, about 1,290 tokens in and 80 out, at most 5,512 and 400
    about $0.0021, at most $0.0095 (prices of CONFIG, 2026-11-28)
    as a service: about $0.52 per 1,000 calls
All first tries: about $0.0021, at most $0.0095.
Calibration, retries, repairs and further tries come on top; all ends before the cap of $1.00."""


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "llm.toml"
    path.write_text(CONFIG)
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(path))
    return path


def prompt(model: str = "far:small", **more: Any) -> Space:
    return Space(starts=({"model": model, "max_tokens": 100},), masks=True, **more)


def found(task: Task = TASK, judge: str = "", **spaces: Space) -> Leaving | None:
    return leaving(task, PROFILE, TABLE, spaces or {"prompt": prompt()}, test_rows=2, judge=judge)


def test_the_words(config: Path) -> None:
    what = found()
    assert what is not None
    assert "\n".join(words(what)).replace(str(config), "CONFIG") == GOLDEN


def test_nothing_leaves_for_models_of_this_machine_and_families_without_any() -> None:
    assert found(prompt=prompt("near:x"), linear=Space(starts=({"l2": 1.0},))) is None


def test_no_masked_value_is_in_any_form() -> None:
    what = found()
    assert what is not None
    for form in ("\n".join(words(what)), json.dumps(what.as_dict())):
        assert "example.com" in form  # the host
        assert "@" not in form


def test_masks_change_neither_row_nor_other_column_but_the_counted_bytes() -> None:
    masked = found()
    plain = found(TASK.with_(privacy=Privacy(external=True)))
    assert masked is not None
    assert plain is not None
    assert plain.samples[0]["email"] == "ann@example.com"
    assert plain.samples[0]["body"] == masked.samples[0]["body"]
    assert "masked   no column" in "\n".join(words(plain))


def test_tries_add_up_and_asked_rows_bound_them() -> None:
    one = found()
    two = found(
        prompt=Space(starts=({"model": "far:small"}, {"model": "far:small", "examples": 4}), asked_rows=3, masks=True)
    )
    assert one is not None
    assert two is not None
    assert (two.rows, two.built_on, two.models[0].calls) == (3, 4, 6)
    assert "rows     3 of 4 of training" in "\n".join(words(two))
    assert two.models[0].input / 6 > one.models[0].input / 4  # examples are sent too
    assert two.models[0].most_output == 6 * 1024


def test_models_of_a_fallback_of_a_list_and_of_the_search_are_named() -> None:
    what = found(
        cascade=Space(starts=({"model": "near:x", "fallback": [{"model": "far:small"}]},)),
        search=Space(starts=({},), params={"model": Choice(("far:judge", "near:x"))}),
    )
    assert what is not None
    assert [(model.reference, model.families) for model in what.models] == [
        ("far:judge", ("search",)),
        ("far:small", ("cascade",)),
    ]


def test_an_unknown_price_is_unknown() -> None:
    what = found(prompt=prompt("far:unpriced"))
    assert what is not None
    assert (what.price, what.most, what.models[0].per_1k) == (None, None, None)
    assert "its price is unknown" in "\n".join(words(what))
    assert "The price of all first tries together is unknown." in words(what)


def test_the_judge_is_asked_for_every_answer() -> None:
    what = found(judge="far:judge")
    assert what is not None
    judge = what.models[0]
    assert (judge.reference, judge.calls, judge.families) == ("far:judge", 4, ("the judge of prompt",))
    assert "and of answers that are judged" in "\n".join(words(what))


def test_code_that_reaches_a_host_is_named() -> None:
    what = found(**{"own.py:family": Space(starts=({},), external=("api.example.org",))})
    assert what is not None
    assert what.hosts == ("api.example.org",)
    assert "own.py:family too; how much is not known beforehand" in "\n".join(words(what))


def test_a_family_that_asks_models_of_other_trials_is_named_beside_them() -> None:
    what = found(prompt=prompt(), cascade=Space(starts=({"goal": "same"},), external=("models.example.com",)))
    assert what is not None
    assert what.price == pytest.approx(0.00209, rel=0.01)
    assert "to models.example.com: cascade too; how much is not known beforehand" in "\n".join(words(what))


def test_the_calls_of_a_search_are_counted() -> None:
    what = found(search=Space(starts=({"model": "far:small", "calls": 150},)))
    assert what is not None
    assert what.models[0].calls == 154


def test_without_money_no_paid_call_is_promised() -> None:
    what = found(TASK.with_(budget=Budget(money=0.0)))
    assert what is not None
    assert words(what)[-1] == "The cap is $0.00: no paid call is made (allow some with --money)."


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "agreed"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_a_terminal_is_asked(typed: str, agreed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    what = found()
    assert what is not None
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    stream = Terminal()
    assert ask(what, yes=False, stream=stream) is agreed
    assert stream.getvalue().endswith("Send them? [y/N] ")


def test_without_a_terminal_it_is_refused_with_the_command_to_add(monkeypatch: pytest.MonkeyPatch) -> None:
    what = found()
    assert what is not None
    monkeypatch.setattr("sys.argv", ["/bin/smeaton", "build", "my task.yaml", "--external"])
    stream = io.StringIO()
    with pytest.raises(InputError, match=r"models\.example\.com") as caught:
        ask(what, yes=False, stream=stream)
    assert "smeaton build 'my task.yaml' --external --yes" in caught.value.fix
    assert stream.getvalue().startswith("This build sends rows to")
    with pytest.raises(InputError) as caught:
        ask(what, yes=False, stream=stream, command="smeaton build a.yaml")
    assert caught.value.fix.endswith("run: smeaton build a.yaml --yes")


def test_yes_is_shown_and_not_asked() -> None:
    what = found()
    assert what is not None
    stream = io.StringIO()
    assert ask(what, yes=True, stream=stream)
    assert stream.getvalue().endswith("Agreed to beforehand (--yes).\n")


def test_where_nothing_leaves_no_row_is_looked_at() -> None:
    class Unread(dict[str, Any]):
        def __getitem__(self, name: str) -> Any:
            raise AssertionError("a row was looked at")

    spaces = {"linear": Space(starts=({},)), "prompt": prompt("near:x")}
    assert leaving(TASK, PROFILE, Unread(TABLE), spaces) is None
