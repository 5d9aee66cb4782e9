"""The lines mean the row: the shell's words give it back, and Python reads it as it is."""

import ast
import json
import re
import shlex
from html import unescape
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as some

from smeaton.service.page.lines import curl_lines, python_lines

ADDRESS = "http://127.0.0.1:8000/models/churn/predict"
TEXT = some.text(some.characters(exclude_categories=["Cs"], exclude_characters="\0"))
SCALARS = some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = some.recursive(SCALARS, lambda part: some.lists(part) | some.dictionaries(TEXT, part), max_leaves=6)


def plain(lines: str) -> str:
    """The text that someone copies."""
    return unescape(re.sub(r"</?span[^>]*>", "", lines))


def shell_words(lines: str) -> list[str]:
    """The words a shell makes of lines that are joined by a backslash at their end."""
    return shlex.split(plain(lines).replace(" \\\n", " "))


@settings(max_examples=40, deadline=None)
@given(some.dictionaries(TEXT, VALUES))
def test_a_shell_reads_the_row(row: dict[str, Any]) -> None:
    words = shell_words(curl_lines(ADDRESS, row, False))
    assert words[:4] == ["curl", "-s", ADDRESS, "-H"]
    assert words[5] == "-d"
    assert json.loads(words[6]) == {"rows": [row]}


@settings(max_examples=40, deadline=None)
@given(some.dictionaries(TEXT, VALUES))
def test_python_reads_the_row(row: dict[str, Any]) -> None:
    tree = ast.parse(plain(python_lines(ADDRESS, row, True)))
    found = next(node for node in tree.body if isinstance(node, ast.Assign))
    assert ast.literal_eval(found.value) == row


def test_an_address_is_a_word_whatever_it_holds() -> None:
    address = "http://x/'$(touch a)\"<b>/predict"
    lines = curl_lines(address, {}, False)
    assert "<b>" not in lines
    assert shell_words(lines)[2] == address
    assert json.dumps(address) in plain(python_lines(address, {}, False))


def test_a_key_is_named_but_never_shown() -> None:
    curl, python = (plain(lines(ADDRESS, {}, True)) for lines in (curl_lines, python_lines))
    assert '-H "authorization: Bearer $SMEATON_KEY"' in curl
    assert '"authorization": "Bearer " + os.environ["SMEATON_KEY"]' in python
    assert "import os\n" in python
    assert "SMEATON_KEY" not in curl_lines(ADDRESS, {}, False) + python_lines(ADDRESS, {}, False)
