"""Whole builds with language models, played by a fake server: one board, nothing paid twice, leave respected."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import smeaton
from smeaton.errors import InputError
from smeaton.flow.build import board
from smeaton.llm.ledger import Ledger
from smeaton.testing.servers import Request, Say, Script, Server, serve
from smeaton.trials.record import Cost

WORDS = {"billing": ("refund", "invoice", "price"), "bug": ("crash", "error", "freeze")}
MODEL = "openai:fake-small"
pytestmark = pytest.mark.slow


def answer(request: Request) -> Say:
    if not request.user.startswith("{"):  # a reflection of the prompt search
        return Say(text="```\nChoose by what the text is about.\n```")
    text = json.loads(request.user)["text"]
    return Say(json={"answer": next((label for label, words in WORDS.items() if any(w in text for w in words)), "bug")})


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with serve(Script(answer)) as found:
        for name, value in found.config(tmp_path / "llm.toml", {MODEL: (1.0, 2.0)}).items():
            monkeypatch.setenv(name, value)
        yield found


def write(folder: Path, **changes: Any) -> Path:
    rows = [(f"{WORDS[label][n % 3]} please {n}", label) for n in range(60) for label in WORDS]
    (folder / "rows.csv").write_text("text,team\n" + "".join(f"{text},{label}\n" for text, label in rows))
    form = {
        "data": "rows.csv",
        "inputs": "{text: text}",
        "output": "{team: [billing, bug]}",
        "budget": "{time: 30s, money: $1}",
        "solutions": f'{{only: [tfidf, prompt, cascade], add: ["{MODEL}"]}}',
        **changes,
    }
    file = folder / "smeaton.yaml"
    file.write_text("smeaton: 1\n" + "".join(f"{name}: {value}\n" for name, value in form.items()))
    return file


def spent(folder: Path) -> float:
    ledger = Ledger(next(folder.glob(".smeaton/*/ledger.db")))
    used = ledger.used
    ledger.close()
    return used


def test_one_board_and_a_second_build_pays_for_nothing(server: Server, tmp_path: Path) -> None:
    task = write(tmp_path)
    built = smeaton.build(task)
    names = {row.name for row in built.board.rows if row.score is not None}
    assert {f"prompt {MODEL}", "tfidf", "cascade", "baseline"} <= names
    prompt = next(row for row in built.board.rows if row.name == f"prompt {MODEL}" and row.cost)
    assert prompt.cost is not None
    assert prompt.cost.cost_per_1k is not None
    assert prompt.cost.cost_per_1k > 0.01
    answered = [request for request in server.requests if request.wire == "openai"]
    before, calls = spent(tmp_path), len(answered)
    again = smeaton.build(task)
    assert len(server.requests) == calls
    assert spent(tmp_path) == before
    assert {row.key for row in again.board.rows} >= {row.key for row in built.board.rows if row.state == "done"}


def test_a_build_that_was_killed_repeats_no_call(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = write(tmp_path, solutions=f'{{only: [prompt], add: ["{MODEL}"]}}')
    process = subprocess.Popen(
        [sys.executable, "-m", "smeaton", "build", str(task)], env=dict(os.environ), start_new_session=True
    )
    end = time.monotonic() + 60
    while len(server.requests) < 60 and time.monotonic() < end:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(1.0)  # what was under way comes in
    first = [json.dumps(request.body, sort_keys=True) for request in server.requests]
    cost = Cost(p50=0.01, p95=0.02, cost_per_1k=0.1, size=100)  # measuring asks anew, on purpose
    monkeypatch.setattr("smeaton.flow._finishing.measure", lambda *args, **more: cost)
    built = smeaton.build(task)
    later = [json.dumps(request.body, sort_keys=True) for request in server.requests[len(first) :]]
    assert len(first) >= 60
    assert built.trials >= 4
    assert len([body for body in later if body in set(first)]) <= 16  # of two workers with eight rows each under way
    assert len(set(later)) == len(later)


def test_without_a_key_the_rows_say_what_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("")
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    smeaton.build(
        write(tmp_path, solutions='{only: [tfidf, prompt], add: ["openai:gpt-5-mini"]}', budget="{time: 10s}")
    )
    why = {row.family: row.why for row in board(tmp_path).rows if row.state == "refused"}
    said = why["prompt openai:gpt-5-mini"]
    assert "OPENAI_API_KEY" in said
    assert "privacy.external" in said
    assert "per 1,000 answers" in said


def test_what_is_not_agreed_to_is_not_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    monkeypatch.setenv("SMEATON_LLM_CONFIG", str(tmp_path / "none.toml"))
    (tmp_path / "none.toml").write_text("")
    asked: list[Any] = []

    def no(leaving: Any) -> bool:
        asked.append(leaving)
        return False

    task = write(tmp_path, solutions='{only: [prompt], add: ["openai:gpt-5-mini"]}')
    with pytest.raises(InputError, match="nothing was sent"):
        smeaton.build(task, budget={"time": "10s", "money": 1}, external=no)
    assert asked[0].hosts == ("api.openai.com",)
    assert asked[0].rows > 0
    assert asked[0].price is not None


def test_what_a_weak_model_writes_does_not_end_a_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def weak(request: Request) -> Say:
        return answer(request) if request.user.startswith("{") else Say(text="```\n# Labels\n```")

    with serve(Script(weak)) as server:
        for name, value in server.config(tmp_path / "llm.toml", {MODEL: (1.0, 2.0)}).items():
            monkeypatch.setenv(name, value)
        only = f'{{only: [prompt_search], add: ["{MODEL}"]}}'
        built = smeaton.build(write(tmp_path, solutions=only, budget="{time: 120s, money: $1}"))
    found = [row for row in built.board.rows if row.family == "prompt_search"]
    assert {row.state for row in found} == {"done"}, [row.why for row in found]
    assert "no gain" in found[0].why


def test_a_refit_beside_a_paid_prompt_is_measured_and_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(f"{WORDS[label][n % 3]} please {n}", label, n) for n in range(60) for label in WORDS]
    lines = "".join(f"{text},{label},2026-01-01T00:{n:02d}:00Z\n" for text, label, n in rows)
    with serve(Script(lambda request: Say(json={"answer": "bug"}))) as server:  # never better than the small model
        for name, value in server.config(tmp_path / "llm.toml", {MODEL: (1.0, 2.0)}).items():
            monkeypatch.setenv(name, value)
        only = f'{{only: [tfidf, prompt], add: ["{MODEL}"]}}'
        task = write(tmp_path, solutions=only, rows="{time: at}", budget="{time: 40s, money: $1}")
        (tmp_path / "rows.csv").write_text("text,team,at\n" + lines)
        built = smeaton.build(task)
    assert built.winner == "tfidf"
    assert next(row for row in built.board.rows if row.estimated_from).family == "tfidf"
    assert next(row for row in built.board.rows if row.name == f"prompt {MODEL}" and row.rank).cost is not None
