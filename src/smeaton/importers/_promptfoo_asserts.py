"""The assertions of a promptfoo test: those that translate become checks, rubrics a judge; the rest is named."""

import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smeaton.errors import DataError
from smeaton.importers import Assertion, Code, Kind, Lost
from smeaton.importers._files import parse_json
from smeaton.importers._promptfoo_tests import Case
from smeaton.importers._template import filled, has_logic, names, worded

_TEXT: dict[str, Kind] = {
    "equals": "equals", "contains": "contains", "icontains": "icontains", "regex": "regex",
    "starts-with": "starts_with",
}  # fmt: skip
_LISTS: dict[str, Kind] = {
    "contains-any": "contains_any", "contains-all": "contains_all", "icontains-any": "icontains_any",
    "icontains-all": "icontains_all",
}  # fmt: skip
_JSON: dict[str, Kind] = {"is-json": "is_json", "contains-json": "contains_json"}
_RUBRICS = ("llm-rubric", "model-graded-closedqa", "g-eval", "factuality", "model-graded-factuality")
_WHY = {
    "javascript": "it is JavaScript; write it as a Python function in checks.py",
    "cost": "a limit on the whole solution: set limits.cost_per_1k",
    "latency": "a limit on the whole solution: set limits.p95",
    "similar": "it compares embeddings, which no check does",
    "assert-set": "only some of its assertions have to hold: a check cannot say that",
    "webhook": "nothing is sent to an address that a source names",
}
_SHORT = re.compile(r"\s*((?:not-)?[a-z][a-z0-9-]*)(?:\((\d+(?:\.\d+)?)\))?\s*(?::([\s\S]*))?\Z")
_ALIASES = {"fn": "javascript", "eval": "javascript", "grade": "llm-rubric"}
_KNOWN = {*_TEXT, *_LISTS, *_JSON, *_RUBRICS, *_WHY, *_ALIASES, "levenshtein", "python"}
_OTHERS = re.compile(
    r"(rouge|bleu|gleu|meteor|context-|answer-relevance|perplexity|classifier|moderation|guardrails|is-|contains-"
    r"|select-best|max-score|pi|word-count|finish-reason|trace-|trajectory|skill-used|f-score|tool-call|search-rubric"
    r"|ruby|conversation-relevance)"
)


@dataclass(frozen=True, slots=True)
class Rubric:
    """What a judge is asked, and which model the source names for it."""

    text: str
    where: str = field(compare=False)
    provider: str = field(default="", compare=False)


@dataclass(slots=True)
class Asked:
    """What one test asks of its answer."""

    assertions: list[Assertion] = field(default_factory=list)
    rubrics: list[Rubric] = field(default_factory=list)
    code: list[Code] = field(default_factory=list)


class Reader:
    """Reads the assertions of tests; what cannot be carried over goes to `lost`, each once."""

    def __init__(self, where: str, lost: list[Lost]) -> None:
        self._where = where
        self._lost = lost
        self._said: set[tuple[str, str]] = set()

    def read(self, case: Case) -> Asked:
        """The assertions of a test, filled with its variables."""
        asked = Asked()
        for one in case.asserts:
            self._one(one, case, asked)
        return asked

    def _one(self, one: Any, case: Case, asked: Asked) -> None:
        stated = _spelt(one) if isinstance(one, str) else one
        if not isinstance(stated, Mapping) or not isinstance(stated.get("type"), str):
            raise DataError("an assertion has no type", fix="write {type: contains, value: ...}", where=case.where)
        said = stated["type"]
        kind, negated = said.removeprefix("not-"), said.startswith("not-")
        kind = _ALIASES.get(kind, kind)
        if kind == "assert-set" and not negated and stated.get("threshold") in (None, 1):
            for part in stated.get("assert") or []:
                self._one(part, case, asked)
            return
        why = _refused(kind, stated, negated)
        if why:
            self._lose(said, case, why)
        elif kind in _RUBRICS:
            self._rubric(kind, stated, case, asked)
        elif kind == "python":
            self._python(stated, case, asked)
        else:
            self._assertion(kind, stated, case, asked)

    def _lose(self, said: str, case: Case, why: str) -> None:
        if (said, why) not in self._said:
            self._said.add((said, why))
            self._lost.append(Lost(f"the assertion {said}", f"{case.where} (and where it stands again)", why))

    def _assertion(self, kind: str, stated: Mapping[str, Any], case: Case, asked: Asked) -> None:
        said, negated = stated["type"], stated["type"].startswith("not-")
        try:
            found, value = _translated(kind, stated, case)
        except KeyError as error:
            self._lose(said, case, f"it names the variable {error.args[0]!r}, which the test has not")
        except ValueError as error:
            self._lose(said, case, str(error))
        else:
            asked.assertions.append(Assertion(found, value, negated, said, case.where))

    def _rubric(self, kind: str, stated: Mapping[str, Any], case: Case, asked: Asked) -> None:
        value = stated.get("value")
        parts = value if isinstance(value, list) else [value]
        provider = stated.get("provider")
        provider = provider.get("id") if isinstance(provider, Mapping) else provider
        for part in parts:
            if not isinstance(part, str) or not part.strip() or part.startswith("file://") or has_logic(part):
                self._lose(stated["type"], case, "its rubric is a file, has logic, or is no text: put it into words")
                continue
            text = worded(part, lambda name: f"the input {name}").strip()
            if "factuality" in kind:
                text = f"The answer must agree with this in every fact: {text}"
            asked.rubrics.append(Rubric(text, case.where, provider if isinstance(provider, str) else case.judge))

    def _python(self, stated: Mapping[str, Any], case: Case, asked: Asked) -> None:
        source = stated.get("value")
        if not isinstance(source, str) or not source.strip() or source.startswith("file://"):
            self._lose("python", case, "it stands in a file of its own: bring it into checks.py by hand")
            return
        body = textwrap.dedent(source).strip()
        body = body if "\n" in body else f"return {body}"
        code = "def get_assert(output, context):\n" + textwrap.indent(body, "    ")
        threshold = stated.get("threshold")
        number = float(threshold) if isinstance(threshold, int | float) else None
        asked.code.append(Code("python", code, "get_assert", case.where, number))


def _spelt(text: str) -> dict[str, Any]:
    """An assertion written in one line, as in CSV: `contains: word`, `levenshtein(5): word`; plain text is equality."""
    match = _SHORT.fullmatch(text)
    kind = match[1].removeprefix("not-") if match else ""
    if match is None or not (kind in _KNOWN or (match[3] is not None and _OTHERS.match(kind))):
        return {"type": "equals", "value": text}
    value: Any = (match[3] or "").strip() or None
    if kind in _LISTS and value is not None:
        value = next(iter(_cells(value)))
    found: dict[str, Any] = {"type": match[1], "value": value}
    return found | ({"threshold": float(match[2])} if match[2] else {})


def _cells(value: str) -> list[list[str]]:
    import csv
    import io

    try:
        return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(value), skipinitialspace=True)]
    except csv.Error:
        return [[value]]


def _refused(kind: str, stated: Mapping[str, Any], negated: bool) -> str:
    """Why an assertion is not carried over, '' if it may be."""
    if kind in _WHY:
        return _WHY[kind]
    if kind not in _KNOWN:
        return "no check is written for it yet; write a function in checks.py"
    if stated.get("transform"):
        return "it looks at a transformed answer, and the transformation is code"
    if stated.get("weight") == 0:
        return "its weight is 0: it counts nothing"
    if negated and (kind in _RUBRICS or kind == "python"):
        return "it is the negation of a judgement; say what is wanted instead"
    return ""


def _translated(kind: str, stated: Mapping[str, Any], case: Case) -> tuple[Kind, Any]:
    """The kind of check and its value with the test's variables filled in.

    Raises:
        KeyError: a variable is missing.
        ValueError: the value does not fit the assertion; says how.
    """
    value = stated.get("value")
    if kind in _JSON:
        if value is not None:
            raise ValueError("it holds a JSON schema: make the output of the task an object of fields instead")
        return _JSON[kind], None
    if kind in _LISTS:
        parts = value if isinstance(value, list) else next(iter(_cells(value)), []) if isinstance(value, str) else None
        if not parts:
            raise ValueError("its value is no list of texts")
        return _LISTS[kind], [_filled(part, case) for part in parts]
    if kind == "levenshtein":
        most = stated.get("threshold", 5)
        if isinstance(most, bool) or not isinstance(most, int | float):
            raise ValueError("its threshold is no number")
        return "levenshtein", [_filled(value, case), most]
    if kind == "equals" and isinstance(value, dict | list):
        return "json_equals", value
    text = _filled(value, case)
    if kind == "regex":
        _compiled(text)
    if kind == "equals" and text[:1] in ("{", "["):
        try:
            return "json_equals", parse_json(text, case.where)
        except DataError:
            return "equals", text
    return _TEXT[kind], text


def _compiled(pattern: str) -> None:
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(f"its pattern is none of Python's: {error}") from error


def _filled(value: Any, case: Case) -> str:
    if isinstance(value, bool):
        value = str(value).lower()
    if isinstance(value, int | float):
        value = str(value)
    if not isinstance(value, str):
        raise ValueError("its value is no text")
    if value.startswith("file://"):
        raise ValueError("its value is a file: put its text there")
    if has_logic(value):
        raise ValueError("its value has logic or filters (Nunjucks)")
    return filled(value, case.values) if names(value) else value
