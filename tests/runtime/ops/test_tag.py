"""The op `tag`: pieces of text to typed values, answers that depend on their own row alone, files that are checked."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops._tag_chain import chain_of, chain_size
from smeaton.runtime.ops._tag_model import FILES, TagModel, load_model, rounded
from smeaton.runtime.ops._tag_values import Field, converter, number_text, reader
from smeaton.runtime.ops._tag_words import feature_hashes, near_hashes, read_tokens
from smeaton.runtime.ops.tag import BUCKETS, CLASSES_FILE, SpanNames, TagArgs, Tagger, part
from smeaton.runtime.program import Step
from smeaton.task.table import object_column
from smeaton.task.types import Type
from smeaton.testing import check_op

TEXTS = [
    "play Ágætis byrjun by Sigur Rós", None, "", "   \n", "pay 3 or 4 to Ann", "東京 へ 行く 3", "a", "3",
    " ".join(["word 7 \U0001f642"] * 40),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "mark", "plain"),
    [
        ("$1,249.50", ".", "1249.50"),
        ("1.249,50 €", ",", "1249.50"),
        ("1\u202f249,50", ",", "1249.50"),
        ("1'000", ".", "1000"),
        ("12%", ".", "12"),
        ("-3", ".", "-3"),
        ("\u22123.5", ".", "-3.5"),
        ("٣٤", ".", "34"),
        ("3.", ".", "3"),
        ("1.2.3", ".", None),
        ("none", ".", None),
        ("", ",", None),
    ],
)
def test_numbers_in_prose(text: str, mark: str, plain: str | None) -> None:
    assert number_text(text, mark) == plain


@pytest.mark.parametrize(
    ("field", "piece", "value"),
    [
        (Field(name="a", type=Type(type="number")), "$1,249.50", 1249.5),
        (Field(name="a", type=Type(type="integer")), "1,249", 1249),
        (Field(name="a", type=Type(type="integer")), "12.5", None),
        (Field(name="a", type=Type(type="number", max=10)), "12.5", None),
        (Field(name="a", type=Type(type="number")), "9" * 400, None),
        (Field(name="a", type=Type(type="text")), "as it  is", "as it  is"),
        (Field(name="a", type=Type(type="timestamp")), "2024-06-12", "2024-06-12T00:00:00.000000Z"),
        (
            Field(name="a", type=Type(type="timestamp"), layouts=("d b Y", "d/m/Y")),
            "3/ 4 /2024".replace(" ", ""),
            "2024-04-03T00:00:00.000000Z",
        ),
        (
            Field(name="a", type=Type(type="timestamp"), layouts=("d b Y",)),
            "3  May\n2024",
            "2024-05-03T00:00:00.000000Z",
        ),
        (Field(name="a", type=Type(type="timestamp"), layouts=("d b Y",)), "soon", None),
    ],
)
def test_pieces_as_values(field: Field, piece: str, value: Any) -> None:
    found = converter(field)(piece)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("kind", "mark", "text", "piece", "value"),
    [
        ("integer", ".", "send 1,200 x sofa", "1", 1200),
        ("integer", ".", "send 1,200 x sofa", "200", 1200),
        ("integer", ".", "send 12,34,567", "12", 12),
        ("integer", ".", "rows 3,4 and 5", "3", 3),
        ("integer", ".", "12.50 euros", "12", 12),
        ("integer", ",", "1.200.000 Stück", "200", 1200000),
        ("number", ".", "costs 1,249.50.", "249", 1249.5),
        ("number", ",", "kostet 1.249,50 €", "1", 1249.5),
        ("number", ",", "kostet 1.249,50 €", "1.249,50 €", 1249.5),
        ("number", ".", "CHF 10\u2019000", "10", 10000.0),
        ("number", ".", "٣٤.٥ درهم", "٣٤", 34.5),
        ("text", ".", "send 1,200 x sofa", "1", "1"),
    ],
)
def test_a_part_of_a_number_is_read_as_the_whole(kind: Any, mark: str, text: str, piece: str, value: Any) -> None:
    start = text.index(piece)
    found = reader(Field(name="a", type=Type(type=kind), decimal=mark))(text, start, start + len(piece))
    assert found == value
    assert type(found) is type(value)


def toy_model(kinds: int, seed: int = 0) -> TagModel:
    """Weights at random for every feature of the texts."""
    rng = np.random.default_rng(seed)
    tokens = read_tokens(TEXTS)
    keys = np.unique(np.concatenate([feature_hashes(tokens).ravel(), *near_hashes(tokens)]))
    keys = keys[keys != 0]
    flat = rng.normal(size=chain_size(kinds))
    return rounded(rng.normal(size=(len(keys), 2 * kinds + 1)) / 3, chain_of(flat, kinds), keys, 0.2)


FIELDS = (
    Field(name="who", type=Type(type="text")),
    Field(name="n", type=Type(type="integer")),
    Field(name="mood", type=Type(type="category"), labels=(None, "good", "bad")),
    Field(name="ok", type=Type(type="boolean"), labels=(False, True)),
)
SPANS = TagArgs(kinds=("a", "b", "c"), spans=SpanNames("kind", "text"))
OBJECT = TagArgs(kinds=("who", "n"), fields=FIELDS)


def step_of(args: TagArgs, folder: Path) -> Step:
    classes = np.random.default_rng(2).normal(size=(BUCKETS + 1, 5)) if args.fields else None
    files = Tagger(args, toy_model(len(args.kinds)), classes).save(folder)
    return Step(op="tag", inputs=("text:t",), outputs=("prediction",), args=msgspec.to_builtins(args), files=files)


@pytest.mark.parametrize("args", [SPANS, OBJECT], ids=["spans", "object"])
def test_keeps_the_promises_of_an_op(args: TagArgs, tmp_path: Path) -> None:
    check_op(part, step_of(args, tmp_path), {"text:t": object_column(TEXTS)}, tmp_path)


def test_spans_lie_in_their_text(tmp_path: Path) -> None:
    runner = part.load(step_of(SPANS, tmp_path), tmp_path, None)
    found = runner({"text:t": object_column(TEXTS)}, Call())["prediction"].tolist()
    assert sum(map(len, found)) > 20
    for text, spans in zip(TEXTS, found, strict=True):
        last = 0
        for span in spans:
            assert list(span) == ["kind", "start", "end", "text"]
            assert last <= span["start"] < span["end"]
            assert span["text"] == (text or "")[span["start"] : span["end"]]
            last = span["end"]
    assert found[1] == found[2] == found[3] == []


def test_objects_have_every_field_typed(tmp_path: Path) -> None:
    runner = part.load(step_of(OBJECT, tmp_path), tmp_path, None)
    found = runner({"text:t": object_column(TEXTS)}, Call())["prediction"].tolist()
    nothing = dict.fromkeys(("who", "n", "mood", "ok"))
    assert found[1] == found[2] == nothing
    assert {type(value["n"]) for value in found} <= {int, type(None)}
    assert any(value["n"] is not None for value in found)
    assert {value["mood"] for value in found} <= {None, "good", "bad"}
    assert all(value["ok"] in (True, False) for value in found[4:])
    assert all(list(value) == list(nothing) for value in found)


@given(st.lists(st.none() | st.text(max_size=40), max_size=5))
def test_any_text_alone_or_with_others(texts: list[str | None]) -> None:
    model = toy_model(3)
    together = [list(spans) for spans in model.spans(texts)]
    assert together == [list(next(iter(model.spans([text])))) for text in texts]


def test_a_long_text_has_bounded_work() -> None:
    long = " ".join(f"word{number % 50} 7" for number in range(5_000))
    spans = next(iter(toy_model(3).spans([long, "a"])))
    assert len(spans) > 100
    assert spans[-1].end <= len(long)


def test_the_files_give_the_same_model(tmp_path: Path) -> None:
    model = toy_model(4)
    again = load_model([tmp_path / name for name in model.save(tmp_path)], 4)
    assert again.keys.tobytes() == model.keys.tobytes()
    assert again.weights.tobytes() == model.weights.tobytes()
    for one, other in zip(again.chain, model.chain, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", FILES)
def test_files_that_do_not_fit_are_refused(name: str, tmp_path: Path) -> None:
    step = step_of(SPANS, tmp_path)
    whole = np.load(tmp_path / name)
    np.save(tmp_path / name, whole[:-1])
    with pytest.raises(ProgramError, match="do not fit"):
        part.load(step, tmp_path, None)
    np.save(tmp_path / name, np.array([{"no": "pickle"}], dtype=object))
    with pytest.raises(ProgramError, match="cannot be read"):
        part.load(step, tmp_path, None)


def test_weights_of_classes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    step = step_of(OBJECT, tmp_path)
    np.save(tmp_path / CLASSES_FILE, np.zeros((BUCKETS, 5)))
    with pytest.raises(ProgramError, match="shape"):
        part.load(step, tmp_path, None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"args": {"kinds": ["a"]}}, "either with"),
        ({"args": {"spans": {}, "kinds": []}}, "either with"),
        ({"args": {"what": 1}}, "are wrong"),
        ({"args": {"kinds": ["a"], "fields": [{"name": "b", "type": {"type": "text"}}]}}, "one of its kinds"),
        ({"files": ()}, "has 5 files, not 0"),
        ({"inputs": ("a", "b")}, "one input"),
    ],
)
def test_wrong_steps_are_refused(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    step = msgspec.structs.replace(step_of(SPANS, tmp_path), **change)
    with pytest.raises(ProgramError, match=said):
        part.load(step, tmp_path, None)
