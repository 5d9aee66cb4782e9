"""Which metric a task is ranked by, which others reports show, and how a name becomes a metric."""

from pathlib import Path

from smeaton import plugins
from smeaton.errors import TaskError
from smeaton.metrics import Kind, Metric
from smeaton.metrics._of_task import TaskMetric
from smeaton.metrics._outside import OUTSIDE, OutsideMetric, has_outside
from smeaton.metrics.judge import JudgeMetric
from smeaton.task.structure import is_spans
from smeaton.task.task import Task

_DEFAULT: dict[Kind, str] = {
    "binary": "log_loss", "multiclass": "log_loss", "ordered": "ranked_probability", "many": "log_loss",
    "number": "rmse", "structure": "exact_match", "text": "exact_match",
}  # fmt: skip
_USUAL: dict[Kind, tuple[str, ...]] = {
    "binary": ("log_loss", "roc_auc", "accuracy", "f1", "brier"),
    "multiclass": ("log_loss", "accuracy", "balanced_accuracy", "macro_f1"),
    "ordered": ("ranked_probability", "quadratic_kappa", "ordinal_mae", "accuracy", "log_loss"),
    "many": ("log_loss", "micro_f1", "macro_f1", "exact_match", "hamming"),
    "number": ("rmse", "mae", "r2", "wape"),
    "structure": ("exact_match",),
    "text": ("exact_match",),
}
_FIELDS, _SPANS = "field_f1", "span_f1"  # of objects of fields, of lists of spans; of other structures neither

#: Metrics of the task's own judge and checks: they read columns that trials keep beside the answers.
JUDGE, CHECKS = "judge", "checks"


def kind_of(task: Task) -> Kind:
    """What kind of answer the task's output is. A category whose labels are not known yet counts as many classes.

    Raises:
        TaskError: no metric judges that type of output yet.
    """
    output = task.output_type
    if output.answer == "class" and output.ordered:
        return "ordered"
    if output.type == "boolean" or (output.type == "category" and len(output.labels or ()) == 2):
        return "binary"
    answers: dict[str, Kind] = {"class": "multiclass", "many": "many", "number": "number", "structure": "structure"}
    if output.answer in answers:
        return answers[output.answer]
    if output.type == "text":
        return "text"
    raise TaskError(
        f"no metric judges an output of type {output.type!r} yet",
        fix="make the output a number, boolean, category, list of categories, object of fields, list of spans or text",
        where=f"output.{task.target}",
    )


def default_metric(task: Task) -> str:
    """The metric a task is ranked by if it names none."""
    own = _verdicts(task) if task.answer == "text" else _stated(task)
    return own[0] if own else _of_parts(task) or _DEFAULT[kind_of(task)]


def _stated(task: Task) -> tuple[str, ...]:
    """The metric that follows from what the task says of its output."""
    if task.costs and task.is_class:
        return ("cost",)
    return ("pinball",) if task.output_type.quantile is not None else ()


def default_on_targets(task: Task) -> str:
    """The metric of answers and targets alone: what is left to those that have neither checks nor a judge at hand."""
    return default_metric(task.with_(checks=(), judge=None))


def needs_verdicts(metric: str) -> bool:
    """Whether a metric reads what the task's checks or its judge said of the answers."""
    return metric in (JUDGE, CHECKS)


def _verdicts(task: Task) -> tuple[str, ...]:
    return (JUDGE,) * (task.judge is not None) + (CHECKS,) * bool(task.checks)


def usual(task: Task) -> tuple[str, ...]:
    """The metrics reports show for such a task, the task's own first."""
    own = (task.metric,) if task.metric else ()
    parts = _of_parts(task)
    outside = OUTSIDE if has_outside(task) else ()
    others = (*_verdicts(task), *_stated(task), *((parts,) if parts else ()), *_USUAL[kind_of(task)], *outside)
    return tuple(dict.fromkeys([*own, *others]))


def _of_parts(task: Task) -> str:
    """The metric that counts the parts of a structure, '' where there is none."""
    if is_spans(task.output_type):
        return _SPANS
    return _FIELDS if task.output_type.type == "object" else ""


def fits(metric: str, task: Task) -> bool:
    """Whether a metric of that name can judge the task's answers. A user's `file.py:function` judges any."""
    if ":" in metric:
        return True
    if metric not in plugins.names("metrics"):
        return False
    if needs_verdicts(metric):
        return metric in _verdicts(task)
    part = plugins.load("metrics", metric)
    if (isinstance(part, OutsideMetric) and not has_outside(task)) or _lacks(metric, task):
        return False
    kinds = part.tasks
    kind = kind_of(task)
    if kind == "ordered":  # the order adds ways to judge, and takes none away
        return "ordered" in kinds or "multiclass" in kinds or ("binary" in kinds and _two(task))
    if metric in (_FIELDS, _SPANS):
        return metric == _of_parts(task)
    return kind in kinds or (_open(task) and "binary" in kinds)


def _lacks(metric: str, task: Task) -> str:
    """What a task lacks for a metric that reads more of it, '' if it lacks nothing."""
    part = plugins.load("metrics", metric)
    return part.lacks(task) if isinstance(part, TaskMetric) else ""


def _two(task: Task) -> bool:
    return task.output_type.labels is None or len(task.output_type.labels) == 2


def _open(task: Task) -> bool:
    """Whether the output's labels are still to be learnt: two of them, or many."""
    return task.output_type.type == "category" and task.output_type.labels is None


def check_metric(metric: str, task: Task) -> None:
    """Refuse a metric that does not exist or does not fit.

    Raises:
        TaskError: with the metrics that fit.
    """
    if not fits(metric, task):
        fitting = [name for name in plugins.names("metrics") if fits(name, task)]
        known = metric in plugins.names("metrics")
        reason = f"does not judge an output of type {task.output_type.type}" if known else "is no metric"
        if known and isinstance(plugins.load("metrics", metric), OutsideMetric) and not has_outside(task):
            reason = f"needs a label that means none of the others, and {task.target!r} names none as `outside`"
        if known and kind_of(task) in plugins.load("metrics", metric).tasks:
            reason = _lacks(metric, task) or reason
        if needs_verdicts(metric):
            reason = f"needs {metric!r} in the task, and it has none"
        two = known and not needs_verdicts(metric) and "binary" in plugins.load("metrics", metric).tasks
        if two and kind_of(task) in ("multiclass", "ordered"):
            reason = f"needs exactly two labels, and {task.target!r} has {len(task.labels)}"
        raise TaskError(
            f"{metric!r} {reason}",
            fix=f"use one of: {', '.join(fitting)}, or your own file.py:function",
            where="metric",
        )


def load_metric(metric: str, task: Task) -> Metric:
    """The metric of that name, or the user's own from the task's folder.

    Raises:
        TaskError: it does not exist, does not fit the task, or the user's function does not state its direction.
    """
    check_metric(metric, task)
    if ":" in metric:
        from smeaton.metrics._custom import custom
        from smeaton.task.user_code import load_user

        return custom(load_user(Path(task.folder), metric), metric)
    found: Metric = plugins.load("metrics", metric)
    return found.of(task) if isinstance(found, OutsideMetric | JudgeMetric | TaskMetric) else found
