"""Several programs as one: a weighted mean of their answers in one graph, sharing every feature step and every node
they have in common. A merged program can be merged again."""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from smeaton import plugins
from smeaton.compile.calibrate import Calibration, add_calibration
from smeaton.compile.export import MODEL_FILE
from smeaton.compile.graph import Graph, load_model
from smeaton.errors import ProgramError
from smeaton.runtime.files import open_program
from smeaton.runtime.program import Program, Step
from smeaton.task.table import PREDICTION, PROBABILITY

#: An op whose step may hold several tables over one input: the text is read once for all of them.
_FUSED = "bag"
#: An op whose step may give more columns as texts: the rows are parsed once for all programs.
_PARSED = "table"
#: The kinds of graph inputs by onnx.TensorProto.
KINDS = {1: "float", 8: "string", 11: "double"}


def mergeable(program: Program) -> bool:
    """Whether a program is feature steps, one graph and, for classes, its labels: what `average` can put together."""
    ops = [step.op for step in program.steps]
    known = plugins.names("ops")
    plain = all(step.when is None and step.state is None for step in program.steps)
    model = next((step for step in program.steps if step.op == "onnx"), None)
    if model is None or not plain or len(model.outputs) != 1 or len(model.files) != 1 or model.args.get("whole"):
        return False
    after = ops[ops.index("onnx") + 1 :]
    features = all(op in known and plugins.load("ops", op).effect == "pure" for op in ops[: ops.index("onnx")])
    return features and (model.outputs[0], after) in [(PREDICTION, []), (PROBABILITY, []), (PROBABILITY, ["labels"])]


def average(
    folders: Sequence[Path],
    weights: Sequence[float],
    calibrations: Sequence[Calibration | None],
    out: Path,
    after: Calibration | None = None,
) -> Program:
    """One program that answers with the weighted mean of the programs in `folders` (`program.json` and files each).

    Each program's probabilities go through its calibration first, the mean through `after`. Weights are at least 0 and
    are made to sum to 1. Writes the model file into `out` and returns the program; the caller saves it.

    Raises:
        ProgramError: a program is not mergeable, or they answer different questions.
    """
    if not len(folders) == len(weights) == len(calibrations) or min(weights, default=-1.0) < 0 or sum(weights) <= 0:
        raise ProgramError("merging needs one weight of at least 0 and one calibration (or None) for each program")
    total = float(sum(weights))
    used = [i for i, weight in enumerate(weights) if weight > 0]
    merger = _Merger()
    for i in used:
        merger.add(folders[i], weights[i] / total, calibrations[i])
    return merger.finish(out, after)


class _Merger:
    """Collects the steps and the answers of the programs."""

    def __init__(self) -> None:
        self.graph = Graph()
        self.steps: dict[bytes, Step] = {}
        self.files: dict[str, Path] = {}
        self.names: dict[tuple[str, str], str] = {}  # of files, by their former name and hash
        self.inputs: dict[str, None] = {}
        self.answers: list[tuple[float, str]] = []
        self.form: tuple[str, int | None] | None = None
        self.labels: Step | None = None
        self.outputs: tuple[str, ...] = ()

    def add(self, folder: Path, weight: float, calibration: Calibration | None) -> None:
        program = open_program(folder)
        if not mergeable(program):
            raise ProgramError("its steps are more than features, one graph and labels", where=str(folder))
        self.inputs.update(dict.fromkeys(program.inputs))
        self.outputs = program.outputs
        names = {name: name for name in program.inputs}
        for step in program.steps:
            if step.op == "onnx":
                value = self._embed(load_model(folder / step.files[0]), step, names, folder)
            elif step.op == "labels":
                if self.labels not in (None, step):
                    raise ProgramError("the programs have different labels", where=str(folder))
                self.labels = step
            else:
                self._share(step, names, folder)
        if calibration is not None:
            value = self._calibrate(value, calibration)
        self.answers.append((weight, value))

    def _share(self, step: Step, names: dict[str, str], folder: Path) -> None:
        """Use a feature step that is there already, or add this one; `names` learns what its outputs are called."""
        inputs = tuple(names[name] for name in step.inputs)
        digests = [_digest(folder / name) for name in step.files]
        args = step.args if step.op != _PARSED else {**step.args, "texts": []}
        key = msgspec.json.encode([step.op, inputs, args, digests], order="deterministic")
        if step.op == _PARSED and key in self.steps:
            self._parse_more(key, step, names)
            return
        if key not in self.steps:
            taken = {name for other in self.steps.values() for name in other.outputs}
            outputs = tuple(_free(name, taken) for name in step.outputs)
            files = tuple(self._carry(folder / name, digest) for name, digest in zip(step.files, digests, strict=True))
            self.steps[key] = msgspec.structs.replace(step, inputs=inputs, outputs=outputs, files=files)
        names.update(zip(step.outputs, self.steps[key].outputs, strict=True))

    def _parse_more(self, key: bytes, step: Step, names: dict[str, str]) -> None:
        """Let the table step that is there also give the texts that this one gives."""
        there = self.steps[key]
        texts, outputs = list(there.args.get("texts", [])), list(there.outputs)
        taken = {name for other in self.steps.values() for name in other.outputs}
        first = len(outputs) - len(texts)  # outputs before the texts are the same
        names.update(zip(step.outputs[:first], outputs[:first], strict=True))
        for text, output in zip(step.args.get("texts", []), step.outputs[first:], strict=True):
            if text not in texts:
                texts.append(text)
                outputs.append(_free(output, taken))
            names[output] = outputs[first + texts.index(text)]
        args = {**there.args, "texts": texts}
        self.steps[key] = msgspec.structs.replace(there, args=args, outputs=tuple(outputs))

    def _carry(self, path: Path, digest: str) -> str:
        """The name a file gets in the merged program: its own, with its hash in front where another one has it."""
        plain = path.name.split("~")[-1]
        if (plain, digest) not in self.names:
            name = plain if plain not in self.files and plain != MODEL_FILE else f"{digest[:12]}~{plain}"
            self.names[plain, digest] = name
            self.files[name] = path
        return self.names[plain, digest]

    def _embed(self, model: Any, step: Step, names: dict[str, str], folder: Path) -> str:
        inputs = {}
        for entry in model.graph.input:
            form = entry.type.tensor_type
            inputs[entry.name] = self.graph.input(names[entry.name], KINDS[form.elem_type], form.shape.dim[1].dim_value)
        output = step.outputs[0]
        shape = next(entry.type.tensor_type.shape for entry in model.graph.output if entry.name == output)
        form = (output, shape.dim[1].dim_value if len(shape.dim) == 2 else None)
        if self.form not in (None, form):
            raise ProgramError(f"it answers {form}, the others {self.form}", where=str(folder))
        self.form = form
        return self.graph.embed(model, inputs)[output]

    def _calibrate(self, value: str, calibration: Calibration) -> str:
        output, width = self.form or ("", None)
        if output != PROBABILITY or (calibration.kind == "platt" and width != 2):
            raise ProgramError(f"a {calibration.kind} step does not fit {width} {output} columns")
        return add_calibration(self.graph, calibration, value)

    def _mean(self) -> str:
        weights = [weight for weight, _ in self.answers]
        values = [value for _, value in self.answers]
        if len(values) == 1:
            return values[0]
        if len(set(weights)) == 1:
            return self.graph.node("Mul", [self.graph.node("Sum", values), self.graph.constant(weights[0])])
        scaled = [self.graph.node("Mul", [value, self.graph.constant(weight)]) for weight, value in self.answers]
        return self.graph.node("Sum", scaled)

    def finish(self, out: Path, after: Calibration | None) -> Program:
        value = self._mean() if after is None else self._calibrate(self._mean(), after)
        name, width = self.form or ("", None)
        self.graph.output(name, value, width)
        out.mkdir(parents=True, exist_ok=True)
        for target, source in self.files.items():
            shutil.copyfile(source, out / target)
        self.graph.save(out / MODEL_FILE)
        model = Step(op="onnx", inputs=self.graph.inputs(), outputs=(name,), files=(MODEL_FILE,))
        labels = () if self.labels is None else (self.labels,)
        steps = (*_fuse(self.steps.values()), model, *labels)
        return Program(inputs=tuple(self.inputs), steps=steps, outputs=self.outputs)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _free(name: str, taken: set[str]) -> str:
    """A name no step writes yet: the name itself, or with a number behind it."""
    plain, number, found = name.partition("~")[0], 0, name
    while found in taken:
        number += 1
        found = f"{plain}~{number}"
    taken.add(found)
    return found


def _fuse(steps: Iterable[Step]) -> list[Step]:
    """Steps of the same `bag` on the same text as one step with all their tables, where the first of them stood."""
    fused: dict[bytes, Step] = {}
    for number, step in enumerate(steps):
        key = [number] if step.op != _FUSED else [step.inputs, step.args]
        name = msgspec.json.encode(key, order="deterministic")
        first = fused.get(name)
        if first is None:
            fused[name] = step
        else:
            outputs, files = (*first.outputs, *step.outputs), (*first.files, *step.files)
            fused[name] = msgspec.structs.replace(first, outputs=outputs, files=files)
    return list(fused.values())
