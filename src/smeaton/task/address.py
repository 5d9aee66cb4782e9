"""Addresses of tables: a file or pattern, or a table of a database.

| form | what it names |
|---|---|
| `postgresql://USER:${PG_PASSWORD}@host:5432/db?sslmode=verify-full#schema.table` | a table of PostgreSQL |
| `${DATABASE_URL}#schema.table` | the same; the whole connection string is in the environment |
| `shop.sqlite#orders` | a table of an SQLite file (`.sqlite`, `.sqlite3`, `.db`, `.db3`) |
| anything else | a file or a pattern |

The form of a connection string is that of libpq (PostgreSQL documentation, 34.1.1.2 "Connection URIs"); the part behind
`#` is ours. An address is kept as it was written: nothing here knows what a `${NAME}` stands for.
"""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl, urlsplit

#: `${NAME}`: a value that is in the environment, and nowhere else.
VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_POSTGRES = ("postgresql://", "postgres://")
_SQLITE = (".sqlite", ".sqlite3", ".db", ".db3")
_PART = re.compile(r'"((?:[^"]|"")+)"|([^."]+)')
#: Parameters of a connection string that hold a secret.
_SECRET = ("password", "sslpassword")


@dataclass(frozen=True, slots=True)
class Address:
    """A table of a database. `table` is its name, or schema and name; () where a file's only table is meant."""

    kind: Literal["postgres", "sqlite"]
    database: str
    table: tuple[str, ...]

    @property
    def place(self) -> str:
        """The database for people: without user and password, `${NAME}` as it was written."""
        if self.kind == "sqlite" or not self.database.startswith(_POSTGRES):
            return self.database
        parts = urlsplit(self.database)
        return f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"

    @property
    def shown(self) -> str:
        """Database and table for people."""
        return f"{self.place}#{'.'.join(self.table)}" if self.table else self.place


def is_connection(text: str) -> bool:
    """Whether it names a database elsewhere: only there may a `${NAME}` stand."""
    return text.startswith(_POSTGRES) or VARIABLE.fullmatch(text.partition("#")[0]) is not None


def read_address(text: str) -> Address | None:
    """The table of a database that `text` names; None where it names a file or a pattern.

    Raises:
        ValueError: it has the form of an address, and a mistake in it; the text says which.
    """
    database, mark, table = text.partition("#")
    if is_connection(text):
        if database.startswith(_POSTGRES):
            _check_connection(database)
        if not table:
            raise ValueError("the address names a database and no table in it: add #schema.table")
        return Address("postgres", database, _table(table))
    if "://" in text:
        raise ValueError("this kind of address is not read: give a file, or postgresql://...#schema.table")
    if re.search(r"\b(?:host|dbname)\s*=", text):
        raise ValueError("write the connection as postgresql://USER:${PG_PASSWORD}@host/db#schema.table")
    if database.lower().endswith(_SQLITE):
        found = _table(table) if mark else ()
        if len(found) > 1:
            raise ValueError("a table of an SQLite file has no schema: write file.db#table")
        return Address("sqlite", database, found)
    return None


def _check_connection(database: str) -> None:
    if "${" in VARIABLE.sub("", database):
        raise ValueError("expected ${NAME} with letters, digits and _")
    # `$` and braces stand in no host, and urlsplit reads brackets as those of an IPv6 address.
    parts = urlsplit(VARIABLE.sub("0", database))
    secrets = [urlsplit(database).netloc.rpartition("@")[0].partition(":")[2]]
    secrets += [value for name, value in parse_qsl(urlsplit(database).query) if name.lower() in _SECRET]
    if any(secret and not VARIABLE.fullmatch(secret) for secret in secrets):
        raise ValueError(
            "the password is written out: write ${PG_PASSWORD} there, and set that variable in the environment"
        )
    if not parts.path.strip("/") and "dbname" not in parts.query:
        raise ValueError("the address names no database: write postgresql://host/DATABASE#schema.table")


def _table(text: str) -> tuple[str, ...]:
    """Schema and table, or the table alone; a name with a dot stands in double quotes."""
    found: list[str] = []
    place = 0
    while True:
        part = _PART.match(text, place)
        if part is None:
            break
        found.append(part[1].replace('""', '"') if part[1] is not None else part[2])
        place = part.end()
        if place == len(text) and len(found) <= 2:
            return tuple(found)
        if text[place : place + 1] != ".":
            break
        place += 1
    raise ValueError('behind # expected table or schema.table; a name with a dot stands in "quotes"')
