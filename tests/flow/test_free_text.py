"""Free text from a task file to a board and a bundle: the constant text, and every family that cannot write says so."""

import json
from pathlib import Path

import smeaton
from smeaton.bundle.verify import verify
from smeaton.flow.build import board
from smeaton.flow.predict import predict_file

REPLIES = ("We refund within 14 days.", "We open at nine.", "Main street 1.")


def written(folder: Path, rows: int = 90) -> Path:
    """Questions with their replies, the first reply the commonest."""
    lines = [
        json.dumps({"question": f"question {row} about {row % 7}", "reply": REPLIES[0 if row % 2 else row % 3]})
        for row in range(rows)
    ]
    (folder / "rows.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_the_commonest_text_is_the_baseline_and_all_others_refuse(tmp_path: Path) -> None:
    (written(tmp_path) / "smeaton.yaml").write_text(
        "smeaton: 1\nname: replies\ndata: rows.jsonl\ninputs: {question: text}\noutput: {reply: text}\n"
        "budget: {time: 40s}\nsolutions: {only: [baseline, tfidf, boosting, linear, tagger]}\n"
    )
    built = smeaton.build(tmp_path)
    assert (built.outcome, built.metric) == ("no solution", "exact_match")
    states = {row.family: row.state for row in board(tmp_path).rows}
    assert states.pop("baseline") != "refused"
    assert set(states.values()) == {"refused"}
    assert verify(tmp_path / "replies.bundle").ok
    predict_file(tmp_path / "replies.bundle", tmp_path / "rows.jsonl", tmp_path / "out.jsonl")
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {answer["prediction"] for answer in answers} == {REPLIES[0]}
