"""Examples beside rows."""

import time

import numpy as np
import pytest

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops.examples import Example, part, write_examples
from smeaton.runtime.program import Step
from smeaton.task.table import object_column

EXAMPLES = [
    Example({"text": "a refund of my money"}, "billing"),
    Example({"text": "a refund please"}, "billing"),
    Example({"text": "it crashed"}, "bug"),
    Example({"text": None}, "other"),
    Example({"text": "crash and refund"}, "bug"),
]


def shown(folder, texts, examples=EXAMPLES, **args):
    (folder / "examples.jsonl").write_bytes(write_examples(examples))
    args = {"columns": ["text"], "k": 2, **args}
    step = Step(op="examples", inputs=("masked",), outputs=("shots",), args=args, files=("examples.jsonl",))
    found = part.load(step, folder, None)({"masked": object_column(texts)}, Call())["shots"]
    return [[one["inputs"]["text"] for one in row] for row in found]


def test_the_nearest_come_first(tmp_path):
    found = shown(tmp_path, ["refund my money", "it has crashed", None])
    assert found[0] == ["a refund of my money", "a refund please"]
    assert found[1][0] == "it crashed"
    assert found[2] == ["a refund of my money", "a refund please"]  # no words: of equals the earlier


def test_labels_are_balanced_and_the_row_itself_left_out(tmp_path):
    found = shown(tmp_path, ["a refund please"], per_label=1)
    assert found == [["a refund please", "crash and refund"]]
    assert shown(tmp_path, ["a refund please", None], exclude_same=True, k=9)[0] == [
        "a refund of my money",
        "crash and refund",
        "it crashed",
        None,
    ]


def test_fixed_ones_are_the_same_for_all(tmp_path):
    assert shown(tmp_path, ["it crashed", "x"], how="fixed", k=3) == [[one.inputs["text"] for one in EXAMPLES[:3]]] * 2
    assert shown(tmp_path, ["x"], examples=[]) == [[]]
    assert shown(tmp_path, ["x"], k=0) == [[]]


def test_ten_thousand_examples_do_not_slow_a_row_down(tmp_path):
    random = np.random.default_rng(0)
    vocabulary = [f"word{number}" for number in range(3000)]
    draw = random.zipf(1.3, (10_100, 20)) % 3000
    texts = [" ".join(vocabulary[place] for place in row) for row in draw]
    examples = [Example({"text": text}, number % 7) for number, text in enumerate(texts[:10_000])]
    start = time.perf_counter()
    found = shown(tmp_path, texts[10_000:], examples=examples, k=8, per_label=2)
    assert all(len(row) == 8 for row in found)
    assert time.perf_counter() - start < 30


def test_order_does_not_depend_on_how_much_is_sorted(tmp_path, monkeypatch):
    from smeaton.runtime.ops import _examples_index

    examples = [Example({"text": f"w{number % 7} w{number % 3}"}, number) for number in range(400)]
    whole = shown(tmp_path, ["w1 w2"], examples=examples, k=400)
    monkeypatch.setattr(_examples_index, "_FIRST", 3)
    assert shown(tmp_path, ["w1 w2"], examples=examples, k=400) == whole


@pytest.mark.parametrize("args", [{"columns": []}, {"k": -1}, {"columns": ["other"]}, {"how": "random"}])
def test_wrong_arguments_are_refused(tmp_path, args):
    with pytest.raises(ProgramError):
        shown(tmp_path, ["x"], **args)


def test_a_line_that_is_no_example_is_refused(tmp_path):
    (tmp_path / "examples.jsonl").write_text('{"inputs": {}}\n')
    step = Step(
        op="examples", inputs=("a",), outputs=("b",), args={"columns": ["a"], "k": 1}, files=("examples.jsonl",)
    )
    with pytest.raises(ProgramError, match="cannot be read"):
        part.load(step, tmp_path, None)
