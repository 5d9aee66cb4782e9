"""Configurations known to be strong together: what to try first on which table.

The order is learnt (`benchmarks/portfolio`, kept in `portfolio.json`): for each kind and size of table and each budget,
the list of which every beginning makes the best blend. Families add what they know themselves behind it. Rates are
raised where the rows times the labels are so many that slow learning could not end within the budget.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Any, Literal

import msgspec

from smeaton.families import Config, Space
from smeaton.families._columns import derivations
from smeaton.families._losses import MEDIANS
from smeaton.task.profile import Profile
from smeaton.task.task import Task

Kind = Literal["binary", "multiclass", "many classes", "number"]

SMALL = 3_000  # rows below which trees are kept small
#: Seconds of one round for each row, column and tree, on the machine it was measured on.
_CELL = 7e-9
_FIT_SHARE = 0.1  # of the budget that one fit should take
_LEAST_ROUNDS = 6.0  # rounds x rate that boosting needs for most of its work
#: Trees of one model, over all labels: more would be slow to answer and large to ship.
MOST_TREES = 12_000
_NEEDED = 30.0  # rounds x rate with which many labels are learnt to the end
#: Rows x columns above which encoding the curves of a linear model alone would take the time of a fit.
MOST_CELLS = 20_000_000
_DISPERSED = 2.0  # variance over mean of counts from which on they are no Poisson's
_COARSE = 0.15  # a lowest rate from which on fewer leaves and bins save time
MANY = 10  # labels from which on a table has many classes
_TYPE = attrgetter("type")
_PENALTIES = frozenset({"lambda_l2", "reg_lambda", "min_child_weight"})  # of LightGBM and XGBoost
#: What was learnt.
FILE = Path(__file__).with_name("portfolio.json")


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration of a family."""

    family: str
    config: dict[str, Any] = {}


class Class(msgspec.Struct, frozen=True, kw_only=True):
    """The tables one order was learnt for: of a kind, with fewer than `rows` rows, on a budget of at most `seconds`
    (None: however many). `order` names starts, first to try first."""

    kind: Kind
    rows: int | None = None
    seconds: float | None = None
    order: tuple[str, ...] = ()


class Portfolio(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt, and from what. The first class that a table belongs to holds."""

    provenance: dict[str, Any] = {}
    starts: dict[str, Start] = {}
    classes: tuple[Class, ...] = ()


def kind_of(task: Task) -> Kind | None:
    """The kind of a task that tables are learnt for, None for any other."""
    if task.is_class:
        labels = len(task.labels)
        return "binary" if labels == 2 else "multiclass" if labels < MANY else "many classes"
    return "number" if task.answer == "number" else None


def learned(task: Task, profile: Profile) -> tuple[Start, ...]:
    """The learnt starts of all families for this kind and size of table and this budget, in order, as they fit the
    table; () where nothing was learnt for such a task."""
    return learned_from(_kept(), task, profile)


def learned_from(portfolio: Portfolio, task: Task, profile: Profile) -> tuple[Start, ...]:
    """The same from a given portfolio."""
    kind = kind_of(task)
    own = next((one for one in portfolio.classes if one.kind == kind and _within(one, task, profile)), None)
    found: list[Start] = []
    for name in own.order if own else ():
        start = portfolio.starts[name]
        fit = Start(family=start.family, config=dict(adapted(start.family, start.config, task, profile)))
        if fit not in found:
            found.append(fit)
    return tuple(_shaped(found, task, profile))


def _shaped(starts: list[Start], task: Task, profile: Profile) -> list[Start]:
    """The starts, and behind the first of boosted trees the same for the shape of the target, where it has one that
    the tables learnt from lack: rates of counts, the logarithm of a long tail."""
    first = next((place for place, one in enumerate(starts) if one.family == "boosting"), None)
    if first is None:
        return starts
    changes: list[Config] = [{"rate": objective} for objective in rates(task, profile)]
    if wants_log(task, profile):
        changes.append({"log": True})
    more = [Start(family="boosting", config={**starts[first].config, **change}) for change in changes]
    return [*starts[: first + 1], *(one for one in more if one not in starts), *starts[first + 1 :]]


def starts_of(family: str, task: Task, profile: Profile, defaults: Sequence[Config]) -> tuple[Config, ...]:
    """A family's starts: the learnt ones in order, then its own `defaults` that are not among them."""
    first = list(_learnt(family, task, profile, defaults).values())
    return (*first, *(dict(config) for config in defaults if config not in first))


def placed(family: str, space: Space, task: Task, profile: Profile) -> Space:
    """The space with the learnt starts of its family in front, and their places in the order over all families."""
    first = _learnt(family, task, profile, space.starts)
    if not first or space.needs_pool:
        return space
    return replace(space, starts=starts_of(family, task, profile, space.starts), places=tuple(first))


def _learnt(family: str, task: Task, profile: Profile, defaults: Sequence[Config]) -> dict[int, Config]:
    """Place in the order -> configuration, of a family's learnt starts; none comes twice."""
    found: dict[int, Config] = {}
    for place, start in enumerate(learned(task, profile)):
        config = dict(with_common(start.config, defaults))
        if start.family == family and config not in found.values():
            found[place] = config
    return found


def adapted(family: str, config: Config, task: Task, profile: Profile) -> Config:
    """A configuration as it fits a table: no rate so low that the fit could not end, a second fit on all rows where
    they are few, nothing asked of columns that are not there."""
    found = {"refit": profile.rows < SMALL, **_asked(config, task)}
    if found.get("log") and not wants_log(task, profile):
        del found["log"]
    floor = lowest_rate(task, profile)
    if "learning_rate" in found:
        found["learning_rate"] = round(max(found["learning_rate"], floor), 4)
    if profile.rows * len(profile.columns) > MOST_CELLS and found.get("knots") and family == "linear":
        found["knots"] = 0
    if "num_leaves" in found and floor >= _COARSE:
        found |= {"num_leaves": min(found["num_leaves"], 31), "max_bin": 63}
    _by_labels(found, profile)
    return found


def tree_starts(
    starts: Sequence[Config], task: Task, profile: Profile, floor: float, derived_at: int
) -> tuple[Config, ...]:
    """A family's starts as they fit a table: no rate below `floor`, a second fit where rows are few, words as scores;
    the first once more with derived columns (at the place `derived_at`) and, where it deserves a try, of logarithms."""
    found: list[dict[str, Any]] = []
    for start in starts:
        rate = round(max(start["learning_rate"], floor), 4)
        config = {**start, "learning_rate": rate, "refit": profile.rows < SMALL}
        if any(form.type == "text" for form in task.input_types.values()):
            config["texts"] = "scores"  # hundreds of hashed words are as many columns to search through
        if not any(form.type == "category" for form in task.input_types.values()):
            config.pop("encode", None)
        found.append(config)
    if derivations(task):
        found.insert(derived_at, {**found[0], "derive": derivations(task)})
    if wants_log(task, profile):
        found.insert(1, {**found[0], "log": True})
    return tuple(found)


def with_common(config: Config, starts: Sequence[Config]) -> Config:
    """A configuration with what all of a family's own starts have in common and it does not say itself: the family
    knows what the table and the budget ask of every one of its fits."""
    first, *rest = starts or ({},)
    common = {key: value for key, value in first.items() if all(key in one and one[key] == value for one in rest)}
    return {**common, **config} if rest else config


def _by_labels(config: dict[str, Any], profile: Profile) -> None:
    """Penalties by the number of labels: each has its own trees, on smaller curvature, and the same penalty would stop
    them from learning."""
    labels = len(profile.shares)
    if labels > 2:
        if "num_leaves" in config:
            config.setdefault("lambda_l2", 1.0)
        for name in _PENALTIES & set(config):
            config[name] = round(config[name] * 2 / labels, 4)


def _asked(config: Config, task: Task) -> dict[str, Any]:
    """Without what there are no columns for."""
    held = {form.type for form in task.input_types.values()}
    found = dict(config)
    if "derive" in found:
        found["derive"] = [name for name in derivations(task) if name in found["derive"]]
        if not found["derive"]:
            del found["derive"]
    if "category" not in held:
        found.pop("encode", None)
        if "text" not in held:
            found.pop("texts", None)
    return found


def _within(one: Class, task: Task, profile: Profile) -> bool:
    return (one.rows is None or profile.rows < one.rows) and (one.seconds is None or task.budget.time <= one.seconds)


@lru_cache(maxsize=1)
def _kept() -> Portfolio:
    return read_portfolio(FILE)


def read_portfolio(path: Path) -> Portfolio:
    """Read a portfolio.

    Raises:
        ValueError: an order names a start that there is not.
    """

    found = msgspec.json.decode(path.read_bytes(), type=Portfolio)
    missing = {name for one in found.classes for name in one.order} - set(found.starts)
    if missing:
        raise ValueError(f"{path.name} orders starts it does not hold: {', '.join(sorted(missing))}")
    return found


def _start(rate: float, leaves: int, least: int, columns: float, rows: float = 0.9, **more: Any) -> dict[str, Any]:
    return {
        "learning_rate": rate,
        "num_leaves": leaves,
        "min_data_in_leaf": least,
        "feature_fraction": columns,
        "bagging_fraction": rows,
        **more,
    }


_SMALL_STARTS = (
    _start(0.04, 10, 10, 0.5, 0.8, lambda_l2=5.0),
    _start(0.05, 24, 5, 0.7, extra_trees=True),
    _start(0.06, 4, 8, 0.4, 0.8),
    _start(0.03, 40, 3, 0.3, 0.7, lambda_l2=10.0),
    _start(0.03, 8, 3, 0.4, extra_trees=True, lambda_l2=0.1, cat_smooth=30.0),
    _start(0.05, 31, 20, 0.8),
)
_LARGE_STARTS = (
    _start(0.06, 40, 15, 0.7),
    _start(0.06, 64, 8, 0.8, extra_trees=True),
    _start(0.03, 127, 5, 0.5, 0.8, lambda_l2=3.0),
    _start(0.08, 10, 20, 0.6),
    _start(0.03, 63, 40, 0.4, 0.7, lambda_l2=20.0, cat_smooth=50.0),
    _start(0.04, 200, 3, 0.9, extra_trees=True, lambda_l2=5.0),
    _start(0.03, 24, 5, 0.9, path_smooth=5.0),
)


def boosting_starts(task: Task, profile: Profile) -> tuple[Config, ...]:
    """What boosted trees are tried with behind what was learnt: diverse rather than similar (slow and regularised,
    randomised splits after Geurts et al. 2006, shallow, deep), strongest first."""
    small = profile.rows < SMALL
    starts = [dict(adapted("boosting", start, task, profile)) for start in (_SMALL_STARTS if small else _LARGE_STARTS)]
    if len(profile.shares) >= MANY:
        starts.sort(key=lambda config: not config.get("extra_trees", False))
    if wants_log(task, profile):
        starts.insert(1, {**starts[0], "log": True})
        starts.insert(4, {**starts[3], "log": True})
    for place, objective in zip((2, 5), rates(task, profile), strict=False):
        starts.insert(place, {**starts[0], "rate": objective})
    return tuple(dict(start) for start in starts)


def lowest_rate(task: Task, profile: Profile) -> float:
    """The lowest learning rate with which a fit can end within its share of the budget."""
    trees = len(profile.shares) if len(profile.shares) > 2 else 1
    kinds = Counter(map(_TYPE, profile.columns))  # asked of each start of each family: of a wide table, often
    columns = sum({"text": 100, "timestamp": 8}.get(kind, 1) * count for kind, count in kinds.items())
    seconds = _CELL * profile.rows * (columns + 5) * trees
    slowest = _LEAST_ROUNDS * seconds / (_FIT_SHARE * task.budget.time)
    return min(0.3, max(slowest, _NEEDED * trees / MOST_TREES if trees > 1 else 0.0))


def rates(task: Task, profile: Profile) -> tuple[str, ...]:
    """The objectives of LightGBM for numbers of 0 or more whose spread grows with their size, that deserve a try:
    Poisson of counts, Tweedie of what is often 0 or spreads further."""
    target = profile.target
    if target is None or task.answer != "number" or task.output_type.quantile is not None:
        return ()
    if target.low < 0 or target.mean <= 0 or task.metric in MEDIANS:
        return ()
    if target.count:
        return ("poisson", "tweedie") if target.dispersion > _DISPERSED else ("poisson",)
    return ("tweedie", "poisson") if target.skewed and target.zeros > 0 else ("tweedie",) if target.skewed else ()


def wants_log(task: Task, profile: Profile) -> bool:
    """Whether a number is not negative and so skewed that fitting its logarithm deserves a try."""
    if task.is_class or len(profile.target_quantiles) < 9:
        return False
    target = profile.target
    if target is not None and target.low >= 0 and (target.skewed or task.metric == "rmsle"):
        return True
    low, _, _, _, middle, _, high, _, _ = profile.target_quantiles
    return low > 0 and high > 3 * middle
