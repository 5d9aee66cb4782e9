"""Text of the user's in Markdown and YAML, and files that are whole."""

from pathlib import Path
from typing import Any

import pytest

from smeaton.errors import DataError
from smeaton.reporting.exports._files import new_folder, write_file
from smeaton.reporting.exports._plain import between, code, safe, yaml
from smeaton.trials.record import Interval

STRANGE = [
    "no",
    "on",
    "1e3",
    "2026-01-01",
    "null",
    "~",
    "a: b # c",
    "- x\n- y",
    'quote " back \\ slash',
    "---",
    "\u202e \U0001f600 שלום",
    "",
    " lead",
]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("| a\n# head", "\\| a # head"),
        ("[x](y) *b* `c` _d_", "\\[x\\](y) \\*b\\* \\`c\\` \\_d\\_"),
        ("@team", "@\u200bteam"),
        ("see https://x.example", "see https\u200b://x.example"),
        ("www.x.example", "www\u200b.x.example"),
    ],
)
def test_no_text_is_markup(text: str, shown: str) -> None:
    assert safe(text) == shown


def test_long_texts_are_cut() -> None:
    assert len(safe("x" * 5_000)) == 300
    assert safe("x" * 5_000, 10) == "x" * 9 + "…"


@pytest.mark.parametrize(("text", "shown"), [("a`b", "`a'b`"), ("a|b", "`a¦b`"), ("", "` `"), ("a\nb", "`a b`")])
def test_a_name_cannot_end_its_code(text: str, shown: str) -> None:
    assert code(text) == shown


def test_an_interval_is_two_numbers() -> None:
    assert between(Interval(1.0, 0.5, 2_000.0)) == "0.5000 to 2,000"


def test_yaml_is_read_back_by_both_versions() -> None:
    ruamel = pytest.importorskip("ruamel.yaml")
    value: dict[str, Any] = {
        "texts": STRANGE,
        "nested": [{"a": 1, "b": [1.5, True, None]}, {"c": {"d": "e"}}, []],
        "empty": {},
        "number": 1e-300,
    }
    text = yaml(value)
    for version in ((1, 1), (1, 2)):
        reader = ruamel.YAML(typ="safe", pure=True)
        reader.version = version
        assert reader.load(text) == value


def test_what_yaml_cannot_hold_becomes_a_space() -> None:
    ruamel = pytest.importorskip("ruamel.yaml")
    text = yaml({"a": "x\x7f\ud83d\u2028y"})
    text.encode()
    assert ruamel.YAML(typ="safe", pure=True).load(text)["a"] == "x   y"


def test_a_file_is_whole_or_says_why_not(tmp_path: Path) -> None:
    out = tmp_path / "made" / "file.txt"
    assert write_file(out, b"one").read_bytes() == b"one"
    write_file(out, b"two")
    assert [path.name for path in out.parent.iterdir()] == ["file.txt"]
    with pytest.raises(DataError, match="cannot be written") as caught:
        write_file(out / "below", b"")
    assert caught.value.fix


def test_a_folder_takes_the_place_of_the_old_one_only_if_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "folder"
    for text in ("one", "two"):
        with new_folder(out) as folder:
            (folder / text).write_text(text, encoding="utf-8")
    assert [path.name for path in out.iterdir()] == ["two"]
    with pytest.raises(DataError, match="cannot be written"), new_folder(out) as folder:
        (folder / "missing" / "three").write_text("", encoding="utf-8")
    assert [path.name for path in tmp_path.rglob("*")] == ["folder", "two"]
