"""Conditions in PostgreSQL's words, so that a row that DuckDB would keep is never left on the server.

Where the two compare alike (whole numbers, decimals of a stated size, booleans, moments) a column is compared as it is;
floats and numbers without a size as float8; texts byte by byte (`COLLATE "C"`), as DuckDB does.
"""

from collections.abc import Callable, Mapping

from smeaton.data.databases._postgres_types import PgColumn
from smeaton.data.databases._stage import NUMERIC
from smeaton.data.pushdown import Condition, Constant, Filter, moment

_EXACT = 2**53
_MOMENTS = ("date", "timestamp", "timestamptz")
_ORDER = ("<", "<=", ">", ">=", "between")
#: Digits up to which DuckDB compares decimals exactly with any constant that `pushdown` knows.
_DIGITS = 28


class Where:
    """Writes conditions on one table's columns (by casefolded name). `literal` quotes a text; `utf8`: the server stores
    UTF-8, so that the order of bytes is that of DuckDB."""

    def __init__(
        self, columns: Mapping[str, PgColumn], name: Callable[[str], str], literal: Callable[[str], str], *, utf8: bool
    ) -> None:
        self.columns = columns
        self.name = name
        self.literal = literal
        self.utf8 = utf8

    def write(self, found: Filter) -> str | None:
        """The condition, or a weaker one; None where nothing of it can be said."""
        if isinstance(found, Condition):
            column = self.columns.get(found.column)
            return None if column is None or column.refusal else self._condition(column, found)
        parts = [self.write(part) for part in found.parts]
        known = [part for part in parts if part is not None]
        if not known or (found.any and len(known) < len(parts)):
            return None
        return known[0] if len(known) == 1 else "(" + (" OR " if found.any else " AND ").join(known) + ")"

    def _condition(self, column: PgColumn, found: Condition) -> str | None:
        quoted = self.name(column.name)
        if found.op == "not null":
            return f"{quoted} IS NOT NULL"
        if found.op == "null":  # infinity is read as missing
            return None if column.base in _MOMENTS else f"{quoted} IS NULL"
        if found.op in ("true", "false"):
            return (quoted if found.op == "true" else f"NOT {quoted}") if column.base == "bool" else None
        if column.element:
            return None
        values = [self._value(column, value) for value in found.values]
        if None in values:
            return None
        return self._compared(column, quoted, found.op, [value for value in values if value is not None])

    def _compared(self, column: PgColumn, quoted: str, op: str, values: list[str]) -> str | None:
        if column.kind == "VARCHAR":
            if op in _ORDER and not self.utf8:
                return None
            # A server's own equality is never narrower than that of bytes, and may use an index.
            plain = op in ("=", "in") and column.base in ("text", "varchar")
            quoted = quoted if plain else f'{quoted}::text COLLATE "C"'
        elif op in ("like", "not like"):
            return None
        elif column.kind in ("DOUBLE", NUMERIC):
            quoted = f"{quoted}::float8" if column.base != "money" else f"{quoted}::numeric::float8"
        if op == "between":
            return f"{quoted} BETWEEN {values[0]} AND {values[1]}"
        if op == "in":
            return f"{quoted} IN ({', '.join(values)})"
        return f"{quoted} {op.upper()} {values[0]}"

    def _value(self, column: PgColumn, value: Constant) -> str | None:
        kind = column.kind or ""
        if value.kind in ("integer", "decimal"):
            if kind == "BIGINT" or (kind.startswith("DECIMAL") and column.size and column.size[0] <= _DIGITS):
                return value.text
            near = abs(float(value.text)) < _EXACT
            return f"{self.literal(value.text)}::float8" if kind in ("DOUBLE", NUMERIC) and near else None
        if value.kind == "boolean":
            return value.text if kind == "BOOLEAN" else None
        if kind == "VARCHAR":
            # Both read % and _ alike; a backslash only the server.
            plain = value.kind == "text" and "\\" not in value.text and column.base not in ("json", "jsonb", "inet")
            return self.literal(value.text) if plain and column.sort in ("b", "e") else None
        if column.base == "date":
            day = moment(value.text, "date") if value.kind == "text" else value
            return None if day is None else f"{day.kind.upper()} {self.literal(day.text)}"
        if column.base in ("timestamp", "timestamptz"):
            time = moment(value.text, "timestamp")
            zone = "+00" if column.base == "timestamptz" else ""
            return None if time is None else f"{column.base.upper()} {self.literal(time.text + zone)}"
        return None
