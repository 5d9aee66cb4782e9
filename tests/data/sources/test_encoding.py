"""Encodings are detected and said; nothing is ever replaced; what cannot be known is refused or said."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.data.sources._write import file

from smeaton.data.read import read
from smeaton.data.sources import _encoding
from smeaton.errors import DataError

WORDS = {
    "cp1252": ["Éric Noël", "Orléans", "façade", "Übermut", "Ærøskøbing", "señor", "“quoted”", "5 €"],
    "cp1250": ["Łukasz", "Zażółć", "gęślą", "jaźń", "Příliš", "žluťoučký", "kůň", "Łódź"],
    "iso8859-2": ["Šimon", "Zażółć", "gęślą", "jaźń", "Příliš", "žluťoučký", "kůň", "Łódź"],
    "cp1251": ["Иван Петров", "Москва", "Санкт-Петербург", "улица Ленина"],
    "koi8-r": ["Иван Петров", "Москва", "Санкт-Петербург", "улица Ленина"],
    "cp866": ["Иван Петров", "Москва", "Санкт-Петербург", "улица Ленина"],
    "cp1253": ["Γιώργος", "Αθήνα", "Θεσσαλονίκη"],
    "cp1254": ["Işık", "Çağrı", "İstanbul", "Eskişehir"],
    "cp932": ["田中さん", "東京です", "おおさか", "カタカナ"],
    "euc_jp": ["田中さん", "東京です", "おおさか", "カタカナ"],
    "gb18030": ["张伟", "北京", "上海", "中国人民"],
    "big5": ["張偉", "臺北", "高雄", "這是我們的國家"],
    "euc_kr": ["김철수", "서울", "부산", "안녕하세요"],
    "mac_roman": ["Éric", "Orléans", "façade", "señor"],
    "cp850": ["Éric", "Orléans", "façade", "señor"],
}
UTF = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")


def rows(words: list[str]) -> str:
    return "name,n\n" + "".join(f'"{word}",{place}\n' for place, word in enumerate(words))


@pytest.mark.parametrize("codec", WORDS)
def test_other_encodings_are_told_by_how_they_read(tmp_path: Path, codec: str) -> None:
    raw = read(file(tmp_path, "t.csv", rows(WORDS[codec]).encode(codec)), tmp_path)
    assert raw.table["name"].tolist() == WORDS[codec]
    assert f"t.csv: not UTF-8; read as {codec}" in raw.notes[0]


@pytest.mark.parametrize("codec", UTF)
@pytest.mark.parametrize("ending", ["csv", "jsonl", "json"])
def test_unicode_with_a_mark_or_without(tmp_path: Path, codec: str, ending: str) -> None:
    text = (
        rows(["Éric", "Łódź", "東京"]) if ending == "csv" else '{"name": "Éric"}\n{"name": "Łódź"}\n{"name": "東京"}\n'
    )
    raw = read(file(tmp_path, f"t.{ending}", text.encode(codec)), tmp_path)
    assert raw.table["name"].tolist() == ["Éric", "Łódź", "東京"]
    said = [note for note in raw.notes if "read as" in note]
    assert said == ([] if codec.startswith("utf-8") else [f"t.{ending}: read as {codec.upper()}"])


def test_plain_text_has_nothing_to_say(tmp_path: Path) -> None:
    assert read(file(tmp_path, "t.csv", b"a,b\n1,x\n"), tmp_path).notes == ()


def test_a_letter_late_in_the_file_tells_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_encoding, "BLOCK", 64)
    content = b"a,b\n" + b"plain,text\n" * 100 + "naïve,café\n".encode("cp1252")
    raw = read(file(tmp_path, "t.csv", content), tmp_path)
    assert raw.table["b"][-1] == "café"
    assert "cp1252" in raw.notes[0]


def test_an_ambiguous_encoding_is_said_with_both_readings(tmp_path: Path) -> None:
    path = file(tmp_path, "t.csv", "a,b\nŞ,Eskişehir\n".encode("cp1254"))
    raw = read(path, tmp_path)
    assert raw.table["b"].tolist() == ["Eskişehir"]
    [said] = [note for note in raw.notes if "fit" in note]
    assert "against" in said
    assert "t.csv#encoding=" in said


def test_the_address_decides(tmp_path: Path) -> None:
    file(tmp_path, "t.csv", b"a,b\n\xb3,2\n")
    raw = read("t.csv#encoding=latin-2", tmp_path)
    assert raw.table["a"].tolist() == ["ł"]
    assert raw.notes[0].endswith("read as latin-2, as its address says")
    with pytest.raises(DataError, match="no encoding 'klingon'") as caught:
        read("t.csv#encoding=klingon", tmp_path)
    assert "cp1252" in caught.value.fix
    with pytest.raises(DataError, match="no encoding of text"):
        read("t.csv#encoding=base64", tmp_path)
    with pytest.raises(DataError, match="byte 0xb3 is not UTF-8") as caught:
        read("t.csv#encoding=utf-8", tmp_path)
    assert caught.value.where.endswith("t.csv#encoding=utf-8:2")


BROKEN = {
    "a broken byte among good letters": ("a,é\n1,ü\n3,".encode() + b"\xe9\n", ":3"),
    "cut inside the last letter": ("a,é\n1,ü\n".encode() + b"3,\xc3", ":3"),
    "an odd byte of UTF-16": ("a,b\n1,2\n".encode("utf-16") + b"\n", ""),
    "a zero byte": (b"a,b\n1,2\n\n3,\0\n", ":4"),
    "control characters": (b"a,b\n" + bytes([3, 4, 5, 6, 7, 0xE9]) * 20, ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_text_is_refused(tmp_path: Path, name: str) -> None:
    content, line = BROKEN[name]
    path = file(tmp_path, "t.csv", content)
    with pytest.raises(DataError) as caught:
        read(path, tmp_path)
    assert caught.value.where.startswith(f"{path}{line}")
    assert caught.value.fix


def test_an_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_encoding, "BLOCK", 512)
    monkeypatch.setattr(_encoding, "_LONGEST_LINE", 4_000)
    path = file(tmp_path, "t.csv", b"a,b\n1,2\n" + b"x" * 10_000 + b"\n")
    with pytest.raises(DataError, match="longer than 4,000 bytes") as caught:
        read(path, tmp_path)
    assert caught.value.where == f"{path}:3"
    assert read(file(tmp_path, "t.csv", b"a,b\n" + b"1,2\n" * 5_000), tmp_path).table["a"].size == 5_000


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), max_size=6))
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_any_text_comes_back(tmp_path: Path, codec: str, cells: list[str]) -> None:
    comes_back(tmp_path, codec, cells)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=4), max_size=4))
@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_most_text_comes_back_without_a_mark(tmp_path: Path, codec: str, cells: list[str]) -> None:
    comes_back(tmp_path, codec, cells)


def comes_back(folder: Path, codec: str, cells: list[str]) -> None:
    lines = "".join('"' + cell.replace('"', '""') + '",x\n' for cell in cells)
    path = file(folder, "t.csv", f"first column,second column\n{lines}".encode(codec))
    assert read(path, folder).table["first column"].tolist() == [cell or None for cell in cells]
