"""What PostgreSQL and its client say, in our words: what, where, and what to do. Never what the environment holds.

Errors of the server are known by their SQLSTATE (PostgreSQL documentation, appendix A); a refused connection has none,
so that its text decides, and is repeated with the values hidden where it is not known.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from smeaton.data.databases._environment import Resolved
from smeaton.errors import DataError
from smeaton.task.address import Address

#: A word of the client or server -> what is the matter -> what to do about it.
_REFUSED = (
    ("password authentication failed", "the server does not accept the user with this password",
     "check the values of the user and the password in the environment"),
    ("no password supplied", "the server asks for a password, and the address has none",
     "write the address as postgresql://USER:${PG_PASSWORD}@host/db and set the variable, or use ~/.pgpass"),
    ("pg_hba.conf", "the server does not let this user in from here",
     "ask its administrator for an entry in pg_hba.conf, or try sslmode=require in the address"),
    ("role", "the server does not know this user", "check the user in the address"),
    ("database", "there is no such database on the server", "check the name behind the host"),
    ("could not translate host name", "there is no host of this name", "check the host in the address"),
    ("failed to resolve host", "there is no host of this name", "check the host in the address"),
    ("Connection refused", "nothing answers there", "check host and port, and that the server runs"),
    ("No such file or directory", "nothing answers there", "check the folder of the socket, and that the server runs"),
    ("timeout", "the server does not answer in time", "check the host and the network, or set connect_timeout"),
    ("SSL", "no secure connection to the server is possible", "check sslmode and the certificates in the address"),
    ("too many clients", "the server has no free connection", "try again later"),
)  # fmt: skip


@contextmanager
def connecting(address: Address, resolved: Resolved) -> Iterator[None]:
    """Turn a refused connection into a DataError. Its cause is not kept: its words may hold what must not be said."""
    import psycopg

    try:
        yield
    except psycopg.OperationalError as error:
        text = str(error)
        for word, what, fix in _REFUSED:
            if word in text and (word not in ("role", "database") or "does not exist" in text):
                raise DataError(what, where=address.place, fix=fix) from None
        said = resolved.hide(text.strip().splitlines()[-1] if text.strip() else "no reason given")
        raise DataError(f"no connection: {said}", where=address.place, fix="check the address") from None
    except psycopg.Error:
        raise DataError(
            "the address is not in the form that PostgreSQL's client reads",
            where=address.place,
            fix="write postgresql://USER:${PG_PASSWORD}@host:5432/db?NAME=VALUE#schema.table",
        ) from None


@contextmanager
def reading(address: Address, resolved: Resolved, seconds: float | None) -> Iterator[None]:
    """Turn what goes wrong while a table is read into a DataError."""
    import psycopg

    try:
        yield
    except psycopg.errors.QueryCanceled:
        limit = f"within {seconds:g} s, the time of the budget" if seconds else "in the time that the server allows"
        raise DataError(
            f"the server did not answer {limit}",
            where=address.shown,
            fix="give a larger budget, ask for fewer rows or columns, or add an index",
        ) from None
    except psycopg.errors.InsufficientPrivilege:
        raise not_allowed(address) from None
    except psycopg.Error as error:
        raise DataError(_said(error, resolved), where=address.shown, fix="check the server, and try again") from None


def not_allowed(address: Address) -> DataError:
    """The error for a table that the user may not read."""
    table = ".".join(f'"{part}"' if not part.islower() else part for part in address.table)
    return DataError(
        "this user may not read the table",
        where=address.shown,
        fix=f"let its owner run: GRANT SELECT ON {table} TO the user of the address",
    )


def _said(error: Any, resolved: Resolved) -> str:
    primary = error.diag.message_primary
    if primary:
        return f"the server says: {resolved.hide(primary)}"
    text = str(error).strip().splitlines()
    return f"the connection broke: {resolved.hide(text[0]) if text else 'no reason given'}"
