"""The `checks.py` of an imported task: one readable function for each kind of assertion.

An assertion that all rows share is written out; those of single rows are data (`cases.json`), found by the row's
inputs. A check that asks nothing of a row passes.
"""

import json
from collections.abc import Sequence
from typing import Any

from smeaton.importers import Assertion, Code, Imported
from smeaton.importers._names import identifier

#: Names that a file with code of a source has of its own.
ADAPTED = frozenset({"_CASES", "_values", "_text"})
CHECKS_FILE, CASES_FILE = "checks.py", "cases.json"
_EXPRESSIONS = {
    "equals": "_text(answer) == {value}",
    "iequals": "_text(answer).lower() == {value}.lower()",
    "json_equals": "_json(answer) == {value}",
    "contains": "{value} in _text(answer)",
    "icontains": "{value}.lower() in _text(answer).lower()",
    "contains_any": "any(part in _text(answer) for part in {value})",
    "icontains_any": "any(part.lower() in _text(answer).lower() for part in {value})",
    "contains_all": "all(part in _text(answer) for part in {value})",
    "icontains_all": "all(part.lower() in _text(answer).lower() for part in {value})",
    "starts_with": "_text(answer).startswith({value})",
    "starts_with_any": "any(_text(answer).startswith(part) for part in {value})",
    "regex": "re.search({value}, _text(answer)) is not None",
    "is_json": "_json(answer) is not _NONE",
    "contains_json": "_has_json(_text(answer))",
    "levenshtein": "_near(_text(answer), *{value})",
    "fuzzy_any": "any(_alike(_text(answer), part) for part in {value})",
}
_HELPERS = {
    "_NONE": """
_NONE = object()  # no JSON value is this one
""",
    "_json(": '''
def _json(answer):
    """The answer as a JSON value; _NONE if it is none."""
    if not isinstance(answer, str):
        return answer
    try:
        return json.loads(answer)
    except ValueError:
        return _NONE
''',
    "_has_json(": '''
def _has_json(text):
    """Whether an object or a list in JSON stands anywhere in the text."""
    for begin in (place for place, mark in enumerate(text) if mark in "[{"):
        try:
            json.JSONDecoder().raw_decode(text, begin)
            return True
        except ValueError:
            continue
    return False
''',
    "_near(": '''
def _near(left, right, most):
    """Whether at most so many characters must be put in, taken out or replaced (the Levenshtein distance)."""
    row = list(range(len(right) + 1))
    for number, mark in enumerate(left, 1):
        before, row[0] = row[0], number
        for place, other in enumerate(right, 1):
            before, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, before + (mark != other))
    return row[-1] <= most
''',
    "_alike(": '''
def _alike(left, right):
    """Whether one text holds the other, by words in small letters."""
    one, other = (" ".join(re.findall(r"\\w+", text.lower())) for text in (left, right))
    return bool(one) and bool(other) and (one in other or other in one)
''',
}
_ROW = '''
_CASES = json.loads(Path(__file__).with_name("{file}").read_text(encoding="utf-8"))


def _values(name, row):
    """What the check of that name asks of this row: a list of values."""
    inputs = [row.get(column) for column in _CASES["inputs"]]
    whole = [int(value) if isinstance(value, float) and value.is_integer() else value for value in inputs]
    return _CASES["cases"].get(json.dumps(whole, ensure_ascii=False), {{}}).get(name, [])
'''
_TEXT = '''
def _text(answer):
    """The answer as text: JSON where it is a value."""
    return answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
'''


class Checks:
    """The checks of an imported task. `names` are those of its functions, in order; `text` is the file, '' without any;
    `cases` is what `cases.json` holds, None where no check needs it."""

    def __init__(self, found: Imported, codes: Sequence[Code] = ()) -> None:
        self.names: list[str] = []
        self.cases: dict[str, Any] | None = None
        self._by_row: dict[str, dict[str, Any]] = {}
        self._found = found
        functions = self._functions()
        self.code = {f"{name}.py": text for name, text in self._codes(codes)}
        if self._by_row:
            self.cases = {"inputs": list(found.inputs), "cases": self._by_row}
        self.text = self._file(functions) if functions else ""

    def _functions(self) -> list[str]:
        cases = [{_asked(one): one for one in case} for case in self._found.cases]
        shared = [key for key in cases[0] if all(key in case for case in cases[1:])] if cases else []
        functions = [self._constant(cases[0][key]) for key in shared]
        kinds: dict[tuple[str, bool], list[tuple[int, Assertion]]] = {}
        for number, case in enumerate(cases):
            for key, one in case.items():
                if key not in shared:
                    kinds.setdefault((one.kind, one.negated), []).append((number, one))
        return functions + [self._single(found) for found in kinds.values()]

    def _name(self, words: str) -> str:
        name = identifier(words, self.names)
        self.names.append(name)
        return name

    def _constant(self, asked: Assertion) -> str:
        said = asked.said or asked.kind
        words = "" if asked.value is None else f" {_shown(asked.value)}"
        name = self._name(f"{said}{words}")
        body = f"return {_expression(asked, repr(asked.value))}"
        return _function(name, f"{self._found.format}: {said}{words} ({asked.where})", body)

    def _single(self, found: Sequence[tuple[int, Assertion]]) -> str:
        first = found[0][1]
        said = first.said or first.kind
        name = self._name(said)
        for number, one in found:
            case = self._by_row.setdefault(self._key(number), {})
            case.setdefault(name, []).append(one.value)
        ask = f"{len(found)} rows ask" if len(found) > 1 else "one row asks"
        words = f"{self._found.format}: {said}, as {ask} ({first.where})"
        return _function(name, words, f'return all({_expression(first, "value")} for value in _values("{name}", row))')

    def _key(self, number: int) -> str:
        row = self._found.rows[number]
        return row_key([row.get(name) for name in self._found.inputs])

    def _codes(self, codes: Sequence[Code]) -> list[tuple[str, str]]:
        files = []
        for code in codes:
            name = self._name(code.name)
            for number in range(len(self._found.rows)) if code.rows is None else code.rows:
                item = self._found.items[number] if self._found.items else self._found.rows[number]
                self._by_row.setdefault(self._key(number), {}).setdefault(name, []).append(item)
            files.append((name, _adapted(code, name, self._found.format)))
        return files

    def _file(self, functions: Sequence[str]) -> str:
        body = "".join(functions)
        parts = [_ROW.format(file=CASES_FILE)] if "_values(" in body else []
        parts += [_TEXT] if "_text(" in body else []
        parts += [text for mark, text in _HELPERS.items() if mark in body or (mark == "_NONE" and "_json(" in body)]
        text = "\n\n\n".join(part.strip("\n") for part in [*parts, *functions])
        imports = [line for line, mark in (("import json", "json."), ("import re", "re.")) if mark in text]
        imports += ["from pathlib import Path"] if "_values(" in body else []
        title = f'"""Checks, written by `smeaton import` from {_quoted(self._found.format)}: each says what it asks."""'
        return "\n\n".join(filter(None, [title, "\n".join(imports)])) + f"\n\n\n{text}\n"


def _asked(one: Assertion) -> str:
    """An assertion by what it asks, wherever it stands."""
    return json.dumps([one.kind, one.value, one.negated])


def row_key(inputs: Sequence[Any]) -> str:
    """What a row is known by: its inputs as JSON, whole numbers without a point."""
    plain = [int(value) if isinstance(value, float) and value.is_integer() else value for value in inputs]
    return json.dumps(plain, ensure_ascii=False)


def _expression(asked: Assertion, value: str) -> str:
    found = _EXPRESSIONS[asked.kind].format(value=value)
    return f"not ({found})" if asked.negated else found


def _function(name: str, words: str, body: str) -> str:
    return f'def {name}(row, answer):\n    """{_quoted(words)}."""\n    {body}\n'


def _adapted(code: Code, name: str, source: str) -> str:
    """The code of the source as it is, and below it a check that calls it."""
    passes = f">= {code.threshold!r}" if code.threshold is not None else "> 0"
    call = {
        "get_assert": '    found = get_assert(_text(answer), {"vars": item})\n'
        '    found = found.get("pass", found.get("score", 0)) if isinstance(found, dict) else found\n',
        "grade": '    found = grade({"output_text": _text(answer)}, item)\n',
    }[code.call]
    head = f'"""Code of the source ({_quoted(code.where)}), taken over on the user\'s word; the check is {name}."""\n'
    text = f"import json\nfrom pathlib import Path\n{_ROW.format(file=CASES_FILE)}\n{_TEXT}"
    check = (
        f'\n\ndef {name}(row, answer):\n    """{source}: Python code ({_quoted(code.where)})."""\n'
        f'    item = next(iter(_values("{name}", row)), None)\n    if item is None:\n        return True\n{call}'
        f"    return found if isinstance(found, bool) else float(found) {passes}\n"
    )
    return f"{head}{code.source.rstrip()}\n\n\n{text}{check}"


def _quoted(words: str) -> str:
    """Words that may stand in a docstring: nothing in them ends it."""
    return json.dumps(" ".join(words.split()), ensure_ascii=False)[1:-1]


def _shown(value: Any) -> str:
    words = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return words if len(words) <= 60 else words[:57] + "..."
