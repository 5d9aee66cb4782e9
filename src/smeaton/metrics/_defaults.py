"""Which metric a task is ranked by, which others reports show, and how a name becomes a metric."""

from pathlib import Path

from smeaton import plugins
from smeaton.errors import TaskError
from smeaton.metrics import Kind, Metric
from smeaton.task.task import Task

_DEFAULT: dict[Kind, str] = {
    "binary": "log_loss", "multiclass": "log_loss", "number": "rmse", "text": "exact_match",
}  # fmt: skip
_USUAL: dict[Kind, tuple[str, ...]] = {
    "binary": ("log_loss", "roc_auc", "accuracy", "f1", "brier"),
    "multiclass": ("log_loss", "accuracy", "balanced_accuracy", "macro_f1"),
    "number": ("rmse", "mae", "r2", "wape"),
    "text": ("exact_match",),
}


def kind_of(task: Task) -> Kind:
    """What kind of answer the task's output is. A category whose labels are not known yet counts as many classes.

    Raises:
        TaskError: no metric judges that type of output yet.
    """
    output = task.output_type
    if output.type == "boolean" or (output.type == "category" and len(output.labels or ()) == 2):
        return "binary"
    if output.type == "category":
        return "multiclass"
    if output.type in ("number", "integer"):
        return "number"
    if output.type == "text":
        return "text"
    raise TaskError(
        f"no metric judges an output of type {output.type!r} yet",
        fix="make the output a number, boolean, category or text",
        where=f"output.{task.target}",
    )


def default_metric(task: Task) -> str:
    """The metric a task is ranked by if it names none."""
    return _DEFAULT[kind_of(task)]


def usual(task: Task) -> tuple[str, ...]:
    """The metrics reports show for such a task, the task's own first."""
    own = (task.metric,) if task.metric else ()
    return tuple(dict.fromkeys([*own, *_USUAL[kind_of(task)]]))


def fits(metric: str, task: Task) -> bool:
    """Whether a metric of that name can judge the task's answers. A user's `file.py:function` judges any."""
    if ":" in metric:
        return True
    if metric not in plugins.names("metrics"):
        return False
    kinds = plugins.load("metrics", metric).tasks
    return kind_of(task) in kinds or (_open(task) and "binary" in kinds)


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
        if known and kind_of(task) == "multiclass":
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
    return found
