"""The order of a pipeline's steps, found from what their queries read."""

from collections.abc import Iterable, Mapping

from smeaton.errors import TaskError
from smeaton.task.items import nearest
from smeaton.task.sql import read_query
from smeaton.task.task import Step


def inputs(name: str, step: Step, tables: Iterable[str], steps: Iterable[str], where: str) -> tuple[str, ...]:
    """The tables and steps that one step reads, as the task spells them (SQL takes names in any case).

    Raises:
        TaskError: its query is not one SELECT, or reads what is neither a table nor a step.
        ExtraMissing: DuckDB is not installed.
    """
    known = {other.casefold(): other for other in (*tables, *steps)}
    try:
        read = read_query(step.query).tables
    except ValueError as error:
        raise TaskError(f"step {name!r}: {error}", fix="write a single SELECT statement", where=where) from error
    for table in read:
        if table.casefold() not in known:
            raise TaskError(
                f"step {name!r} reads {table!r}, which is neither a table nor a step",
                fix=nearest(table, known.values()),
                where=where,
            )
    return tuple(dict.fromkeys(known[table.casefold()] for table in read))


def in_order(steps: Mapping[str, Step], tables: Iterable[str], places: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The steps, each after those it reads, with what it reads. `places` says where each query stands.

    Raises:
        TaskError: as `inputs`; or steps read each other in a circle.
    """
    tables = list(tables)
    waiting = {name: inputs(name, step, tables, steps, places[name]) for name, step in steps.items()}
    done: dict[str, tuple[str, ...]] = {}
    while waiting:
        ready = [name for name, read in waiting.items() if not any(other in waiting for other in read)]
        if not ready:
            circle = _circle(waiting)
            raise TaskError(
                f"the steps read each other in a circle: {' -> '.join((*circle, circle[0]))}",
                fix="take one of them out of the circle",
                where=places[circle[0]],
            )
        done |= {name: waiting.pop(name) for name in ready}
    return done


def upstream(name: str, order: Mapping[str, tuple[str, ...]]) -> list[str]:
    """The steps that `name` needs, itself last, in the order of `order`."""
    needed = {name}
    for step in reversed(list(order)):
        if step in needed:
            needed |= set(order[step])
    return [step for step in order if step in needed]


def _circle(waiting: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Steps that read each other: going back from any step that waits, one is met twice."""
    path: list[str] = []
    step = next(iter(waiting))
    while step not in path:
        path.append(step)
        step = next(other for other in waiting[step] if other in waiting)
    return path[path.index(step) :]
