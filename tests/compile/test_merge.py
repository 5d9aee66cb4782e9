import numpy as np
import pytest
from tests.compile._models import Boosted, make_categories, make_numbers, score, to_table

from smeaton.compile.calibrate import Calibration, apply
from smeaton.compile.encode import learn
from smeaton.compile.export import assemble, export_linear
from smeaton.compile.graph import load_model
from smeaton.compile.linear import Design, Linear
from smeaton.compile.merge import average, mergeable
from smeaton.compile.proof import adversarial
from smeaton.errors import ProgramError
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.runtime.program import Program, Step
from smeaton.task.types import Type

YES_NO = Type(type="boolean", labels=(False, True))
NUMBER = Type(type="number")
PLATT = Calibration(kind="platt", a=1.2, b=0.1)
WARM = Calibration(kind="temperature", a=0.7)


def run(program, folder, rows):
    with Engine(program, folder) as engine:
        return engine.run(rows)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """Three boosted programs of three halves of one table, a linear one, and rows that are hard for them."""
    rng = np.random.default_rng(0)
    numbers, categories = make_numbers(rng, True), make_categories(rng)
    goal = score(rng, numbers, categories) > 1
    root = tmp_path_factory.mktemp("parts")
    models = []
    for i in range(3):
        half = rng.permutation(len(goal))[:600]
        models.append(
            Boosted({"objective": "binary"}, numbers[half], categories[half], goal[half], YES_NO, root / f"fold{i}")
        )
    design = Design(None, learn(categories))
    linear = Linear(design, rng.normal(size=(sum(design.widths), 1)), np.array([0.1]), "sigmoid")
    step = export_linear(linear, root / "linear")
    save_program(assemble(models[0].task, models[0].program.steps[:1], step), root / "linear")
    rows = adversarial(models[0].program, models[0].folder, to_table(numbers, categories), models[0].task, 0)
    folders = [*(model.folder for model in models), root / "linear"]
    from smeaton.runtime.files import open_program

    answers = [run(open_program(folder), folder, rows)["probability"] for folder in folders]
    return root, folders, rows, answers


def test_bag(parts, tmp_path):
    _, folders, rows, answers = parts
    program = average(folders[:3], [1 / 3] * 3, [None, PLATT, WARM], tmp_path)
    save_program(program, tmp_path)
    assert [step.op for step in program.steps] == ["table", "onnx", "labels"]
    found = run(program, tmp_path, rows)
    expected = (answers[0] + apply(PLATT, answers[1]) + apply(WARM, answers[2])) / 3
    np.testing.assert_allclose(found["probability"], expected, atol=1e-14)
    assert found["prediction"].tolist() == (expected[:, 1] > expected[:, 0]).tolist()
    assert program.outputs == ("prediction", "probability")


def test_bag_of_blends(parts, tmp_path):
    """Merges of merges, with calibrations on every level, and what they share is there once."""
    _, folders, rows, answers = parts
    weights = [0.7, 0.3, 0.0]
    blends = []
    for i in range(2):
        out = tmp_path / f"blend{i}"
        save_program(average([folders[i], folders[3], folders[2]], weights, [PLATT, None, None], out), out)
        blends.append(out)
    program = average(blends, [2, 1], [WARM, None], tmp_path / "bag", after=PLATT)
    save_program(program, tmp_path / "bag")
    blended = [0.7 * apply(PLATT, answers[i]) + 0.3 * answers[3] for i in range(2)]
    expected = apply(PLATT, (2 * apply(WARM, blended[0]) + blended[1]) / 3)
    np.testing.assert_allclose(run(program, tmp_path / "bag", rows)["probability"], expected, atol=1e-14)
    ops = [node.op_type for node in load_model(tmp_path / "bag" / "model.onnx").graph.node]
    assert ops.count("TreeEnsemble") == 2
    assert ops.count("ReduceSum") == 1, "the linear model is in both blends"
    assert ops.count("Identity") == 1


def test_the_same_program_twice_is_one(parts, tmp_path):
    _, folders, _, _ = parts
    average([folders[0], folders[0]], [1, 1], [None, None], tmp_path)
    ops = [node.op_type for node in load_model(tmp_path / "model.onnx").graph.node]
    assert ops.count("TreeEnsemble") == 1


def test_numbers(tmp_path):
    rng = np.random.default_rng(1)
    numbers, categories = make_numbers(rng, True), make_categories(rng)
    goal = score(rng, numbers, categories)
    models = []
    for i in range(2):
        half = slice(i, None, 2)
        models.append(
            Boosted({"objective": "regression"}, numbers[half], categories[half], goal[half], NUMBER, tmp_path / str(i))
        )
    rows = to_table(numbers, categories)
    program = average([tmp_path / "0", tmp_path / "1"], [1, 3], [None, None], tmp_path / "out")
    expected = 0.25 * models[0].predict(rows)["prediction"] + 0.75 * models[1].predict(rows)["prediction"]
    found = run(program, tmp_path / "out", rows)
    np.testing.assert_allclose(found["prediction"], expected, atol=1e-13)
    assert list(found) == ["prediction"]
    with pytest.raises(ProgramError, match="does not fit"):
        average([tmp_path / "0"], [1], [PLATT], tmp_path / "none")


def test_other_feature_steps_stand_side_by_side(parts, tmp_path):
    """Two table steps that are not the same keep their own columns."""
    _, folders, rows, answers = parts
    from smeaton.runtime.files import open_program

    program = open_program(folders[3])
    table = program.steps[0]
    args = {**table.args, "numbers": table.args["numbers"][:1]}
    other = Program(
        inputs=program.inputs,
        steps=(Step(op="table", inputs=table.inputs, outputs=table.outputs, args=args), *program.steps[1:]),
        outputs=program.outputs,
    )
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "model.onnx").write_bytes((folders[3] / "model.onnx").read_bytes())
    save_program(other, tmp_path / "other")
    merged = average([folders[0], tmp_path / "other"], [1, 1], [None, None], tmp_path / "out")
    assert [step.op for step in merged.steps] == ["table", "table", "onnx", "labels"]
    found = run(merged, tmp_path / "out", rows)["probability"]
    np.testing.assert_allclose(found, (answers[0] + answers[3]) / 2, atol=1e-14)


def test_refusals(parts, tmp_path):
    _, folders, _, _ = parts
    for weights in ([1.0], [-1.0, 2.0], [0.0, 0.0]):
        with pytest.raises(ProgramError, match="weight"):
            average(folders[:2], weights, [None, None], tmp_path)
    chat = Step(op="chat", inputs=("x",), outputs=("prediction",))
    assert not mergeable(Program(inputs=("x",), steps=(chat,), outputs=("prediction",)))
    model = Step(op="onnx", inputs=("x",), outputs=("prediction",), files=("model.onnx",))
    assert mergeable(Program(inputs=("x",), steps=(model,), outputs=("prediction",)))
    assert not mergeable(Program(inputs=("x",), steps=(chat, model), outputs=("prediction",)))
    assert not mergeable(Program(inputs=("x",), steps=(model, model), outputs=("prediction",)))


WORDS = Type(type="category", labels=("a", "b", "c"))


def text_program(folder, seed, norm=True):
    """A program of a table step, a bag step with a table of its own, a softmax and labels."""
    from smeaton.compile.graph import Graph
    from smeaton.compile.links import add_link
    from smeaton.runtime.ops._words import ngram_hashes
    from smeaton.task.task import Data, Source, Task

    rng = np.random.default_rng(seed)
    keys = np.unique(ngram_hashes(["red green blue", "blue sky"], [1], [])[0])
    folder.mkdir(parents=True)
    np.save(folder / "bag-0.keys.npy", keys)
    np.save(folder / "bag-0.idf.npy", np.ones(len(keys), dtype=np.float32))
    np.save(folder / "bag-0.rows.npy", rng.normal(size=(len(keys), 3)).astype(np.float32))
    task = Task(
        data=Data(examples=Source(files=("x",))), output={"y": WORDS}, inputs={"text": Type(type="text", optional=True)}
    )
    args = {"columns": [{"name": "text", "type": {"type": "text", "optional": True}}], "texts": ["text"]}
    table = Step(op="table", inputs=("text",), outputs=("text:text",), args=args)
    files = tuple(f"bag-0.{part}.npy" for part in ("keys", "idf", "rows"))
    settings = {"blocks": [{"words": [1]}], "norm": norm}
    bag = Step(op="bag", inputs=("text:text",), outputs=("bag:text",), args=settings, files=files)
    graph = Graph()
    graph.output("probability", add_link(graph, graph.input("bag:text", "double", 3), "softmax"), 3)
    graph.save(folder / "model.onnx")
    model = Step(op="onnx", inputs=graph.inputs(), outputs=("probability",), files=("model.onnx",))
    save_program(assemble(task, (table, bag), model), folder)
    return folder


def test_fitted_steps_are_carried_and_the_text_is_read_once(tmp_path):
    folders = [text_program(tmp_path / str(seed), seed) for seed in range(3)]
    rows = {"text": np.array(["red sky", None, "blue blue green", "unknown"], dtype=object)}
    from smeaton.runtime.files import open_program

    answers = [run(open_program(folder), folder, rows)["probability"] for folder in folders]
    pairs = []
    for number, some in enumerate(([0, 1], [1, 2])):
        out = tmp_path / f"pair{number}"
        save_program(average([folders[i] for i in some], [1, 1], [None, None], out), out)
        pairs.append(out)
    program = average(pairs, [1, 1], [None, None], tmp_path / "all")
    save_program(program, tmp_path / "all")
    assert [step.op for step in program.steps] == ["table", "bag", "onnx", "labels"]
    found = run(program, tmp_path / "all", rows)["probability"]
    np.testing.assert_allclose(found, (answers[0] + 2 * answers[1] + answers[2]) / 4, atol=1e-14)


def test_steps_with_other_settings_stay_apart(tmp_path):
    folders = [text_program(tmp_path / "0", 0), text_program(tmp_path / "1", 0, norm=False)]
    program = average(folders, [1, 1], [None, None], tmp_path / "out")
    assert [step.op for step in program.steps] == ["table", "bag", "bag", "onnx", "labels"]
    assert len(set(program.files())) == 4, "equal files are there once"


def test_a_step_that_changes_is_not_merged(tmp_path):
    folder = text_program(tmp_path / "0", 0)
    from smeaton.runtime.files import open_program

    program = open_program(folder)
    chat = Step(op="fake_chat", inputs=("text:text",), outputs=("said",), args={})
    assert mergeable(program)
    assert not mergeable(
        Program(inputs=program.inputs, steps=(program.steps[0], chat, *program.steps[1:]), outputs=program.outputs)
    )
