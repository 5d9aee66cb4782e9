"""PostgreSQL's types: how a column leaves the server as text, and what that is in DuckDB.

The texts are those of COPY with DateStyle ISO, and arrays as `to_json` writes them (PostgreSQL documentation, chapters
8 "Data Types" and 9.16 "JSON Functions").
"""

from dataclasses import dataclass

from smeaton.data.databases._stage import NUMERIC

#: Type -> DuckDB's type. What is VARCHAR and not in _PLAIN is cast to text by the server.
_KINDS = {
    "int2": "BIGINT", "int4": "BIGINT", "int8": "BIGINT", "oid": "BIGINT", "float4": "FLOAT", "float8": "DOUBLE",
    "numeric": NUMERIC, "money": NUMERIC, "bool": "BOOLEAN", "text": "VARCHAR", "varchar": "VARCHAR",
    "bpchar": "VARCHAR", "char": "VARCHAR", "name": "VARCHAR", "citext": "VARCHAR", "xml": "VARCHAR", "date": "DATE",
    "timestamp": "TIMESTAMP", "timestamptz": "TIMESTAMP", "time": "VARCHAR", "timetz": "VARCHAR",
    "interval": "VARCHAR", "uuid": "VARCHAR", "json": "VARCHAR", "jsonb": "VARCHAR", "inet": "VARCHAR",
    "cidr": "VARCHAR", "macaddr": "VARCHAR", "macaddr8": "VARCHAR", "bit": "VARCHAR", "varbit": "VARCHAR",
    "tsvector": "VARCHAR", "hstore": "VARCHAR",
}  # fmt: skip
_PLAIN = ("text", "varchar", "inet")
_ELEMENTS = {"int2": "BIGINT", "int4": "BIGINT", "int8": "BIGINT", "float4": "DOUBLE", "float8": "DOUBLE",
             "numeric": "DOUBLE", "bool": "BOOLEAN"}  # fmt: skip
_DIGITS = 38  # of DuckDB's DECIMAL


@dataclass(frozen=True, slots=True)
class PgColumn:
    """A column as the catalogue has it.

    `base` is its type below any domain, `element` that of an array's elements, `sort` the catalogue's `typtype` (b
    base, e enum, c composite, r and m ranges), `size` digits and scale of a numeric.
    """

    name: str
    shown: str
    base: str
    sort: str
    element: str
    size: tuple[int, int] | None
    readable: bool

    @property
    def kind(self) -> str | None:
        """Its type in DuckDB; None where its values have no place in a table."""
        if self.element:
            return f"{_ELEMENTS.get(self.element, 'VARCHAR')}[]" if self.element != "bytea" else None
        if self.base == "numeric" and self.size is not None:
            digits, scale = self.size
            return f"DECIMAL({digits},{scale})" if 0 < scale <= digits <= _DIGITS else NUMERIC
        if self.sort in ("e", "r", "m", "c"):
            return "VARCHAR"
        return _KINDS.get(self.base)

    @property
    def refusal(self) -> str:
        """Why it cannot be read ("" if it can)."""
        if not self.readable:
            return "this user may not read it"
        if self.base == "bytea" or self.element == "bytea":
            return "it holds bytes, which have no place in a table"
        return f"its type {self.shown} is not known here" if self.kind is None else ""

    def sent(self, quoted: str) -> str:
        """The SQL that sends it."""
        if self.element or self.sort == "c":
            return f"to_json({quoted})::text"
        if self.base == "timestamptz":
            return f"{quoted} AT TIME ZONE 'UTC'"
        if self.base == "money":
            return f"{quoted}::numeric"
        return f"{quoted}::text" if self.kind == "VARCHAR" and self.base not in _PLAIN else quoted
