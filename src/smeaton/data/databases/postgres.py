"""PostgreSQL (12 and later), read by psycopg 3.

One connection and one read-only transaction for all tables of a database, so that they are of one moment (REPEATABLE
READ: a snapshot, PostgreSQL documentation 13.2.2). Columns and rows leave the server by COPY, straight into a file, so
that memory does not grow with the table; what its types are in DuckDB says `_postgres_types.py`.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from smeaton.data.databases import Brought, Session
from smeaton.data.databases._environment import Resolved, resolve
from smeaton.data.databases._postgres_errors import connecting, not_allowed, reading
from smeaton.data.databases._postgres_types import PgColumn
from smeaton.data.databases._postgres_where import Where
from smeaton.data.databases._stage import Field, stage
from smeaton.data.pushdown import Need
from smeaton.data.sources._columns import nearest
from smeaton.errors import DataError
from smeaton.extras import needs
from smeaton.runtime.storage import storing
from smeaton.task.address import Address

_CONNECT_SECONDS = 10
_SETTINGS = {
    # What COPY writes depends on these; a server's defaults, or a user's, must not change it.
    "DateStyle": "ISO, YMD", "IntervalStyle": "postgres", "TimeZone": "UTC", "extra_float_digits": "1",
    "bytea_output": "hex", "client_encoding": "UTF8", "lc_monetary": "C",
    # Between two tables the connection waits for DuckDB.
    "idle_in_transaction_session_timeout": "0",
}  # fmt: skip
_FIND = """
SELECT c.oid, n.nspname, has_schema_privilege(n.oid, 'USAGE') FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname = %(table)s
AND CASE WHEN %(schema)s::text IS NULL THEN pg_catalog.pg_table_is_visible(c.oid) ELSE n.nspname = %(schema)s::text END
"""
_ALL = """
SELECT n.nspname, c.relname, pg_catalog.pg_table_is_visible(c.oid) FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
AND n.nspname !~ '^pg_(toast|temp)' ORDER BY 1, 2
"""
#: Domains are followed down to what they are made of; a domain's own modifier is that of its base.
_COLUMNS = """
WITH RECURSIVE made AS (
  SELECT a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS shown, t.oid, t.typtype, t.typbasetype,
    CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier,
    has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS readable
  FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE a.attrelid = %(oid)s AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL
  SELECT m.attnum, m.attname, m.shown, b.oid, b.typtype, b.typbasetype,
    CASE WHEN b.typtype = 'd' THEN b.typtypmod ELSE m.modifier END, m.readable
  FROM made m JOIN pg_catalog.pg_type b ON b.oid = m.typbasetype WHERE m.typtype = 'd'
)
SELECT m.attname, m.shown, t.typname, t.typtype, coalesce(e.typname, ''), m.modifier, m.readable
FROM made m JOIN pg_catalog.pg_type t ON t.oid = m.oid
LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
WHERE m.typtype <> 'd' ORDER BY m.attnum
"""


class Postgres:
    """Reads tables and views of a PostgreSQL server."""

    @contextmanager
    def open(self, address: Address, folder: Path, seconds: float | None) -> Iterator[Session]:
        """A read-only transaction that sees one moment."""
        with needs("postgres"):
            import psycopg
            from psycopg.conninfo import conninfo_to_dict
        resolved = resolve(address)
        with connecting(address, resolved):
            given = conninfo_to_dict(resolved.url)
            wait: dict[str, Any] = {} if "connect_timeout" in given else {"connect_timeout": _CONNECT_SECONDS}
            connection = psycopg.connect(resolved.url, application_name="smeaton", prepare_threshold=None, **wait)
        with connection:
            with reading(address, resolved, seconds):
                connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                connection.read_only = True
                for name, value in _SETTINGS.items():
                    connection.execute("SELECT set_config(%s, %s, true)", [name, value])
                limit = "0" if seconds is None else str(max(1, int(seconds * 1000)))
                connection.execute("SELECT set_config('statement_timeout', %s, true)", [limit])
            yield _Session(connection, resolved, seconds)


class _Session:
    def __init__(self, connection: Any, resolved: Resolved, seconds: float | None) -> None:
        self._connection = connection
        self._resolved = resolved
        self._seconds = seconds
        self._known: dict[tuple[str, ...], tuple[str, list[PgColumn]]] = {}

    def columns(self, address: Address) -> tuple[str, ...]:
        """Names of all columns, in the table's order."""
        return tuple(column.name for column in self._look(address)[1])

    def bring(self, address: Address, need: Need, engine: Any, name: str) -> Brought:
        """COPY what is needed into a file, and the file into DuckDB."""
        from psycopg import sql

        relation, columns = self._look(address)
        chosen = _chosen(columns, need, address)
        utf8 = self._connection.info.parameter_status("server_encoding") == "UTF8"
        where = Where(
            {column.name.casefold(): column for column in columns},
            lambda text: str(sql.Identifier(text).as_string(self._connection)),
            lambda text: str(sql.Literal(text).as_string(self._connection)),
            utf8=utf8,
        )
        condition = None if need.filter is None else where.write(need.filter)
        sent = ", ".join(column.sent(where.name(column.name)) for column in chosen)
        query = f"SELECT {sent} FROM {relation}" + (f" WHERE {condition}" if condition else "")  # noqa: S608
        fields = [Field(column.name, column.kind or "") for column in chosen]
        with tempfile.TemporaryDirectory(prefix="postgres-") as folder:
            file = Path(folder) / "rows.csv"
            with storing("the rows of the database", file.parent), reading(address, self._resolved, self._seconds):
                self._copy(f"COPY ({query}) TO STDOUT (FORMAT csv)", file)
            rows, notes = stage(engine, name, file, fields, address.shown)
        some = f"{len(chosen)} of {len(columns)} columns ({_listed(chosen)})"
        asked = "all columns" if len(chosen) == len(columns) else some
        about = f"{rows:,} rows came from {address.shown}: {asked}, {f'WHERE {condition}' if condition else 'all rows'}"
        return Brought(rows, about, tuple(f"{address.shown}: {note}" for note in notes))

    def _copy(self, statement: str, file: Path) -> None:
        with self._connection.cursor() as cursor, file.open("wb") as out, cursor.copy(statement) as copy:
            for block in copy:
                out.write(block)

    def _look(self, address: Address) -> tuple[str, list[PgColumn]]:
        """The relation as SQL names it, and its columns."""
        if address.table in self._known:
            return self._known[address.table]
        with reading(address, self._resolved, self._seconds):
            schema, table = (None, *address.table)[-2:]
            found = self._connection.execute(_FIND, {"schema": schema, "table": table}).fetchone()
            if found is None:
                raise self._no_table(address)
            oid, schema, allowed = found
            rows = self._connection.execute(_COLUMNS, {"oid": oid}).fetchall()
        columns = [
            PgColumn(name, shown, base, sort, element, _size(base, modifier), readable)
            for name, shown, base, sort, element, modifier, readable in rows
        ]
        if not allowed or not any(column.readable for column in columns):
            raise not_allowed(address)
        _check_names(columns, address)
        from psycopg import sql

        relation = str(sql.Identifier(str(schema), address.table[-1]).as_string(self._connection))
        self._known[address.table] = relation, columns
        return relation, columns

    def _no_table(self, address: Address) -> DataError:
        all_ = self._connection.execute(_ALL).fetchall()
        names = [
            table if visible and len(address.table) == 1 else f"{schema}.{table}" for schema, table, visible in all_
        ]
        asked = ".".join(address.table)
        # A table of that name in another schema is nearer than any other name.
        same = [name for name in names if name.rpartition(".")[2] == address.table[-1]]
        hint = f"did you mean {same[0]!r}?" if same else nearest(asked, names) if names else "it holds no tables"
        return DataError(
            f"there is no table {asked!r}; {hint}", where=address.place, fix="correct the name behind # in the address"
        )


def _chosen(columns: Sequence[PgColumn], need: Need, address: Address) -> list[PgColumn]:
    chosen = [column for column in columns if need.columns is None or column.name.casefold() in need.columns]
    refused = [column for column in chosen if column.refusal]
    if refused:
        readable = ", ".join(column.name for column in columns if not column.refusal)
        raise DataError(
            f"column {refused[0].name!r} cannot be read: {refused[0].refusal}",
            where=address.shown,
            fix=f"name the columns that are needed instead of it (there are {readable}), or cast it in a view",
        )
    # A query may count rows and ask for no column.
    return chosen or [column for column in columns if not column.refusal][:1]


def _check_names(columns: Sequence[PgColumn], address: Address) -> None:
    seen: dict[str, str] = {}
    for column in columns:
        other = seen.setdefault(column.name.casefold(), column.name)
        if other != column.name:
            raise DataError(
                f"the columns {other!r} and {column.name!r} differ only in case, and are one name in DuckDB's SQL",
                where=address.shown,
                fix="give one another name in a view, and read the view",
            )


def _size(base: str, modifier: int) -> tuple[int, int] | None:
    """Digits and scale of a numeric, from the catalogue's modifier (`numeric.c`: 11 bits of scale, signed, plus 4)."""
    if base != "numeric" or modifier < 4:
        return None
    scale = (modifier - 4) & 0x7FF
    return ((modifier - 4) >> 16) & 0xFFFF, scale - 2048 if scale >= 1024 else scale


def _listed(columns: Sequence[PgColumn]) -> str:
    names = [column.name for column in columns]
    return ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")


part = Postgres()
