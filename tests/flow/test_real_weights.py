"""A build with real pretrained weights, as `make test-all` fetches them; they lie in the folder that the variable
SMEATON_TEST_WEIGHTS names, and are found there as installed packages."""

import csv
import os
import random
import sys
from pathlib import Path

import pytest

import smeaton
from smeaton.bundle.verify import verify
from smeaton.flow.build import build

FOLDER = os.environ.get("SMEATON_TEST_WEIGHTS", "")
TASK = """\
smeaton: 1
name: desk
data: desk.csv
output: {team: category}
inputs: {message: text}
metric: accuracy
solutions: {only: [baseline, %s]}
budget: {time: 60s}
"""
#: What is asked for, in words of its own: rows of one team share a meaning, few share a word.
SUBJECTS = {
    "money": ("the invoice", "my refund", "a charge on my card", "the payment", "this fee", "our bill", "the price"),
    "travel": (
        "the train",
        "my flight",
        "the bus to town",
        "our ferry",
        "a hotel room",
        "the journey",
        "my ticket",
    ),
    "health": ("the doctor", "my headache", "a fever", "these pills", "the clinic", "my sore throat", "the dentist"),
}
BEFORE = ("I have a question about", "Please tell me more on", "Who can help with", "It is urgent:", "Not sure about")
AFTER = ("from last week", "since Monday", "that I wrote to you of", "again", "of my mother", "", "tomorrow")


def messages(rows: int) -> list[dict[str, str]]:
    draw = random.Random(4)
    found = []
    for _ in range(rows):
        team = draw.choice(list(SUBJECTS))
        words = (draw.choice(BEFORE), draw.choice(SUBJECTS[team]), draw.choice(AFTER))
        found.append({"message": " ".join(words).strip(), "team": team})
    return found


@pytest.mark.slow
@pytest.mark.skipif(not FOLDER, reason="SMEATON_TEST_WEIGHTS names no folder with weights; `make test-all` sets it")
@pytest.mark.parametrize("family", ["encoder", "static"])
def test_real_weights_from_a_task_to_a_bundle(family: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(FOLDER)
    monkeypatch.setenv("PYTHONPATH", FOLDER)  # of the workers
    (tmp_path / "smeaton.yaml").write_text(TASK % family)
    with (tmp_path / "desk.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, ["message", "team"])
        writer.writeheader()
        writer.writerows(messages(240))
    built = build(tmp_path / "smeaton.yaml")
    assert built.winner.startswith(family)
    assert built.test is not None
    assert built.test.value > 0.9
    assert built.bundle is not None
    assert verify(built.bundle).problems == ()
    monkeypatch.setattr("sys.path", [path for path in sys.path if path != FOLDER])  # a bundle holds all it needs
    with smeaton.load(built.bundle) as model:
        unseen = ["Who can help with the airport shuttle", "a receipt for the amount you took", "I need a nurse"]
        answers = [answer["prediction"] for answer in model.predict([{"message": text} for text in unseen])]
    assert answers == ["travel", "money", "health"]
