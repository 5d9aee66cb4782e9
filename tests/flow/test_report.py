"""The report of a real build: of a table, and of texts with an outside label, end to end."""

import json
import random
import shutil
from pathlib import Path

import pytest
from tests.conftest import Example

import smeaton
from smeaton.bundle.read import open_bundle
from smeaton.cli import main
from smeaton.errors import DataError
from smeaton.flow.report import report, report_text

WORDS = {
    "billing": "invoice charge refund price payment",
    "access": "password login locked account reset",
    "shipping": "parcel courier delivery address late",
}
STRANGE = ["weather", "football", "recipe", "guitar", "planet", "movie", "holiday", "garden", "river", "poem"]


def texts(count: int, outside: int, seed: int = 0) -> list[tuple[str, str]]:
    """Rows of three labels, and rows about anything else."""
    draw = random.Random(seed)
    filler = ["please", "help", "me", "with", "my", "the", "today", "now"]
    rows = []
    for number in range(count):
        label = list(WORDS)[number % 3]
        rows.append((" ".join(draw.sample(filler, 3) + draw.sample(WORDS[label].split(), 2)), label))
    rows += [(" ".join(draw.sample(filler, 3) + draw.sample(STRANGE, 2)), "other") for _ in range(outside)]
    draw.shuffle(rows)
    return rows


def write(folder: Path, rows: list[tuple[str, str]], recall: str = "") -> Path:
    lines = ["ticket,team", *(f"{text},{label}" for text, label in rows)]
    (folder / "tickets.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    task = folder / "smeaton.yaml"
    task.write_text(
        "smeaton: 1\nname: tickets\ndata: tickets.csv\ninputs: {ticket: text}\n"
        f"output: {{team: {{type: category, outside: other{recall}}}}}\n"
        "solutions: {only: [linear]}\nbudget: {time: 20s}\n"
    )
    return task


def test_a_table_has_suspects_and_no_words(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    found = report(example.folder, rows=3)
    assert found.left_out.keys() >= {"uncovered", "telling", "deciding"}
    assert "suspects" not in found.left_out
    assert found.confusions
    assert "does not apply: the inputs hold no text" in report_text(found)
    assert main(["report", str(example.folder), "--json", "--rows", "3"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["target"] == said["found"]["target"] == "churned"
    assert len(said["found"].get("suspects", [])) <= 3
    assert [section["id"] for section in said["sections"]]


def test_where_nothing_was_built_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nothing was built"):
        report(tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize(("outside", "recall"), [(60, ", recall: 0.8"), (0, "")])
def test_texts_with_an_outside_label(tmp_path: Path, outside: int, recall: str) -> None:
    task = write(tmp_path, texts(300, outside), recall)
    built = smeaton.build(task)
    assert built.bundle is not None
    assert built.winner == "linear"
    program = open_bundle(built.bundle).program
    assert program.steps[-1].op == "reject"
    fresh = texts(120, 60, seed=9)
    with smeaton.load(built.bundle) as model:
        answers = model.predict([{"ticket": text} for text, _ in fresh])
    said = [answer["prediction"] for answer in answers]
    caught = [one == "other" for one, (_, label) in zip(said, fresh, strict=True) if label == "other"]
    right = [one == label for one, (_, label) in zip(said, fresh, strict=True) if label != "other"]
    assert sum(caught) / len(caught) >= 0.75
    assert sum(right) / len(right) >= 0.85
    assert all(abs(sum(answer["probability"].values()) - 1) < 1e-9 for answer in answers)
    metrics = {score.metric for score in open_bundle(built.bundle).manifest.test}
    assert metrics >= {"outside_f1", "outside_recall", "inside_accuracy"}
    assert main(["verify", str(built.bundle)]) == 0
    before = sorted(path.name for path in built.bundle.rglob("*"))
    found = smeaton.report(task, seconds=5)
    assert found.seconds < 8
    assert {one.label for one in found.deciding} & set(WORDS), "sure answers hang on no single word"
    top = {one.label: one.words[0].word for one in found.deciding if one.label in WORDS}
    assert all(word in WORDS[label].split() for label, word in top.items())
    assert any(note.startswith("rejection:") for note in found.notes)
    assert sorted(path.name for path in built.bundle.rglob("*")) == before
    shutil.rmtree(built.bundle)
    assert "no bundle" in report(tmp_path, seconds=1).left_out["deciding"]
