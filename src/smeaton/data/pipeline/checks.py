"""What must hold of a step's rows, as SQL that finds the rows that fail."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from smeaton.data._engine import name_in_sql
from smeaton.data.sources._columns import nearest
from smeaton.data.sources.parquet import quoted
from smeaton.errors import DataError
from smeaton.task.task import StepChecks

_FLOATS = ("FLOAT", "DOUBLE")
_NUMBERS = (*_FLOATS, "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER",
            "UBIGINT", "UHUGEINT", "DECIMAL")  # fmt: skip
_TIMES = ("DATE", "TIMESTAMP")


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its `name` (fit for a file), the `column`s it is about, and which rows fail it.

    `failing` is SQL behind FROM: conditions and order. `most` is how many rows may fail, `says` what is wrong when
    `failed` of `rows` do. `ask`, where it is not None, is SQL whose one value decides alone (for checks that no single
    row fails), by `judge`.
    """

    name: str
    columns: tuple[str, ...]
    failing: str
    says: Callable[[int, int], str]
    most: Callable[[int], float] = lambda rows: 0
    ask: str | None = None
    judge: Callable[[Any], str] = lambda value: ""


def checks_of(checks: StepChecks, types: Mapping[str, str], now: datetime, where: str) -> Iterator[Check]:
    """The checks of a step whose columns have these types in DuckDB.

    Raises:
        DataError: a check is about a column that the step does not have, or cannot be asked of its type.
    """
    columns = _Columns(types, where)
    if checks.rows:
        yield _rows(checks)
    for name, most in checks.nulls.items():
        yield _nulls(columns.missing(name), columns.known(name), most)
    for name, (low, high) in checks.range.items():
        yield _range(columns, name, low, high)
    for key in checks.unique:
        yield _unique([columns.known(name) for name in key])
    for name, values in checks.values.items():
        listed = ", ".join(columns.constant(name, value) for value in values)
        column = name_in_sql(columns.known(name))
        yield Check(
            f"values-{name}", (name,), f"WHERE {column} IS NOT NULL AND {column} NOT IN ({listed})",
            _of_rows(f"hold another {name!r} than {', '.join(map(repr, values))}"),
        )  # fmt: skip
    for number, condition in enumerate(checks.holds, start=1):
        yield Check(
            f"holds-{number}", (), f"WHERE NOT coalesce((\n{condition}\n), false)",
            _of_rows(f"do not meet the condition {condition.strip()!r}"),
        )  # fmt: skip
    for name, age in checks.fresh.items():
        yield _fresh(columns, name, age, now)


class _Columns:
    def __init__(self, types: Mapping[str, str], where: str) -> None:
        self.types = types
        self.where = where
        self.names = {name.casefold(): name for name in types}

    def known(self, name: str) -> str:
        found = self.names.get(name.casefold())
        if found is None:
            raise DataError(
                f"a check is about the column {name!r}, which the step does not have; {nearest(name, self.types)}",
                where=self.where,
                fix="correct the column's name, or answer it in the query",
            )
        return found

    def kind(self, name: str) -> str:
        return self.types[self.known(name)].split("(", maxsplit=1)[0]

    def missing(self, name: str) -> str:
        """SQL for a value that is not there: a float that is no number is missing too."""
        column = name_in_sql(self.known(name))
        return f"({column} IS NULL OR isnan({column}))" if self.kind(name) in _FLOATS else f"{column} IS NULL"

    def constant(self, name: str, value: Any) -> str:
        """A value as a constant of the column's type."""
        kind = self.kind(name)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if isinstance(value, bool) and kind == "BOOLEAN":
            return str(value).lower()
        if number and kind in _NUMBERS:
            return repr(value)
        if isinstance(value, str) and kind.startswith(_TIMES):
            try:
                moment = datetime.fromisoformat(value)
            except ValueError as error:
                raise self._unfit(name, value, "a moment in ISO 8601, such as 2024-01-31") from error
            plain = moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
            return f"TIMESTAMP {quoted(plain.isoformat(' '))}"
        if isinstance(value, str) and kind in ("VARCHAR", "ENUM", "UUID"):
            return quoted(value)
        raise self._unfit(name, value, "a text" if kind == "VARCHAR" else f"a value of type {kind.lower()}")

    def moment(self, name: str) -> str:
        """The column as a moment in UTC."""
        kind, column = self.kind(name), name_in_sql(self.known(name))
        if kind == "VARCHAR":
            return f"TRY_CAST({column} AS TIMESTAMP)"
        if not kind.startswith(_TIMES):
            raise DataError(
                f"a check of freshness needs moments, and {name!r} is of type {kind.lower()}",
                where=self.where,
                fix="name a column of moments, or cast it in the query",
            )
        return f"make_timestamp(epoch_us({column}))" if "ZONE" in kind else f"CAST({column} AS TIMESTAMP)"

    def _unfit(self, name: str, value: Any, expected: str) -> DataError:
        return DataError(
            f"a check compares {name!r} with {value!r}; its type needs {expected}",
            where=self.where,
            fix="correct the check, or cast the column in the query",
        )


def _of_rows(what: str) -> Callable[[int, int], str]:
    return lambda failed, rows: f"{failed:,} of {rows:,} rows {what}"


def _rows(checks: StepChecks) -> Check:
    def judge(rows: int) -> str:
        for bar in checks.rows:
            if (rows < bar.value) if bar.op == ">=" else (rows > bar.value):
                return f"there are {rows:,} rows, expected {bar.op} {bar.value:,.0f}"
        return ""

    return Check("rows", (), "WHERE false", _of_rows(""), ask="count(*)", judge=judge)


def _nulls(missing: str, name: str, most: int | float) -> Check:
    bound = f"{most:,}" if isinstance(most, int) else f"{most:.4%}".rstrip("0%").rstrip(".") + "%"
    return Check(
        f"nulls-{name}", (name,), f"WHERE {missing}",
        _of_rows(f"have no {name!r}, expected at most {bound}"),
        lambda rows: most if isinstance(most, int) else most * rows,
    )  # fmt: skip


def _range(columns: _Columns, name: str, low: Any, high: Any) -> Check:
    column = name_in_sql(columns.known(name))
    if "ZONE" in columns.kind(name):
        column = columns.moment(name)
    outside = [f"{column} < {columns.constant(name, low)}"] if low is not None else []
    outside += [f"{column} > {columns.constant(name, high)}"] if high is not None else []
    ends = f"between {low} and {high}" if None not in (low, high) else f">= {low}" if high is None else f"<= {high}"
    return Check(
        f"range-{name}", (name,), f"WHERE NOT {columns.missing(name)} AND ({' OR '.join(outside)})",
        _of_rows(f"hold {name!r} that is not {ends}"),
    )  # fmt: skip


def _unique(key: list[str]) -> Check:
    listed = ", ".join(map(name_in_sql, key))
    there = " AND ".join(f"{name_in_sql(name)} IS NOT NULL" for name in key)
    return Check(
        f"unique-{'-'.join(key)}", tuple(key),
        f"WHERE {there} QUALIFY count(*) OVER (PARTITION BY {listed}) > 1 ORDER BY {listed}",
        _of_rows(f"share their {' and '.join(map(repr, key))} with another row"),
    )  # fmt: skip


def _fresh(columns: _Columns, name: str, age: float, now: datetime) -> Check:
    moment = columns.moment(name)

    def judge(newest: datetime | None) -> str:
        if newest is None:
            return f"{name!r} holds no moment"
        old = now.replace(tzinfo=None) - newest
        if old <= timedelta(seconds=age):
            return ""
        return f"the newest {name!r} is {newest}, {_days(old.total_seconds())} old, expected at most {_days(age)}"

    return Check(
        f"fresh-{name}", (name,), f"WHERE {moment} IS NOT NULL ORDER BY {moment} DESC",
        _of_rows(""), ask=f"max({moment})", judge=judge,
    )  # fmt: skip


def _days(seconds: float) -> str:
    for unit, length in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.3g} seconds"
