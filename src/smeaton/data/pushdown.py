"""What a query needs of each table it reads: which columns, and which rows at most.

Both are read off the query's syntax tree and err on the side of too much, since the query runs unchanged on what was
brought: a column is needed if its name stands anywhere in the query; rows are left away only by conditions that a row
must meet to count at all (conjuncts of the WHERE over a plain join, which no missing value meets: Ullman, Principles of
Database and Knowledge-Base Systems, 1989, 11.2). What is not understood is needed whole.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from smeaton.task.sql import Query, Tree, ctes, nodes


@dataclass(frozen=True, slots=True)
class Constant:
    """A value in a condition: its kind, and its text as the query has it (moments in ISO 8601)."""

    kind: Literal["integer", "decimal", "text", "boolean", "date", "timestamp"]
    text: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A column compared: `=`, `<>`, `<`, `<=`, `>`, `>=`, `in`, `between`, `like`, `not like` with values; `null`, `not
    null`, `true`, `false` without."""

    column: str
    op: str
    values: tuple[Constant, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which all must hold, or any."""

    any: bool
    parts: tuple["Condition | Group", ...]


Filter = Condition | Group


@dataclass(frozen=True, slots=True)
class Need:
    """What is needed of a table. `columns` are casefolded names that may not all be its own; None: all columns, and all
    rows where `filter` is None."""

    columns: frozenset[str] | None
    filter: Filter | None


WHOLE = Need(None, None)


def together(needs: Sequence[Need]) -> Need:
    """What is needed for several queries."""
    columns = [need.columns for need in needs]
    filters = [need.filter for need in needs]
    whole = any(found is None for found in columns)
    return Need(None if whole else frozenset().union(*(found for found in columns if found is not None)), _any(filters))


def needs(query: Query, tables: Mapping[str, Collection[str] | None]) -> dict[str, Need]:
    """What the query needs of each of its tables, by the names in `tables`.

    `tables` are all that it can see with their columns, None where these are not known.
    """
    columns = {name.casefold(): None if known is None else _folded(known) for name, known in tables.items()}
    names = {name.casefold(): name for name in tables}
    read = [names[name.casefold()] for name in query.tables if name.casefold() in names]
    if any(_is_beyond(node) for node in nodes(query.tree)):
        return dict.fromkeys(read, WHOLE)
    seen = _Seen(query.tree, columns)
    return {name: seen.need(name.casefold()) for name in read}


def _folded(columns: Collection[str]) -> frozenset[str]:
    return frozenset(column.casefold() for column in columns)


def _is_beyond(node: Tree) -> bool:
    """Whether a node uses columns it does not name, or reads tables by other ways than FROM."""
    if node.get("type") in ("PIVOT", "SHOW_REF") or node.get("ref_type") in ("NATURAL", "POSITIONAL"):
        return True
    return node.get("class") == "FUNCTION" and str(node.get("function_name")).casefold() in ("query", "query_table")


class _Seen:
    """What stands in a query."""

    def __init__(self, tree: Tree, columns: Mapping[str, frozenset[str] | None]) -> None:
        self.columns = columns
        self.words: set[str] = set()
        self.whole: set[str] = set()
        self.filters: dict[int, Filter | None] = {}
        self.places: dict[str, list[int]] = {}
        self.defined: set[str] = set()
        self.sampled = False
        _words(tree, self.words)
        aliases: dict[str, set[str]] = {}
        for node in nodes(tree):
            self.defined |= {name for name, _ in ctes(node)}
            self.sampled |= bool(node.get("sample"))
            if node.get("type") == "BASE_TABLE":
                table = str(node["table_name"]).casefold()
                self.places.setdefault(table, []).append(id(node))
                aliases.setdefault(_alias(node), set()).add(table)
                if node.get("column_name_alias"):  # renamed by position
                    self.whole.add(table)
                    self.filters[id(node)] = None
        for node in nodes(tree):
            if node.get("type") == "SELECT_NODE":
                self._stars(node, aliases)
                self._where(node)
            names = node.get("column_names") if node.get("class") == "COLUMN_REF" else None
            if names:  # the name of a table in place of a column is its row
                self.whole |= aliases.get(str(names[0]).casefold(), set()) if len(names) == 1 else set()

    def need(self, table: str) -> Need:
        columns = None if table in self.whole else frozenset(self.words)
        fixed = self.sampled or table in self.defined or "rowid" in self.words
        return Need(columns, None if fixed else _any([self.filters.get(place) for place in self.places[table]]))

    def _stars(self, select: Tree, aliases: Mapping[str, set[str]]) -> None:
        leaves = _leaves(select.get("from_table"))
        for node in _own(select):
            if node.get("class") != "STAR":
                continue
            relation = str(node.get("relation_name") or "").casefold()
            here = [leaf for leaf in leaves if _is_table(leaf) and (not relation or _alias(leaf) == relation)]
            self.whole |= {str(leaf["table_name"]).casefold() for leaf in here}
            if relation and not here:
                self.whole |= aliases.get(relation, set())

    def _where(self, select: Tree) -> None:
        joins = [node for node in _from(select.get("from_table")) if node.get("type") == "JOIN"]
        plain = all(
            join.get("ref_type") in ("REGULAR", "CROSS")
            and join.get("join_type") in ("INNER", "LEFT", "RIGHT", "OUTER", "FULL", "SEMI", "ANTI")
            for join in joins
        )
        where = select.get("where_clause")
        if not plain or not where:
            return
        scope = _Scope(select, self.columns, inner=all(join.get("join_type") == "INNER" for join in joins))
        found: dict[int, list[Filter]] = {}
        for part in _conjuncts(where):
            read = scope.condition(part)
            if read is not None:
                found.setdefault(read[0], []).append(read[1])
        for place, filters in found.items():
            if place not in self.filters:
                self.filters[place] = filters[0] if len(filters) == 1 else Group(False, tuple(filters))


_COMPARISONS = {
    "COMPARE_EQUAL": "=", "COMPARE_NOTEQUAL": "<>", "COMPARE_LESSTHAN": "<", "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=", "COMPARE_GREATERTHANOREQUALTO": ">=",
}  # fmt: skip
_FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


class _Scope:
    """The tables that the WHERE of one SELECT sees; `inner`: none of them gains rows of nulls by the join."""

    def __init__(self, select: Tree, columns: Mapping[str, frozenset[str] | None], *, inner: bool) -> None:
        self.leaves = _leaves(select.get("from_table"))
        self.columns = columns
        self.inner = inner
        # A name may be that of an answer too; which of the two is meant is not for us to say.
        self.answers = {str(part.get("alias") or "").casefold() for part in select.get("select_list", [])}

    def condition(self, node: Tree) -> tuple[int, Filter] | None:
        """The place of the table that a condition is about, and the condition; None where it is not understood."""
        kind, name = node.get("class"), node.get("type")
        if kind == "CONJUNCTION":
            parts = [self.condition(part) for part in node.get("children", [])]
            known = [part for part in parts if part is not None]
            if not known or len(known) < len(parts) or len({place for place, _ in known}) > 1:
                return None
            return known[0][0], Group(name == "CONJUNCTION_OR", tuple(part for _, part in known))
        if kind == "COLUMN_REF":
            return self._made(node, "true", [])
        if kind == "COMPARISON" and name in _COMPARISONS:
            op, left, right = _COMPARISONS[name], node["left"], node["right"]
            if right.get("class") == "COLUMN_REF":
                op, left, right = _FLIPPED.get(op, op), right, left
            return self._made(left, op, [right])
        if kind == "BETWEEN" and name == "COMPARE_BETWEEN":
            return self._made(node["input"], "between", [node["lower"], node["upper"]])
        if kind == "OPERATOR" and node.get("children"):
            return self._operator(str(name), node["children"])
        if kind == "FUNCTION" and node.get("function_name") in ("~~", "!~~"):
            column, pattern = (argument.get("expression", argument) for argument in node["arguments"])
            return self._made(column, "like" if node["function_name"] == "~~" else "not like", [pattern])
        return None

    def _operator(self, name: str, children: Sequence[Tree]) -> tuple[int, Filter] | None:
        if name == "COMPARE_IN":
            return self._made(children[0], "in", children[1:])
        if name == "OPERATOR_NOT":
            return self._made(children[0], "false", [])
        if name == "OPERATOR_IS_NOT_NULL":
            return self._made(children[0], "not null", [])
        if name == "OPERATOR_IS_NULL" and self.inner:
            return self._made(children[0], "null", [])
        return None

    def _made(self, column: Tree, op: str, values: Sequence[Tree]) -> tuple[int, Filter] | None:
        found = self._column(column)
        constants = [_constant(value) for value in values]
        known = tuple(constant for constant in constants if constant is not None)
        if found is None or len(known) < len(constants):
            return None
        return found[0], Condition(found[1], op, known)

    def _column(self, node: Tree) -> tuple[int, str] | None:
        """The table's place and the column's name (casefolded), if there is one way only to read it."""
        names = [str(name).casefold() for name in node.get("column_names", [])]
        if node.get("class") != "COLUMN_REF" or len(names) not in (1, 2):
            return None
        known = [self.columns.get(str(leaf.get("table_name", "")).casefold()) for leaf in self.leaves]
        owners = [leaf for leaf, columns in zip(self.leaves, known, strict=True) if columns and names[-1] in columns]
        if len(names) == 2:
            named = [leaf for leaf in self.leaves if _alias(leaf) == names[0]]
            field = any(names[0] in columns for columns in known if columns)
            if len(named) != 1 or field or not any(leaf is named[0] for leaf in owners):
                return None
            return id(named[0]), names[1]
        if None in known or len(owners) != 1 or names[0] in self.answers:
            return None
        return id(owners[0]), names[0]


def _constant(node: Tree) -> Constant | None:
    literal = node.get("literal") if node.get("class") == "CONSTANT" else None
    if literal:
        kind, text = literal.get("kind"), str(literal.get("text"))
        if kind == "INTEGER" and re.fullmatch(r"-?[0-9]{1,18}", text):
            return Constant("integer", text)
        if kind == "NUMERIC" and re.fullmatch(r"-?[0-9]{1,9}\.[0-9]{1,6}", text):
            return Constant("decimal", text)
        if kind == "BOOLEAN" and text.casefold() in ("true", "false"):
            return Constant("boolean", text.casefold())
        return Constant("text", text) if kind == "STRING" and "\0" not in text else None
    if node.get("class") == "CAST" and not node.get("try_cast") and "type_expr" in node:
        name = str(node["type_expr"].get("type_name", "")).casefold()
        inner = _constant(node.get("child", {}))
        if inner is not None and inner.kind == "text" and name in ("date", "timestamp"):
            return moment(inner.text, "date" if name == "date" else "timestamp")
        if inner is not None and inner.kind == "text" and name == "boolean" and inner.text in ("t", "f"):
            return Constant("boolean", "true" if inner.text == "t" else "false")
    return None


def moment(text: str, kind: Literal["date", "timestamp"]) -> Constant | None:
    """A day (`2024-01-31`) or a moment without a zone in ISO 8601; None for any other text."""
    try:
        if kind == "date":
            return Constant("date", date.fromisoformat(text).isoformat()) if len(text) == 10 else None
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    whole = re.fullmatch(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?)?", text)
    return Constant("timestamp", found.isoformat(" ")) if whole else None


def _any(filters: Sequence[Filter | None]) -> Filter | None:
    known = tuple(dict.fromkeys(part for part in filters if part is not None))
    if not known or None in filters:
        return None
    return known[0] if len(known) == 1 else Group(True, known)


def _conjuncts(node: Tree) -> list[Tree]:
    if node.get("class") == "CONJUNCTION" and node.get("type") == "CONJUNCTION_AND":
        return [part for child in node.get("children", []) for part in _conjuncts(child)]
    return [node]


def _words(node: object, found: set[str]) -> None:
    """All texts of a tree, casefolded: no column is named but by one of them."""
    if isinstance(node, str):
        found.add(node.casefold())
    elif isinstance(node, dict):
        for part in node.values():
            _words(part, found)
    elif isinstance(node, list):
        for part in node:
            _words(part, found)


def _own(select: Tree) -> Iterator[Tree]:
    """The nodes of a SELECT that are not of a SELECT inside it."""
    waiting: list[object] = list(select.values())
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting.extend(node)
        elif isinstance(node, dict) and not str(node.get("type", "")).endswith("_NODE"):
            yield node
            waiting.extend(node.values())


def _from(node: Tree | None) -> Iterator[Tree]:
    """The joins of a FROM and what they join."""
    if node:
        yield node
        if node.get("type") == "JOIN":
            yield from _from(node["left"])
            yield from _from(node["right"])


def _leaves(node: Tree | None) -> list[Tree]:
    return [leaf for leaf in _from(node) if leaf.get("type") != "JOIN"]


def _is_table(leaf: Tree) -> bool:
    return leaf.get("type") == "BASE_TABLE"


def _alias(leaf: Tree) -> str:
    return str(leaf.get("alias") or leaf.get("table_name") or "").casefold()
