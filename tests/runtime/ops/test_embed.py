"""Vectors of pretrained models: what a text's vector is, that it hangs on nothing else, and no damaged file."""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_weights import DIM, make_encoder, make_tokenizer

from smeaton.errors import DeadlineExceeded, ExtraMissing, ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops._embed import ROWWISE, Tokens, batches, is_dynamic, windows_of
from smeaton.runtime.ops._embed_memory import Kept, remembering
from smeaton.runtime.ops.embed import EXACT, FLOAT, INTEGER_ELSEWHERE, EmbedRunner, part
from smeaton.runtime.program import Step
from smeaton.task.table import Array, object_column
from smeaton.testing.conformance import check_op

TEXTS = [
    "the train was late", None, "good", "", "bad train", "the the the late", "  ", "\u6771\u4eac\u306f\u96e8",
    "slow \U0001f600 fast", "half \ud83d pair", "e\u0301t\u00e9", "\u0e01\u0e34\u0e19", "fine " * 90, "x", "\x00",
    "UNKNOWNWORD",
]  # fmt: skip
FILES = {"onnx": ("tokenizer.json", "model.onnx"), "static": ("tokenizer.json", "table.npy")}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer, an encoder and a table of token vectors."""
    folder = tmp_path_factory.mktemp("weights")
    size = make_tokenizer(folder / "tokenizer.json")
    make_encoder(folder / "model.onnx", size)
    make_encoder(folder / "pooled.onnx", size, pooled=True)
    rng = np.random.default_rng(3)
    np.save(folder / "table.npy", rng.normal(size=(size, DIM)).astype(np.float32))
    np.save(folder / "weights.npy", rng.random(size))
    return folder


def step(kind: str = "onnx", files: tuple[str, ...] = (), **args: Any) -> Step:
    chosen = files or FILES.get(kind, FILES["onnx"])
    return Step(op="embed", inputs=("text:t",), outputs=("vector:t",), args={"kind": kind, **args}, files=chosen)


def embed(runner: EmbedRunner, texts: list[str | None], call: Call | None = None) -> Array:
    return runner({"text:t": object_column(texts)}, call or Call())["vector:t"]


def vectors(home: Path, texts: list[str | None], kind: str = "onnx", **args: Any) -> Array:
    return embed(part.load(step(kind, **args), home, None), texts)


@pytest.mark.parametrize(
    "args",
    [
        {"max_tokens": 16, "windows": 3},
        {"max_tokens": 8, "pooling": "cls", "normalise": False},
        {"prefix": "good ", "alone": True},
        {"kind": "static"},
        {"kind": "static", "files": ("tokenizer.json", "table.npy", "weights.npy"), "normalise": False},
        {"files": ("tokenizer.json", "pooled.onnx")},
    ],
)
def test_it_keeps_the_contract_of_an_op(args: dict[str, Any], home: Path) -> None:
    check_op(part, step(**args), {"text:t": object_column(TEXTS)}, home)


@pytest.mark.parametrize("kind", ["onnx", "static"])
def test_null_and_empty_texts_are_zeros_and_others_have_length_one(kind: str, home: Path) -> None:
    found = vectors(home, TEXTS, kind)
    assert found.dtype == np.float32
    assert found.shape == (len(TEXTS), DIM)
    empty = [row for row, text in enumerate(TEXTS) if not text or not text.strip()]
    assert not found[empty].any()
    length = np.sqrt(np.square(found).sum(axis=1))
    known = [row for row, text in enumerate(TEXTS) if text and any(word in text for word in ("late", "good", "fine"))]
    assert np.allclose(length[known], 1.0, atol=1e-6)
    assert np.all((np.abs(length - 1) < 1e-6) | (length == 0))


@pytest.mark.parametrize("kind", ["onnx", "static"])
def test_no_rows_and_only_empty_rows(kind: str, home: Path) -> None:
    assert vectors(home, [], kind).shape == (0, DIM)
    assert vectors(home, [None, ""], kind).tolist() == np.zeros((2, DIM)).tolist()


def by_hand(home: Path, ids: list[int]) -> Array:
    """The tiny encoder's mean-pooled vector of tokens: (mean + mean) @ W."""
    import onnx
    from onnx import numpy_helper

    constants = {one.name: numpy_helper.to_array(one) for one in onnx.load(home / "model.onnx").graph.initializer}
    found: Array = 2 * constants["table"][ids].astype(np.float64).mean(axis=0) @ constants["W"]
    return found


def test_the_mean_of_the_hidden_states_leaves_padding_out(home: Path) -> None:
    tokens = Tokens(home / "tokenizer.json")
    texts = ["the train was late", "good", "bad train"]
    found = vectors(home, list(texts), normalise=False)
    for text, vector in zip(texts, found, strict=True):
        assert np.allclose(vector, by_hand(home, [2, *tokens(text), 3]), atol=1e-5)


def test_the_first_token_can_stand_for_the_text(home: Path) -> None:
    mean, first = (vectors(home, ["the train was late"], pooling=pooling) for pooling in ("mean", "cls"))
    assert not np.allclose(mean, first, atol=1e-3)
    assert not np.allclose(first, vectors(home, ["good"], pooling="cls"), atol=1e-3)


def test_a_long_text_is_the_mean_of_its_windows(home: Path) -> None:
    tokens = Tokens(home / "tokenizer.json")
    text = "late " * 10 + "good " * 10 + "fine " * 10
    ids = tokens(text)
    cut = vectors(home, [text], max_tokens=12, windows=1, normalise=False)
    assert np.allclose(cut[0], by_hand(home, [2, *ids[:10], 3]), atol=1e-5)
    whole = vectors(home, [text], max_tokens=12, windows=3, normalise=False)
    parts = [by_hand(home, [2, *ids[start : start + 10], 3]) for start in (0, 10, 20)]
    assert np.allclose(whole[0], np.mean(parts, axis=0), atol=1e-5)


@given(st.integers(1, 200), st.integers(1, 50), st.integers(1, 8))
def test_windows_fit_and_reach_from_the_first_token_to_the_last(size: int, room: int, most: int) -> None:
    found = windows_of(list(range(size)), room, most)
    assert 1 <= len(found) <= most
    assert all(1 <= len(window) <= room for window in found)
    assert found[0][0] == 0
    assert all(list(window) == list(range(window[0], window[0] + len(window))) for window in found)
    if size <= room * most:
        assert [token for window in found for token in window] == list(range(size))
    elif most > 1:
        assert found[-1][-1] == size - 1


@given(st.lists(st.integers(0, 300), max_size=60), st.integers(1, 500))
def test_batches_hold_every_row_once_within_the_budget(lengths: list[int], budget: int) -> None:
    found = list(batches(lengths, budget))
    assert sorted(row for batch in found for row in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget


def test_a_prefix_is_put_before_every_text(home: Path) -> None:
    plain, put = vectors(home, ["good train", None]), vectors(home, ["train", None], prefix="good ")
    assert np.array_equal(plain, put)


def test_a_lone_surrogate_reads_as_a_question_mark(home: Path) -> None:
    for kind in ("onnx", "static"):
        found = vectors(home, ["late \ud83d good", "late ? good"], kind)
        assert np.array_equal(found[0], found[1])
        assert found.any()


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(texts=st.lists(st.none() | st.text(st.characters(), max_size=40), min_size=1, max_size=8))
def test_any_text_has_a_vector_of_its_own(home: Path, texts: list[str | None]) -> None:
    for kind, tolerance in (("onnx", FLOAT), ("static", 0.0)):
        runner = part.load(step(kind), home, None)
        found = embed(runner, texts)
        assert np.isfinite(found).all()
        alone = np.concatenate([embed(runner, [text]) for text in texts])
        assert np.abs(found - alone).max() <= tolerance


def test_a_static_vector_is_the_weighed_mean_of_known_tokens(home: Path) -> None:
    table, weights = np.load(home / "table.npy"), np.load(home / "weights.npy")
    ids = Tokens(home / "tokenizer.json")("late good late")
    text = "late \u6771 good late"  # a token that is not known does not count
    plain = vectors(home, [text], "static", normalise=False)
    assert np.allclose(plain[0], table[ids].mean(axis=0), atol=1e-6)
    files = (*FILES["static"], "weights.npy")
    heavy = vectors(home, [text], "static", normalise=False, files=files)
    assert np.allclose(heavy[0], (table[ids] * weights[ids, None]).mean(axis=0), atol=1e-6)
    long = "late good fine " * 8_000
    found = vectors(home, [long, "late good fine"], "static")
    assert np.allclose(found[0], found[1], atol=1e-6)


def test_equal_texts_are_embedded_once_and_remembered_where_asked(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runner = part.load(step(), home, None)
    asked: list[str] = []
    model = runner._model

    class Counted:
        dim = model.dim

        def __call__(self, texts: list[str], check: Any) -> Array:
            asked.extend(texts)
            found: Array = model(texts, check)
            return found

    monkeypatch.setattr(runner, "_model", Counted())
    embed(runner, ["late", "good", "late", None])
    assert asked == ["late", "good"]
    kept = Kept()
    with remembering(kept):
        first = embed(runner, ["late", "bad"])
        again = embed(runner, ["bad", "good", "late"])
    assert asked[2:] == ["late", "bad", "good"]
    assert np.array_equal(again[[2, 0]], first)
    embed(runner, ["late"])
    assert asked[5:] == ["late"]


def test_the_key_of_the_memory_follows_files_and_arguments(home: Path, tmp_path: Path) -> None:
    keys = {
        part.load(one, home, None).key
        for one in (
            step(), step(prefix="a"), step(max_tokens=20), step("static"),
            step(files=("tokenizer.json", "pooled.onnx")),
        )
    }  # fmt: skip
    assert len(keys) == 5
    for name in FILES["onnx"]:
        (tmp_path / name).write_bytes((home / name).read_bytes())
    assert part.load(step(), tmp_path, None).key in keys


def test_the_deadline_is_looked_at(home: Path) -> None:
    runner = part.load(step(alone=True), home, None)
    with pytest.raises(DeadlineExceeded):
        embed(runner, ["late", "good"], Call(deadline=time.monotonic() - 1))


def dynamic(home: Path) -> Path:
    """The encoder, dynamically quantised as is usual."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    path = home / "dynamic.onnx"
    if not path.exists():
        quantize_dynamic(home / "model.onnx", path, weight_type=QuantType.QInt8)
    return path


@pytest.mark.filterwarnings("ignore")
def test_a_dynamically_quantised_model_must_be_asked_alone(home: Path) -> None:
    files = ("tokenizer.json", dynamic(home).name)
    assert is_dynamic(home / files[1])
    with pytest.raises(ProgramError, match="would depend on its neighbours") as caught:
        part.load(step(files=files), home, None)
    assert "alone" in (caught.value.fix or "")
    runner = part.load(step(files=files, alone=True), home, None)
    texts = [text for text in TEXTS if text and text.strip()]
    found = embed(runner, list(texts))
    assert np.array_equal(found, np.concatenate([embed(runner, [text]) for text in texts]))
    assert np.abs(found - vectors(home, list(texts))).max() < 0.05
    marked = home / "rowwise.onnx"
    marked.write_bytes((home / files[1]).read_bytes() + ROWWISE.encode())
    assert not is_dynamic(marked)
    assert not is_dynamic(home / "model.onnx")


def test_how_far_answers_may_be_apart() -> None:
    assert [part.tolerance(step("static"), away) for away in (False, True)] == [EXACT, EXACT]
    assert [part.tolerance(step(), away) for away in (False, True)] == [FLOAT, FLOAT]
    assert [part.tolerance(step(alone=True), away) for away in (False, True)] == [EXACT, INTEGER_ELSEWHERE]


@pytest.mark.parametrize(
    ("args", "why"),
    [
        ({"kind": "torch"}, "arguments of an embed step are wrong"),
        ({"other": 1}, "arguments of an embed step are wrong"),
        ({"max_tokens": 0}, "sizes of 1 or more"),
        ({"max_tokens": 2}, "more than the 2 tokens around every text"),
        ({"windows": 0}, "sizes of 1 or more"),
        ({"files": ("tokenizer.json",)}, "has a tokenizer, a model"),
        ({"files": ("tokenizer.json", "model.onnx", "table.npy")}, "has a tokenizer, a model"),
        ({"files": ("tokenizer.json", "nowhere.onnx")}, "there is no file nowhere.onnx"),
        ({"files": ("model.onnx", "model.onnx")}, "is no tokenizer"),
        ({"files": ("tokenizer.json", "tokenizer.json")}, "onnxruntime refuses"),
        ({"kind": "static", "files": ("tokenizer.json", "model.onnx")}, "is no array"),
        ({"kind": "static", "files": ("tokenizer.json", "weights.npy")}, "the tokenizer has"),
        ({"kind": "static", "files": ("tokenizer.json", "table.npy", "table.npy")}, "weights for"),
    ],
)
def test_wrong_steps_are_refused(args: dict[str, Any], why: str, home: Path) -> None:
    with pytest.raises(ProgramError, match=why):
        part.load(step(**{"kind": "onnx", **args}), home, None)


def test_a_step_has_one_input_and_one_output(home: Path) -> None:
    made = Step(op="embed", inputs=("a", "b"), outputs=("c",), args={"kind": "onnx"}, files=FILES["onnx"])
    with pytest.raises(ProgramError, match="one input and one output"):
        part.load(made, home, None)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.onnx", "table.npy"])
@pytest.mark.parametrize("keep", [0, 0.5])
def test_damaged_files_are_program_errors(name: str, keep: float, home: Path, tmp_path: Path) -> None:
    for one in ("tokenizer.json", "model.onnx", "table.npy"):
        data = (home / one).read_bytes()
        (tmp_path / one).write_bytes(data[: int(len(data) * keep)] if one == name else data)
    with pytest.raises(ProgramError):
        part.load(step("static" if name == "table.npy" else "onnx"), tmp_path, None)


def test_a_graph_that_is_no_encoder_is_refused(home: Path, tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save

    (tmp_path / "tokenizer.json").write_bytes((home / "tokenizer.json").read_bytes())
    for source, kind, why in (("pixels", TensorProto.FLOAT, "reads"), ("input_ids", TensorProto.INT64, "answers")):
        graph = helper.make_graph(
            [helper.make_node("Identity", [source], ["out"])],
            "none",
            [helper.make_tensor_value_info(source, kind, [None])],
            [helper.make_tensor_value_info("out", kind, [None])],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        save(model, str(tmp_path / "model.onnx"))
        with pytest.raises(ProgramError, match=f"model.onnx {why}"):
            part.load(step(), tmp_path, None)


def test_a_missing_tokenizer_package_says_what_to_install(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ExtraMissing, match="'tokenizers' is not installed") as caught:
        Tokens(home / "tokenizer.json")
    assert caught.value.fix == "run: pip install 'smeaton[text]'"


def test_steps_with_the_same_files_share_them(home: Path) -> None:
    one, two = (part.load(step(prefix=prefix), home, None) for prefix in ("", "a"))
    assert one._model._encoder is two._model._encoder
    assert one._model._tokens is two._model._tokens
