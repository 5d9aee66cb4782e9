"""`docs/http.md` names every code that a caller may meet, and none that is not there."""

import re
from pathlib import Path

import smeaton.service

DOCS = Path(__file__).parents[2] / "docs" / "http.md"


def test_every_code_is_documented() -> None:
    folder = Path(smeaton.service.__file__).parent
    files = [path for path in folder.rglob("*.py") if path.parent.name != "load"]
    of_rest = [path for path in files if path.parent.name != "protocols" or path.name == "rest.py"]
    source = "\n".join(path.read_text() for path in of_rest)
    made = set(re.findall(r'(?:Problem\(\s*\d+,\s*|_invalid\(|40[45]: \()"([a-z_]+)"', source))
    told = set(re.findall(r"`([a-z]+_[a-z_0-9]+|fault|cancelled)`", DOCS.read_text()))
    assert len(made) > 25
    assert sorted(made - told) == []


def test_no_documented_code_is_gone() -> None:
    folder = Path(smeaton.service.__file__).parent
    source = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    told = re.findall(r"\d{3} `([a-z_]+)`", DOCS.read_text())
    assert len(told) > 25
    assert [code for code in told if f'"{code}"' not in source] == []
