"""`docs/http.md` names every code that a caller may meet, and none that is not there."""

import re
from pathlib import Path

import smeaton.service

DOCS = Path(__file__).parents[2] / "docs" / "http.md"
#: Codes of `/v2` only: there the caller reads the text, never the code.
V2 = {
    "invalid_datatype", "invalid_shape", "missing_input", "no_binary", "no_tensor", "repeated_input", "unknown_input",
    "unknown_output",
}  # fmt: skip


def test_every_code_is_documented() -> None:
    folder = Path(smeaton.service.__file__).parent
    source = "\n".join(path.read_text() for path in folder.rglob("*.py"))
    made = set(re.findall(r'(?:Problem\(\s*\d+, |_invalid\(|_wrong\(|40[45]: \()"([a-z_]+)"', source))
    told = set(re.findall(r"\d{3} `([a-z_]+)`", DOCS.read_text()))
    assert len(made) > 20
    assert made - V2 == told
