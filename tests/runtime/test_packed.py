"""Packed graphs: the same answers from fewer bytes, equal bytes each time, damage said."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from smeaton.compile.graph import Graph, load_model
from smeaton.compile.trees import Forest, Node, Tree, add_forest
from smeaton.errors import ProgramError
from smeaton.runtime import packed
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import open_program, save_program
from smeaton.runtime.packed import pack, read_packed
from smeaton.runtime.program import Program, Step

ROWS = np.random.default_rng(5).normal(size=(200, 3))


def grown(folder: Path, trees: int) -> Program:
    """A program of `trees` small trees over three columns."""
    rng = np.random.default_rng(trees)

    def tree() -> Tree:
        first, second = (float(rng.normal()) for _ in range(2))
        nodes = (Node(0, first, None, True, False, 1, ~2), Node(2, second, None, True, False, ~0, ~1))
        return Tree(nodes, (0.5, -0.25, 1.0), 0)

    graph = Graph()
    rows = graph.input("numbers", "double", 3)
    graph.output("score", add_forest(graph, Forest(3, 1, tuple(tree() for _ in range(trees)), "identity"), rows), 1)
    graph.save(folder / "model.onnx")
    step = Step(op="onnx", inputs=("numbers",), outputs=("score",), files=("model.onnx",))
    return Program(inputs=("numbers",), steps=(step,), outputs=("score",))


def answers(program: Program, folder: Path) -> np.ndarray:
    with Engine(program, folder) as engine:
        return np.asarray(engine.run({"numbers": ROWS})["score"])


def test_a_packed_program_answers_the_same_from_fewer_bytes(tmp_path: Path) -> None:
    program = grown(tmp_path, 2_000)
    before, plain = answers(program, tmp_path), (tmp_path / "model.onnx").read_bytes()
    small = pack(program, tmp_path)
    save_program(small, tmp_path)
    assert small.files() == ("model.onnx.gz",)
    assert not (tmp_path / "model.onnx").exists()
    assert (tmp_path / "model.onnx.gz").stat().st_size < 0.5 * len(plain)
    assert np.array_equal(answers(open_program(tmp_path), tmp_path), before)
    assert load_model(tmp_path / "model.onnx.gz").SerializeToString(deterministic=True) == plain
    assert pack(small, tmp_path) == small


def test_packing_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    found = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        pack(grown(tmp_path / name, 2_000), tmp_path / name)
        found.append((tmp_path / name / "model.onnx.gz").read_bytes())
    assert found[0] == found[1]


def test_what_is_small_or_does_not_shrink_stays_as_it_is(tmp_path: Path) -> None:
    program = grown(tmp_path, 3)
    assert pack(program, tmp_path) == program
    (tmp_path / "model.onnx").write_bytes(np.random.default_rng(1).bytes(100_000))
    assert pack(program, tmp_path) == program
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_a_file_that_another_step_reads_stays_beside(tmp_path: Path) -> None:
    program = grown(tmp_path, 2_000)
    other = Step(op="rowwise", inputs=("numbers",), outputs=("copy",), files=("model.onnx",))
    small = pack(Program(inputs=("numbers",), steps=(*program.steps, other), outputs=("score",)), tmp_path)
    assert set(small.files()) == {"model.onnx", "model.onnx.gz"}
    assert (tmp_path / "model.onnx").exists()


@pytest.mark.parametrize("damage", ["cut", "flipped", "plain"])
def test_damage_is_said(tmp_path: Path, damage: str) -> None:
    pack(grown(tmp_path, 2_000), tmp_path)
    path = tmp_path / "model.onnx.gz"
    data = path.read_bytes()
    middle = len(data) // 2
    path.write_bytes(
        {
            "cut": data[:middle],
            "flipped": data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :],
            "plain": gzip.decompress(data),
        }[damage]
    )
    with pytest.raises(ProgramError, match="damaged"):
        read_packed(path)


def test_more_than_a_graph_can_be_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_BYTES", 1_000)
    path = tmp_path / "model.onnx.gz"
    path.write_bytes(gzip.compress(bytes(1_001)))
    with pytest.raises(ProgramError, match="more than 1,000 bytes"):
        read_packed(path)
    path.write_bytes(gzip.compress(bytes(1_000)))
    assert len(read_packed(path)) == 1_000
