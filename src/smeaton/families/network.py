"""A small neural network for tables: an ensemble of perceptrons that share their weights (see `_network_net.py`).

It is written in numpy: on one thread and at these sizes that is more than twice as fast as a framework, which would
also take seconds to load in every worker. It sees the sums and smooth slopes that trees must build from steps, and is
strong company for them in a blend.
"""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.errors import InputError
from smeaton.families import Choice, Config, Range, Refusal, Run, Space
from smeaton.families._columns import Columns, MatrixModel, learn_columns
from smeaton.families._ending import ClassEnding, NumberEnding, class_ending, number_ending
from smeaton.families._network_inputs import Inputs, learn_inputs
from smeaton.families._network_loss import first_scores, slopes
from smeaton.families._network_net import Net
from smeaton.families._network_size import guess, plan_of
from smeaton.families._network_train import Limits, Trained, train
from smeaton.families._parts import STEPS, join_rows, outdone, refuse, some_rows
from smeaton.families._portfolio import SMALL, wants_log
from smeaton.families._solver import hold_threads
from smeaton.task.profile import Profile
from smeaton.task.table import Array
from smeaton.task.task import Task

if TYPE_CHECKING:
    from smeaton.compile.graph import Graph

#: What a configuration may leave out, beside the columns'. `nets`: how many share the large weights. `knots`: ramps of
#: each number, 0 = none. `drop`: share of units left out. `batch`: rows of a step, 0 = by the rows there are. `epochs`:
#: of the whole schedule, 0 = as many as `work` (1e9 multiplications and additions) allows. `last`: the epoch to end
#: after, 0 = the schedule's. `patience`: epochs without gain after which it ends. `log`: fit the logarithm of a
#: positive target. `refit`: fit again on training and stopping rows for the epochs found.
DEFAULTS: dict[str, Any] = {
    "encode": "onehot", "derive": [], "texts": "scores", "width": 96, "layers": 2, "nets": 8, "knots": 12,
    "rate": 0.003, "decay": 0.5, "drop": 0.0, "batch": 0, "epochs": 0, "work": 150.0, "last": 0, "patience": 12,
    "log": False, "refit": False,
}  # fmt: skip
_FIT_SHARE = 0.9  # of the seconds a fit has, that its training may take
_MOST_SHARE = 0.3  # of the budget that one fit may be expected to take
_FEW = 6_000  # rows
_WORK, _MORE_WORK = 2.5, 7.5  # 1e9 multiplications and additions for each second of the budget
_PIECE = 2_000  # rows answered at once


class Network(MatrixModel):
    """A net over scaled columns."""

    def __init__(
        self, task: Task, columns: Columns, ending: ClassEnding | NumberEnding, inputs: Inputs, net: Net
    ) -> None:
        super().__init__(task, columns, ending)
        self.inputs, self.net = inputs, net
        self.weights: dict[str, Array] = {}
        self.ended: dict[str, Any] = {}  #: the change of configuration that trains as long without rows that judge

    def scores(self, matrix: Array) -> Array:
        """Mean scores of the members, (rows, targets)."""
        pieces = (matrix[start : start + _PIECE] for start in range(0, max(1, len(matrix)), _PIECE))
        return np.concatenate([self.net.scores(self.weights, self.inputs.apply(piece)) for piece in pieces])

    def write_scores(self, graph: "Graph", matrix: str) -> str:
        """Scaled columns, then the layers."""
        return self.net.write(graph, self.weights, self.inputs.write(graph, matrix))


class NetworkFamily:
    """Fits small networks."""

    def space(self, task: Task, profile: Profile) -> Space | Refusal:
        """With ramps, without them, slower with means for categories; refused where one fit would take too long."""
        refused = refuse(task) or outdone(task, "network")
        if refused:
            return refused
        # Few rows are learnt by heart before so much work is done; of many a pass costs more and teaches more.
        work = max(40.0, (_WORK if profile.rows < _FEW else _MORE_WORK) * task.budget.time)
        seconds = guess(profile, DEFAULTS | {"work": work})
        if seconds > _MOST_SHARE * task.budget.time and "network" not in (task.solutions.only or ()):
            return Refusal(f"one fit would take about {seconds:.0f} s of the {task.budget.time:g} s there are")
        shared: dict[str, Any] = {"work": work, "refit": profile.rows < SMALL}
        slower = {**shared, "rate": 0.0015, "encode": "target"}
        starts: list[Config] = [shared, {**shared, "knots": 0, "width": 128}, slower]
        params: dict[str, Choice | Range] = {
            "encode": Choice(("onehot", "target")),
            "width": Choice((64, 96, 128, 192)),
            "layers": Range(1, 3, integer=True),
            "nets": Choice((4, 8, 16)),
            "knots": Choice((0, 6, 12, 24)),
            "rate": Range(1e-3, 1e-2, log=True),
            "decay": Range(1e-3, 1.0, log=True),
            "drop": Range(0.0, 0.3),
        }
        if wants_log(task, profile):
            starts.insert(1, {**shared, "log": True})
            params["log"] = Choice((False, True))
        return Space(starts=tuple(starts), params=params, fidelity="rows", seconds=seconds)

    def fit(self, task: Task, config: Config, fold: Fold, run: Run) -> Network:
        """Train until the loss on the stop rows no longer falls, at most for the schedule or until the clock says so.

        Fits that end by themselves depend on nothing but rows, configuration and seed.

        Raises:
            InputError: the configuration asks for category codes, which no sum of inputs can read.
        """
        limits = Limits(time.monotonic() + _FIT_SHARE * run.seconds, config.get(STEPS))
        given = DEFAULTS | {key: value for key, value in config.items() if key in DEFAULTS}
        if given["encode"] == "codes":
            raise InputError("a network cannot read category codes", fix="set `encode` to onehot or target")
        some = some_rows(fold.train, run.fidelity, run.seed, task.is_class)
        with hold_threads(run.threads):
            model, trained = _fit(task, given, (some, fold.stop), run, limits)
            clocked = trained.clocked
            again = given["refit"] and run.other_folds and run.fidelity == 1 and limits.steps is None
            if again and not clocked and len(fold.stop):
                joined = join_rows(fold.train, fold.stop)
                refitted, second = _fit(task, given | model.ended, (joined, None), run, Limits(limits.deadline, None))
                clocked = second.clocked
                if not clocked:
                    model = _with_factor(refitted, model.ending)
        if not given["log"]:  # whose answers are corrected by what the stop rows say
            model.refit = model.ended
        if clocked:  # `trained` is of the first training, which a replay repeats
            model.steps = trained.steps
            model.note = f"the clock ended it after {trained.steps} steps; the best epoch was {trained.epoch}"
        return model


def _fit(
    task: Task, given: Mapping[str, Any], rows: tuple[Rows, Rows | None], run: Run, limits: Limits
) -> tuple[Network, Trained]:
    """One training on the first rows, judged by the second (None, or none: as many epochs as `given` says)."""
    first, stop = rows
    ending = class_ending(task, first) if task.is_class else number_ending(first, bool(given["log"]), task)
    columns, matrix = learn_columns(task, given, first, ending, run.seed)
    inputs = learn_inputs(matrix, int(given["knots"]))
    targets = len(task.labels) if len(task.labels) > 2 else 1
    net = Net(inputs.width, int(given["width"]), int(given["layers"]), int(given["nets"]), targets)
    model = Network(task, columns, ending, inputs, net)
    judged, judge = None, None
    if stop is not None and len(stop):
        judged = inputs.single(columns.matrix(columns.encode(stop.x)))
        judge = _judge(model, judged, stop, run)
    plan = plan_of(given, net, len(first), judge is not None)
    rng = np.random.default_rng([run.seed, 89])
    begin = net.start(first_scores(ending), rng)
    trained = train(net, begin, inputs.single(matrix), slopes(ending, first, task.metric), judge, plan, limits, rng)
    model.weights = net.views(trained.vector.astype(np.float64))
    model.ended = {"epochs": plan.epochs, "last": trained.epoch, "batch": plan.batch}
    if isinstance(ending, NumberEnding) and judged is not None and stop is not None:
        model.ending = ending.corrected(net.scores(model.weights, judged.astype(np.float64)), stop)
    return model, trained


def _judge(model: Network, x: Array, stop: Rows, run: Run) -> Callable[[dict[str, Array], int], float]:
    """The loss of weights on the stop rows; each is reported."""

    def judge(weights: dict[str, Array], epoch: int) -> float:
        loss = model.ending.loss(model.net.scores(weights, x).astype(np.float64), stop, model.task.metric)
        run.report(epoch, loss)
        return loss

    return judge


def _with_factor(model: Network, former: ClassEnding | NumberEnding) -> Network:
    """The refitted model, corrected as the first one was."""
    if isinstance(model.ending, NumberEnding) and isinstance(former, NumberEnding):
        model.ending = model.ending.with_factor(former.factor)
    return model


part = NetworkFamily()
