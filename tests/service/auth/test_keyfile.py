"""The file of keys: what is written is read again, and anything else is refused with its place."""

import hashlib
import tomllib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import InputError
from smeaton.service.auth.keyfile import Key, new_key, parse, render
from smeaton.service.auth.scopes import MEANINGS, SCOPES, checked_scopes

HASH = "sha256:" + "ab" * 32
GOOD = f"""\
[[key]]
name = "ci"
hash = "{HASH}"
scopes = ["predict"]
created = 2026-01-31T12:00:00Z
"""

moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC))


@st.composite
def keys(draw: st.DrawFn) -> Key:
    first, second = sorted(draw(st.tuples(moments, moments).filter(lambda pair: pair[0] != pair[1])))
    return Key(
        name=draw(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", fullmatch=True)),
        digest=draw(st.binary(min_size=32, max_size=32)),
        scopes=draw(st.frozensets(st.sampled_from(SCOPES), min_size=1)),
        created=first,
        expires=draw(st.sampled_from([None, second])),
    )


@given(
    st.lists(keys(), max_size=5, unique_by=lambda key: key.name).filter(
        lambda found: len({key.digest for key in found}) == len(found)
    )
)
def test_what_is_written_is_read(found: list[Key]) -> None:
    text = render(found)
    assert parse(text, "keys.toml") == tuple(found)
    assert set(tomllib.loads(text)) == {"key"}


@given(st.text() | st.from_regex(r"\[\[key\]\]\n(name|hash|scopes) = .*\n"))
def test_any_other_text_is_refused_in_words(text: str) -> None:
    with pytest.raises(InputError) as refused:
        parse(text, "keys.toml")
    assert refused.value.fix
    assert refused.value.where.startswith("keys.toml")


def test_a_new_key_is_random_and_kept_as_a_hash() -> None:
    text, key = new_key("ci", ["predict"], timedelta(days=90))
    other, _ = new_key("ci", ["predict"])
    assert text != other
    assert text.startswith("smk_")
    assert len(text) == 47  # 32 bytes in base64, and the prefix
    assert key.digest == hashlib.sha256(text.encode()).digest()
    assert key.expires == key.created + timedelta(days=90)
    assert text not in render([key])
    assert key.digest.hex() not in repr(key)


@pytest.mark.parametrize(
    ("before", "after", "word", "line"),
    [
        ('name = "ci"', 'name = "c i"', "no proper name", 1),
        ('name = "ci"\n', "", "no proper name", 1),
        ("hash = ", "hsah = ", "unknown", 1),
        (HASH, "smk_secret", "hash of 'ci'", 1),
        (HASH, HASH.upper(), "hash of 'ci'", 1),
        ('["predict"]', '["preditc"]', "no scope 'preditc'", 1),
        ('["predict"]', "[]", "allows nothing", 1),
        ('["predict"]', '"predict"', "no list", 1),
        ("12:00:00Z", "12:00:00", "no moment in UTC", 1),
        ("12:00:00Z", "12:00:00+02:00", "no moment in UTC", 1),
        ("2026-01-31T12:00:00Z", '"2026-01-31"', "no moment in UTC", 1),
        ("created = 2026-01-31T12:00:00Z\n", "", "no moment in UTC", 1),
        ("00Z\n", "00Z\nexpires = 2026-01-31T12:00:00Z\n", "expires before", 1),
        ("00Z\n", "00Z\n\n" + GOOD, "the name 'ci' is there twice", 7),
        ("00Z\n", "00Z\n\n" + GOOD.replace("ci", "cd"), "the hash of 'cd' is there twice", 7),
        ("00Z\n", "00Z\nnot toml\n", "not valid TOML", 6),
        ("[[key]]", "[[keys]]", r"only \[\[key\]\]", None),
        ("[[key]]", "[key]", "no keys in it", None),
        (GOOD, "", "no keys in it", None),
        (GOOD, "a = " + "[" * 5000, "nested too deeply", None),
    ],
)
def test_what_is_wrong_is_said_with_its_line(before: str, after: str, word: str, line: int | None) -> None:
    with pytest.raises(InputError, match=word) as refused:
        parse(GOOD.replace(before, after, 1), "keys.toml")
    assert refused.value.where == (f"keys.toml:{line}" if line else "keys.toml")
    assert refused.value.fix
    assert "smk_secret" not in str(refused.value)


def test_entries_in_another_form_of_toml_are_counted() -> None:
    entry = GOOD.replace("[[key]]\n", "").strip().replace("\n", ", ")
    assert parse(f"key = [{{{entry}}}]", "keys.toml") == parse(GOOD, "keys.toml")
    with pytest.raises(InputError) as refused:
        parse(f'key = [{{{entry}}}, {{name = "x"}}]', "keys.toml")
    assert refused.value.where == "keys.toml: key 2"


def test_plain_keys_are_refused_with_the_command_that_makes_better_ones() -> None:
    with pytest.raises(InputError, match="plain keys") as refused:
        parse("a-long-enough-key-1\n\nanother+key/that=is==\n", "my keys")
    assert "smeaton key new 'my keys.toml' --name NAME --scope predict" in refused.value.fix
    assert "a-long" not in str(refused.value)


def test_no_keys_are_said_to_be_none() -> None:
    assert render([]).endswith("key = []\n")
    assert parse(render([]), "keys.toml") == ()


@pytest.mark.parametrize("name", ["", "-x", "a b", "x" * 65, 'a"', "a\n", "ü"])
def test_names_are_plain_words(name: str) -> None:
    with pytest.raises(InputError, match="no name for a key"):
        new_key(name, ["predict"])


def test_scopes() -> None:
    assert SCOPES == ("predict", "feedback", "learn", "metrics", "admin")
    assert all(MEANINGS.values())
    assert checked_scopes(["admin"]) == {"admin"}, "admin holds no other scope"
    with pytest.raises(InputError, match="no scope 'Admin'") as refused:
        checked_scopes(["Admin"])
    assert refused.value.fix == "did you mean 'admin'?"


def test_an_end_beyond_all_calendars() -> None:
    with pytest.raises(InputError, match="too far away"):
        new_key("ci", ["predict"], timedelta(days=9_999_999))
