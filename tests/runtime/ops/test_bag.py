import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import _bag
from smeaton.runtime.ops._bag import Index, bag_cells, bag_parts
from smeaton.runtime.ops._words import ngram_hashes
from smeaton.runtime.ops.bag import part
from smeaton.runtime.program import Step
from smeaton.task.table import object_column
from smeaton.testing.conformance import check_op

BLOCKS = [{"words": [1, 2]}, {"chars": [2, 3]}]
TEXTS = ["The cat and the hat", "a a a a b", "", None, "Straße 東京 🙂 x", "nothing of this", "the the the cat", "é"]
SCALED = {
    "log1p": math.log1p,
    "log": lambda count: 1 + math.log(count),
    "plain": float,
    "once": lambda count: 1.0,
}


def known(texts, blocks=BLOCKS, buckets=0):
    """Two thirds of the keys of some texts, and a few of none."""
    cells = bag_cells(texts, blocks, buckets, "plain")
    keys = np.unique(cells.keys)
    more = np.arange(5, dtype=np.uint32) * np.uint32(buckets // 5 if buckets else 800_000_000)
    return np.unique(np.concatenate([keys[np.arange(len(keys)) % 3 > 0], more]))


def write(folder, name, keys, width, seed=0):
    rng = np.random.default_rng(seed)
    np.save(folder / f"{name}.keys.npy", keys)
    np.save(folder / f"{name}.idf.npy", rng.uniform(0.5, 3, len(keys)).astype(np.float32))
    np.save(folder / f"{name}.rows.npy", rng.normal(size=(len(keys), width)).astype(np.float32))
    return tuple(f"{name}.{what}.npy" for what in ("keys", "idf", "rows"))


def step(files, **args):
    outputs = tuple(f"bag:{i}" for i in range(len(files) // 3))
    return Step(op="bag", inputs=("text:t",), outputs=outputs, args={"blocks": BLOCKS, **args}, files=files)


def answer(runner, texts):
    return runner({"text:t": object_column(texts)}, Call())


def by_the_book(text, folder, name, blocks, buckets, count, norm):
    """The specification again, one text and one feature at a time."""
    keys, idf, rows = (np.load(folder / f"{name}.{what}.npy") for what in ("keys", "idf", "rows"))
    places = {int(key): i for i, key in enumerate(keys)}
    total = np.zeros(rows.shape[1])
    for block in blocks:
        hashes, _ = ngram_hashes([text], block.get("words", ()), block.get("chars", ()))
        counts = {}
        for value in hashes.tolist():
            key = value % buckets if buckets else value
            if key in places:
                counts[places[key]] = counts.get(places[key], 0) + 1
        weights = {i: SCALED[count](times) * float(idf[i]) for i, times in counts.items()}
        length = math.sqrt(sum(weight**2 for weight in weights.values())) if norm else 1.0
        for i, weight in weights.items():
            total += weight / length * rows[i].astype(np.float64)
    return total


@pytest.mark.parametrize("count", list(SCALED))
@pytest.mark.parametrize(("buckets", "norm", "width"), [(0, True, 3), (1000, False, 1), (97, True, 40), (0, False, 17)])
def test_sums_are_those_of_the_specification(tmp_path, count, buckets, norm, width):
    files = write(tmp_path, "a", known(TEXTS, buckets=buckets), width)
    runner = part.load(step(files, buckets=buckets, norm=norm, count=count), tmp_path, None)
    found = answer(runner, TEXTS)["bag:0"]
    assert found.dtype == np.float64
    expected = [by_the_book(text, tmp_path, "a", BLOCKS, buckets, count, norm) for text in TEXTS]
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert not found[2:4].any()
    assert found[[0, 1, 4, 5, 6, 7]].any(axis=1).all()


def test_many_tables_hash_once_and_answer_as_one(tmp_path, monkeypatch):
    first = write(tmp_path, "a", known(TEXTS), 3)
    second = write(tmp_path, "b", known(TEXTS[:2]), 20, seed=1)
    calls = []
    cells = _bag._cells
    monkeypatch.setattr(_bag, "_cells", lambda *given: calls.append(1) or cells(*given))
    both = answer(part.load(step(first + second), tmp_path, None), TEXTS)
    assert len(calls) == 1
    assert list(both) == ["bag:0", "bag:1"]
    for name, files in (("bag:0", first), ("bag:1", second)):
        alone = answer(part.load(step(files), tmp_path, None), TEXTS)["bag:0"]
        assert both[name].tobytes() == alone.tobytes()


@pytest.mark.parametrize("width", [1, 2, 16, 17, 60])
def test_the_promises_of_an_op(tmp_path, width):
    files = write(tmp_path, "a", known(TEXTS), width)
    check_op(part, step(files), {"text:t": object_column(TEXTS)}, tmp_path)


@pytest.fixture(scope="module")
def runners(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    keys = known([*TEXTS, "0 1 2 a b c d e f g h", "àéî öü 日本"])
    return [part.load(step(write(folder, str(width), keys, width)), folder, None) for width in (1, 3, 16, 40)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.none() | st.text(max_size=30) | st.sampled_from(TEXTS), min_size=1, max_size=6))
def test_alone_or_together_the_same_bits(runners, texts):
    for runner in runners:
        together = answer(runner, texts)["bag:0"]
        alone = [answer(runner, [text])["bag:0"] for text in texts]
        assert together.tobytes() == np.concatenate(alone).tobytes()


@pytest.mark.parametrize("width", [3, 20])
def test_long_texts_and_many_parts_the_same_bits(tmp_path, monkeypatch, width):
    monkeypatch.setattr(_bag, "_PIECE", 64 * width)
    monkeypatch.setattr("smeaton.runtime.ops._words._TOGETHER", 5000)
    long = " ".join(f"w{i} x{i * 7}" for i in range(300))
    texts = [long, *TEXTS, long[:900], *(f"{text} {i}" for i, text in enumerate(TEXTS * 40)), long]
    runner = part.load(step(write(tmp_path, "a", known(texts), width)), tmp_path, None)
    together = answer(runner, texts)["bag:0"]
    alone = [answer(runner, [text])["bag:0"] for text in texts]
    assert together.tobytes() == np.concatenate(alone).tobytes()
    expected = by_the_book(long, tmp_path, "a", BLOCKS, 0, "log1p", True)
    np.testing.assert_allclose(together[[0, -1]], [expected, expected], rtol=1e-12, atol=1e-12)


def test_no_texts_and_no_keys(tmp_path):
    files = write(tmp_path, "a", np.zeros(0, dtype=np.uint32), 4)
    runner = part.load(step(files), tmp_path, None)
    assert answer(runner, [])["bag:0"].shape == (0, 4)
    assert not answer(runner, TEXTS)["bag:0"].any()


def test_a_block_of_idf_zero_is_zero(tmp_path):
    files = write(tmp_path, "a", known(TEXTS), 2)
    np.save(tmp_path / files[1], np.zeros(len(known(TEXTS)), dtype=np.float32))
    assert not answer(part.load(step(files), tmp_path, None), TEXTS)["bag:0"].any()


def test_cells_in_order_and_in_parts(monkeypatch):
    texts = [f"{text or ''} {i} x x" for i, text in enumerate(TEXTS * 30)]
    whole = bag_cells(texts, BLOCKS, 0, "plain")
    order = np.lexsort((whole.keys, whole.block, whole.rows))
    assert np.array_equal(order, np.arange(len(order)))
    assert whole.keys.dtype == np.uint32
    monkeypatch.setattr("smeaton.runtime.ops._words._TOGETHER", 100)
    parts = list(bag_parts(texts, BLOCKS, 0, "plain"))
    assert sum(size for _, size, _ in parts) == len(texts)
    hashes, offsets = ngram_hashes(texts, [1, 2], [2, 3])
    assert np.array_equal(np.bincount(whole.rows, whole.counts), np.diff(offsets))
    assert set(whole.keys.tolist()) == set(hashes.tolist())
    empty = bag_cells([], BLOCKS, 0, "plain")
    assert [len(column) for column in empty] == [0, 0, 0, 0]


@settings(max_examples=80, deadline=None)
@given(
    st.sets(st.integers(0, 2**32 - 1) | st.integers(0, 40) | st.integers(2**32 - 20, 2**32 - 1), max_size=60),
    st.lists(st.integers(0, 2**32 - 1) | st.integers(0, 40) | st.just(2**32 - 1), max_size=30),
)
def test_an_index_finds_what_is_there(known_keys, asked):
    keys = np.array(sorted(known_keys), dtype=np.uint32)
    wanted = np.array([*asked, *sorted(known_keys)[::2]], dtype=np.uint32)
    hit, at = Index(keys, 2**32 - 1).find(wanted)
    assert hit.tolist() == [i for i, key in enumerate(wanted.tolist()) if key in known_keys]
    assert np.array_equal(keys[at], wanted[hit])


def test_crowded_keys_are_found_by_halving():
    keys = np.arange(1000, dtype=np.uint32)
    index = Index(keys, 2**32 - 1)
    assert index._steps >= _bag._CROWDED
    hit, at = index.find(np.array([999, 1000, 5, 2**32 - 1], dtype=np.uint32))
    assert (hit.tolist(), at.tolist()) == ([0, 2], [999, 5])


@pytest.mark.parametrize(
    "args",
    [
        {"blocks": []}, {"blocks": [{}]}, {"blocks": [{"words": [0]}]}, {"blocks": [{"pairs": [1]}]}, {"count": "tf"},
        {"buckets": -1}, {"buckets": 1 << 32}, {"norm": "yes"}, {"other": 1},
    ],
)  # fmt: skip
def test_wrong_arguments(tmp_path, args):
    files = write(tmp_path, "a", known(TEXTS), 2)
    with pytest.raises(ProgramError):
        part.load(step(files, **args), tmp_path, None)


def test_wrong_numbers_of_files(tmp_path):
    files = write(tmp_path, "a", known(TEXTS), 2)
    for wrong in (files[:2], files + files[:1], (files[1], files[0], files[2])):
        with pytest.raises(ProgramError):
            part.load(msgspec.structs.replace(step(files), files=wrong), tmp_path, None)
    with pytest.raises(ProgramError):
        part.load(step(()), tmp_path, None)


def _damage(path, kind):
    found = np.load(path)
    if kind == "cut":
        path.write_bytes(path.read_bytes()[:-7])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "missing":
        path.unlink()
    elif kind == "text":
        path.write_bytes(b"not an array at all")
    elif kind == "pickle":
        np.save(path, np.array([{}], dtype=object), allow_pickle=True)
    elif kind == "archive":
        with path.open("wb") as out:
            np.savez(out, found)
    elif kind == "wide":
        np.save(path, found.astype(np.float64))
    elif kind == "shape":
        np.save(path, found[None])
    elif kind == "short":
        np.save(path, found[:-1])
    elif kind == "nan":
        found[-1] = np.nan
        np.save(path, found)
    else:
        np.save(path, found[::-1] if kind == "order" else np.sort(np.append(found[:-1], found[0])))


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("kind", ["cut", "empty", "missing", "text", "pickle", "archive", "wide", "shape", "short"])
def test_damaged_files(tmp_path, which, kind):
    files = write(tmp_path, "a", known(TEXTS), 2)
    _damage(tmp_path / files[which], kind)
    with pytest.raises(ProgramError, match=r"a\."):
        part.load(step(files), tmp_path, None)


@pytest.mark.parametrize(("which", "kind"), [(0, "order"), (0, "twice"), (1, "nan"), (2, "nan")])
def test_wrong_content(tmp_path, which, kind):
    files = write(tmp_path, "a", known(TEXTS), 2)
    _damage(tmp_path / files[which], kind)
    with pytest.raises(ProgramError, match=files[which].split(".")[1]):
        part.load(step(files), tmp_path, None)


def test_keys_beyond_the_buckets(tmp_path):
    files = write(tmp_path, "a", np.array([3, 900], dtype=np.uint32), 2)
    with pytest.raises(ProgramError, match="900"):
        part.load(step(files, buckets=900), tmp_path, None)
