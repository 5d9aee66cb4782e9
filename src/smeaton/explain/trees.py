"""Programs that are a sum of trees: their contributions are computed from the trees instead of by asking.

A program qualifies by what it does, not by what it says. Its graph holds `TreeEnsemble` operators; on the row, the rows
of reference and their one-column hybrids the number explained is an affine function of the ensembles' sums (to 1e-9:
the scale found on one half must hold on the other); and each feature follows one column. Anything else is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.errors import ProgramError
from smeaton.explain.graph_file import read_nodes, with_outputs
from smeaton.explain.hybrids import Hybrids
from smeaton.explain.shapley import Shares
from smeaton.explain.tree_shapley import TreeShapley
from smeaton.explain.tree_tables import Trees, read_trees
from smeaton.runtime.engine import Engine
from smeaton.runtime.packed import read_packed
from smeaton.runtime.program import Program
from smeaton.task.table import Array, Table
from smeaton.task.types import Type

_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class _Ensemble:
    trees: Trees
    features: str  #: the value it reads
    sums: str  #: the value it writes


class TreeProgram:
    """The trees of a program, and its features."""

    def __init__(
        self, ensembles: list[_Ensemble], engine: Engine | None, session: Any, inputs: tuple[str, ...]
    ) -> None:
        self._ensembles, self._engine, self._session, self._inputs = ensembles, engine, session, inputs

    def shares(self, hybrids: Hybrids) -> Shares | None:
        """The exact contributions; None where they cannot be known from the trees."""
        references, count = hybrids.references, len(hybrids.players)
        own = np.concatenate(
            [np.ones((1, count)), np.zeros((references, count)), np.tile(np.eye(count), (references, 1))]
        )
        reference = np.concatenate([[0], np.arange(references), np.repeat(np.arange(references), count)])
        values = self._values(hybrids.table(own.astype(bool), reference))
        sums = [values[ensemble.sums] for ensemble in self._ensembles]
        scale = _affine(np.column_stack(sums), hybrids.values(own.astype(bool), reference))
        if scale is None:
            return None
        total = np.zeros(count)
        for ensemble, part in zip(
            self._ensembles, np.split(scale, np.cumsum([s.shape[1] for s in sums])[:-1]), strict=True
        ):
            found = self._of(ensemble, part, values[ensemble.features], references, count)
            if found is None:
                return None
            total += found
        return Shares(total, np.zeros(count))

    def _of(self, ensemble: _Ensemble, scale: Array, rows: Array, references: int, count: int) -> Array | None:
        row, reference = rows[:1], rows[1 : 1 + references]
        owner = _owners(row, reference, rows[1 + references :].reshape(references, count, -1))
        if owner is None:
            return None
        paths = ensemble.trees.paths
        return TreeShapley(ensemble.trees, owner, paths.weights * scale[paths.targets], count).shares(row, reference)

    def _values(self, table: Table) -> Mapping[str, Array]:
        given = table if self._engine is None else self._engine.run(table)
        names = list(dict.fromkeys(name for one in self._ensembles for name in (one.features, one.sums)))
        feed = {name: given[name] for name in self._inputs}
        return dict(zip(names, self._session.run(names, feed), strict=True))

    def close(self) -> None:
        """Give back what the features hold."""
        if self._engine is not None:
            self._engine.close()


def tree_program(program: Program, folder: Path, types: Mapping[str, Type]) -> TreeProgram | None:
    """The trees of a program; None if it has none, or is more than features and one graph."""
    import onnxruntime

    ops = [step.op for step in program.steps]
    if ops.count("onnx") != 1 or any(step.when is not None or step.state is not None for step in program.steps):
        return None
    place = ops.index("onnx")
    step = program.steps[place]
    model = read_packed(folder / step.files[0])
    nodes = [node for node in read_nodes(model) if node.op == "TreeEnsemble"]
    try:
        ensembles = [_Ensemble(read_trees(node), node.inputs[0], node.outputs[0]) for node in nodes]
    except ProgramError:
        return None
    if not ensembles:
        return None
    names = list(dict.fromkeys(name for one in ensembles for name in (one.features, one.sums)))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    known = set(step.inputs)
    grown = with_outputs(model, [name for name in names if name not in known])
    session = onnxruntime.InferenceSession(grown, options, providers=["CPUExecutionProvider"])
    before = program.steps[:place]
    engine = None
    if before:
        used = tuple(dict.fromkeys(name for one in before for name in one.inputs if name in program.inputs))
        engine = Engine(Program(inputs=used, steps=before, outputs=step.inputs), folder, types=types)
    return TreeProgram(ensembles, engine, session, step.inputs)


def _affine(sums: Array, values: Array) -> Array | None:
    """The factors of `sums` (rows, n) that give `values` up to a constant, if there are such."""
    design = np.column_stack([sums, np.ones(len(sums))]).astype(np.float64)
    half = np.random.default_rng(0).permutation(len(values))[: (len(values) + 1) // 2]
    if len(half) < 2 * design.shape[1] or not np.isfinite(design).all():
        return None
    found, *_ = np.linalg.lstsq(design[half], values[half], rcond=None)
    wrong = np.abs(design @ found - values).max()
    return None if wrong > _CLOSE * max(1.0, np.abs(values).max()) else np.asarray(found[:-1])


def _owners(row: Array, reference: Array, single: Array) -> Array | None:
    """The player each feature follows, (features,), -1 for those that never differ; None where one follows several.

    `single` (references, players, features): the features where one player alone is the row's own.
    """
    owner = np.full(row.shape[1], -1)
    moved = ~_equal(single, reference[:, None, :])
    for feature in np.flatnonzero(moved.any(axis=(0, 1)) | ~_equal(row, reference).all(axis=0)).tolist():
        players = np.flatnonzero(moved[:, :, feature].any(axis=0))
        if len(players) != 1 or not _equal(single[:, players[0], feature], row[0, feature]).all():
            return None
        owner[feature] = players[0]
    return owner


def _equal(a: Array, b: Array) -> Array:
    return np.asarray((a == b) | (np.isnan(a) & np.isnan(b)))
