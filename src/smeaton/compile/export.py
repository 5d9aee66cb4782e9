"""From a fitted model to the model file and the step that runs it: what families call to export."""

from pathlib import Path

from smeaton.compile.encode import Layout, Vocabulary, add_matrix
from smeaton.compile.graph import Graph
from smeaton.compile.linear import Linear, add_linear
from smeaton.compile.links import add_answers
from smeaton.compile.trees import Forest, add_forest
from smeaton.errors import ProgramError
from smeaton.metrics._defaults import default_metric
from smeaton.runtime.program import PROGRAM_FILE, Program, Step
from smeaton.task.table import PREDICTION, PROBABILITY
from smeaton.task.task import Task

MODEL_FILE = "model.onnx"

#: Metrics of ordered labels that the median serves best; the others want the likeliest label.
_BY_ORDER = ("ranked_probability", "quadratic_kappa", "ordinal_mae")

__all__ = ["MODEL_FILE", "PROGRAM_FILE", "assemble", "export_forest", "export_linear", "label_rule"]


def label_rule(task: Task) -> str:
    """How predictions follow from probabilities: the `rule` of the `labels` op."""
    if task.answer == "many":
        return "each"
    if task.output_type.ordered and (task.metric or default_metric(task)) in _BY_ORDER:
        return "median"
    return "likeliest"


def export_forest(forest: Forest, layout: Layout, vocabulary: Vocabulary, folder: Path) -> Step:
    """Write a forest that was trained on `layout.matrix(features, vocabulary)`; returns its `onnx` step.

    Raises:
        ProgramError: the forest has another number of features than the layout.
    """
    if forest.features != layout.width:
        raise ProgramError(f"the forest has {forest.features} features, the layout {layout.width}")
    columns = {layout.numbers + i: vocabulary.to_shared(i) for i in range(layout.categories)}
    graph = Graph()
    scores = add_forest(graph, forest.recode(columns), add_matrix(graph, layout, vocabulary))
    output = add_answers(graph, scores, forest.link, forest.targets, forest.slope)
    return _save(graph, output, folder)


def export_linear(model: Linear, folder: Path) -> Step:
    """Write a linear model; returns its `onnx` step."""
    graph = Graph()
    output = add_linear(graph, model)
    return _save(graph, output, folder)


def assemble(task: Task, features: tuple[Step, ...], model: Step) -> Program:
    """The program of a pinned task: those feature steps the model needs, the model, and the labels of probabilities."""
    wanted, kept = set(model.inputs), []
    for step in reversed(features):
        if wanted.intersection(step.outputs):
            wanted.update(step.inputs)
            kept.append(step)
    steps = [*kept[::-1], model]
    if PROBABILITY in model.outputs:
        rule = label_rule(task)
        labels = {"labels": list(task.labels), **({} if rule == "likeliest" else {"rule": rule})}
        steps.append(Step(op="labels", inputs=(PROBABILITY,), outputs=(PREDICTION,), args=labels))
    outputs = (PREDICTION, PROBABILITY) if PROBABILITY in model.outputs else (PREDICTION,)
    inputs = tuple(name for name in task.input_types if name in wanted)
    return Program(inputs=inputs, steps=tuple(steps), outputs=outputs)


def _save(graph: Graph, output: str, folder: Path) -> Step:
    folder.mkdir(parents=True, exist_ok=True)
    graph.save(folder / MODEL_FILE)
    return Step(op="onnx", inputs=graph.inputs(), outputs=(output,), files=(MODEL_FILE,))
