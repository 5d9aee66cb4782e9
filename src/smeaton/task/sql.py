"""A query as its syntax tree, as DuckDB's own parser sees it, and which tables it reads.

The tree is what `json_serialize_sql` gives (DuckDB documentation, "SQL to and from JSON"): nested dictionaries. Its
details change between versions of DuckDB, so that nobody may rely on a part of it to be there.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from smeaton.extras import needs

Tree = dict[str, Any]

#: What gives another answer each time, or each day: a query that asks one of these is never kept.
_CHANGING = {
    "now", "today", "current_date", "current_time", "current_timestamp", "current_localtime", "current_localtimestamp",
    "localtime", "localtimestamp", "transaction_timestamp", "get_current_time", "get_current_timestamp", "random",
    "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "setseed", "nextval", "currval",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Query:
    """One SELECT. `tables` are the names it reads that it does not define itself, in order of first sight; `changing`
    the first function of it whose answer changes by itself ("" if none)."""

    text: str
    tree: Tree
    tables: tuple[str, ...]
    changing: str


@lru_cache(maxsize=256)
def read_query(text: str) -> Query:
    """Parse one SELECT.

    Raises:
        ValueError: it is not one SELECT; the text says why, and where in the query.
        ExtraMissing: DuckDB is not installed.
    """
    with needs("build"):
        import duckdb
    with duckdb.connect(":memory:", config={"threads": 1}) as engine:
        row = engine.execute("SELECT json_serialize_sql(?)", [text]).fetchone()
    found: Tree = msgspec.json.decode(row[0])
    if found["error"]:
        raise ValueError(_fault(text, found))
    statements = found["statements"]
    if len(statements) != 1:
        raise ValueError("the query is not one SELECT")
    tree: Tree = statements[0]["node"]
    return Query(text, tree, _tables(tree), _changing(tree))


def nodes(tree: Any) -> Iterator[Tree]:
    """Every dictionary of a tree, outer before inner."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(reversed(list(node.values())))
        elif isinstance(node, list):
            waiting.extend(reversed(node))


def _fault(text: str, found: Tree) -> str:
    if found.get("error_type") != "parser":
        return "the query is not one SELECT"
    message = str(found.get("error_message", "it cannot be read")).strip().splitlines()[0]
    place = str(found.get("position", ""))
    if not place.isdigit():
        return message
    before = text.encode()[: int(place)].decode(errors="ignore")
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return f"{message} (line {line}, column {column} of the query)"


def _tables(tree: Tree) -> tuple[str, ...]:
    found: dict[str, str] = {}
    _walk(tree, frozenset(), found)
    return tuple(found.values())


def _walk(node: Any, defined: frozenset[str], found: dict[str, str]) -> None:
    """Collect base tables that no WITH in force here defines."""
    if isinstance(node, list):
        for part in node:
            _walk(part, defined, found)
        return
    if not isinstance(node, dict):
        return
    for name, definition in ctes(node):
        # A definition sees those before it; itself only if it is recursive: `WITH t AS (SELECT ... FROM t)` reads t.
        inside = defined | {name} if definition.get("type") == "RECURSIVE_CTE_NODE" else defined
        _walk(definition, inside, found)
        defined |= {name}
    if node.get("type") == "BASE_TABLE":
        name = str(node.get("table_name", ""))
        qualified = node.get("schema_name") or node.get("catalog_name")
        if name and (qualified or name.casefold() not in defined):
            found.setdefault(name.casefold(), name)
    for key, part in node.items():
        if key != "cte_map":
            _walk(part, defined, found)


def ctes(node: Tree) -> list[tuple[str, Tree]]:
    """What the WITH of a node defines: names (casefolded) and their queries, in order."""
    entries = (node.get("cte_map") or {}).get("map") or []
    return [(str(entry["key"]).casefold(), _definition(entry["value"])) for entry in entries]


def _definition(value: Tree) -> Tree:
    """The query node of a definition, which some versions of DuckDB wrap once more."""
    found: Tree = value.get("query_node") or (value.get("query") or {}).get("node") or value
    return found


def _changing(tree: Tree) -> str:
    for node in nodes(tree):
        names: list[Any] = []
        if node.get("class") == "FUNCTION":
            names = [node.get("function_name")]
        elif node.get("class") == "COLUMN_REF" and len(node.get("column_names", [])) == 1:
            names = node["column_names"]
        elif node.get("sample"):
            names = ["sample"]
        for name in names:
            if str(name).casefold() in _CHANGING or (name == "sample" and not node.get("class")):
                return str(name)
    return ""
