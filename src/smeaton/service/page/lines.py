"""The lines that ask what the form holds, for a shell and for Python.

The script of the page writes the marked parts (`data-part`) anew while someone types; all else stands as it is here.
"""

import json
import shlex
from collections.abc import Mapping
from html import escape
from typing import Any

_JSON = {None: "null", True: "true", False: "false"}
_PYTHON = {None: "None", True: "True", False: "False"}
KEY_VARIABLE = "SMEATON_KEY"  #: environment variable the lines take the API key from; the key itself is never shown


def curl_lines(address: str, row: Mapping[str, Any], needs_key: bool) -> str:
    """A command for a POSIX shell, as HTML."""
    quoted = shlex.quote(_record(row, _JSON))[1:-1]  # braces are always quoted
    key = f'  -H "authorization: Bearer ${KEY_VARIABLE}" \\\n' if needs_key else ""
    return (
        f"curl -s {_part('address', shlex.quote(address))} \\\n"
        "  -H 'content-type: application/json' \\\n"
        f"{escape(key)}"
        f"  -d '{{\"rows\": [{_part('row', quoted)}]}}'"
    )


def python_lines(address: str, row: Mapping[str, Any], needs_key: bool) -> str:
    """The same for Python without further packages, as HTML."""
    imports = ("import json", *(("import os",) if needs_key else ()), "import urllib.request")
    key = f', "authorization": "Bearer " + os.environ["{KEY_VARIABLE}"]' if needs_key else ""
    return (
        "\n".join(imports) + "\n\n"
        f"row = {_part('python-row', _record(row, _PYTHON))}\n"
        "request = urllib.request.Request(\n"
        f"    {_part('python-address', _literal(address, _PYTHON))},\n"
        '    data=json.dumps({"rows": [row]}).encode(),\n'
        f'    headers={{"content-type": "application/json"{key}}},\n'
        ")\n"
        "with urllib.request.urlopen(request) as reply:\n"
        '    print(json.load(reply)["predictions"][0])'
    )


def _part(name: str, text: str) -> str:
    return f'<span data-part="{name}">{escape(text)}</span>'


def _record(row: Mapping[str, Any], words: Mapping[Any, str]) -> str:
    """A row, one value a line."""
    lines = ",".join(f"\n    {_literal(name, words)}: {_literal(value, words)}" for name, value in row.items())
    return f"{{{lines}\n}}"


def _literal(value: Any, words: Mapping[Any, str]) -> str:
    """A JSON value in the notation whose `words` say null, true and false."""
    if value is None or isinstance(value, bool):
        return words[value]
    if isinstance(value, Mapping):
        return (
            "{" + ", ".join(f"{_literal(name, words)}: {_literal(part, words)}" for name, part in value.items()) + "}"
        )
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_literal(part, words) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)
