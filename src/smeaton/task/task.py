"""`Task`: what is wanted. The YAML form is read by `yaml.py`; `docs` and the lock speak the same words."""

from typing import Any, Literal

import msgspec

from smeaton.task.types import Answer, Label, Type


class Form(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base of every part of a task: strict, immutable, plain data."""


class Bar(Form, frozen=True, kw_only=True):
    """A bound on a metric: must hold at the lower (`>=`) or upper (`<=`) end of its interval."""

    op: Literal[">=", "<="]
    value: float


class StepChecks(Form, frozen=True, kw_only=True):
    """What must hold of the rows of a step.

    `rows` bounds their number. `nulls` says how many values of a column may be missing: an int is a number of rows, a
    float a share of them. `range` holds the least and the greatest value (None: no bound; text for moments and texts;
    a missing value is in any range). `unique` lists columns that together are different in each row. `fresh` bounds the
    age of the newest moment of a column, in seconds. `values` lists all values that a column may have (or miss).
    `holds` are conditions in SQL that are true for each row.
    """

    rows: tuple[Bar, ...] = ()
    nulls: dict[str, int | float] = {}
    range: dict[str, tuple[Label | float | None, Label | float | None]] = {}
    unique: tuple[tuple[str, ...], ...] = ()
    fresh: dict[str, float] = {}
    values: dict[str, tuple[Label | float, ...]] = {}
    holds: tuple[str, ...] = ()


class Step(Form, frozen=True, kw_only=True):
    """One step of a pipeline: a query over tables and other steps, and what must hold of its rows."""

    query: str
    checks: StepChecks = StepChecks()


class Source(Form, frozen=True, kw_only=True):
    """Where rows come from: files (paths, patterns), a query over named tables, or named steps of queries.

    A table is a file, a pattern, or a table of a database (`task/address.py`). `use` names the step that gives the
    rows; None is the last one.
    """

    files: tuple[str, ...] = ()
    query: str | None = None
    tables: dict[str, str] = {}
    steps: dict[str, Step] = {}
    use: str | None = None


class Data(Form, frozen=True, kw_only=True):
    """The parts of `data`. A plain `data: path` is `examples`."""

    examples: Source | None = None
    test: Source | None = None
    documents: Source | None = None
    unlabelled: Source | None = None


class RowRoles(Form, frozen=True, kw_only=True):
    """Columns that are not features: ids, the time order, groups that must not straddle, weights."""

    id: str | None = None
    time: str | None = None
    group: str | None = None
    weight: str | None = None
    ignore: tuple[str, ...] = ()


class TestShare(Form, frozen=True, kw_only=True):
    """The sealed test: a share of the rows (the newest if there is a time column), or all rows after a moment.

    A share of 0 seals none: for who has a test of their own elsewhere. Nothing but validation is then known of a build.
    """

    __test__ = False  # not a test class, whatever pytest thinks

    share: float = 0.2
    after: str | None = None


class Limits(Form, frozen=True, kw_only=True):
    """Bounds on the program that ships. Seconds, dollars, bytes; None = no bound."""

    p95: float | None = None
    cost_per_1k: float | None = None
    size: int | None = None
    memory: int | None = None
    device: str = "cpu"
    offline: bool = False


class Budget(Form, frozen=True, kw_only=True):
    """What a build may use: wall-clock seconds of the whole command, and dollars."""

    time: float = 120.0
    money: float = 0.0


class Privacy(Form, frozen=True, kw_only=True):
    """Whether rows may leave the machine, and which columns are replaced by stable tokens first."""

    external: bool = False
    mask: tuple[str, ...] = ()


class Own(Form, frozen=True, kw_only=True):
    """What has to be said of a model of the user's own that is in `Solutions.add`.

    `inputs` names, for each input of a model file, the task's inputs that go into it, in order; under the name '' those
    of a model that has one table for an input. `classes` are the labels in the order of the model's probabilities.
    `unseen` states that whoever fitted a model file did not see the task's rows. `trust` lets code ship as it is.
    """

    inputs: dict[str, tuple[str, ...]] = {}
    classes: tuple[Label, ...] = ()
    unseen: bool = False
    trust: bool = False


class Solutions(Form, frozen=True, kw_only=True):
    """Which families may run: only these, never those, and the user's own: `file.py:name`, model files, models, prompts
    and weights. `own` says more of some that are in `add`."""

    only: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    own: dict[str, Own] = {}

    def of(self, name: str) -> Own:
        """What is said of one that is in `add`."""
        return self.own.get(name, Own())


class Tools(Form, frozen=True, kw_only=True):
    """Makes it an agent task. Parsed and kept; families that can use it come later."""

    use: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    world: str | None = None
    policy: str | None = None


class Judge(Form, frozen=True, kw_only=True):
    """A language model that says whether an answer is good.

    `model` is a reference `provider:model`, `rubric` what makes an answer good. `labelled` names a file of rows with
    answers that people judged: the inputs, the output and a boolean `good`. `same_family` allows a judge of the same
    line of models as the candidate; `always` asks it about answers too that failed a check.

    `agreed` is pinned by the build: of the labelled answers that people call good those that the judge calls good and
    bad, then of those that people call bad those that the judge calls bad and good. No task file states it.
    """

    model: str
    rubric: str
    labelled: str | None = None
    same_family: bool = False
    always: bool = False
    agreed: tuple[int, int, int, int] | None = None


class Accept(Form, frozen=True, kw_only=True):
    """What the user has looked at and accepts. `values` are columns in which -999 and the like are values, not gaps."""

    leak: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


class Task(Form, frozen=True, kw_only=True):
    """State an AI task once: typed inputs -> typed output, data, metric, limits.

    `inputs` None means every other column, inferred. A *pinned* task has typed `inputs` and an output with labels;
    `data.load` returns it. `folder` is where relative paths start; it is no part of the task's identity.
    `costs` says by actual and predicted label (as text) what an answer costs.
    """

    smeaton: Literal[1] = 1
    data: Data
    output: dict[str, Type]
    name: str = "task"
    goal: str | None = None
    inputs: dict[str, Type] | None = None
    rows: RowRoles = RowRoles()
    test: TestShare = TestShare()
    metric: str | None = None
    bars: dict[str, Bar] = {}
    limits: Limits = Limits()
    budget: Budget = Budget()
    privacy: Privacy = Privacy()
    solutions: Solutions = Solutions()
    tools: Tools | None = None
    checks: tuple[str, ...] = ()
    judge: Judge | None = None
    accept: Accept = Accept()
    costs: dict[str, dict[str, float]] = {}
    folder: str = "."

    @property
    def target(self) -> str:
        """Name of the output column."""
        return next(iter(self.output))

    @property
    def output_type(self) -> Type:
        """Type of the output column."""
        return self.output[self.target]

    @property
    def is_class(self) -> bool:
        """Whether the answer is one of a closed set of labels."""
        return self.output_type.is_class

    @property
    def answer(self) -> Answer:
        """What kind of answer the output is."""
        return self.output_type.answer

    @property
    def labels(self) -> tuple[Label, ...]:
        """Labels of a pinned task with one label or any number of them, in the order of `probability`'s columns; empty
        for others."""
        kind = self.output_type
        return (kind.of.labels if kind.answer == "many" and kind.of is not None else kind.labels) or ()

    @property
    def input_types(self) -> dict[str, Type]:
        """Inputs of a pinned task."""
        if self.inputs is None:
            raise ValueError("the task is not pinned: its inputs are not known yet")
        return self.inputs

    def with_(self, **changes: Any) -> "Task":
        """A copy with some fields replaced."""
        return msgspec.structs.replace(self, **changes)
