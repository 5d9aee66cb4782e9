"""`key` as a user meets it."""

import json
from pathlib import Path

import pytest

from smeaton import cli
from smeaton.service.auth.keyring import KeyRing


@pytest.fixture(autouse=True)
def verb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "VERBS", tuple(dict.fromkeys([*cli.VERBS, "key"])))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.toml"


def said(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = cli.main(["key", *map(str, arguments)])
    got = capsys.readouterr()
    return code, got.out, got.err


def test_a_key_from_beginning_to_end(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scopes = ("--scope", "predict", "--scope", "feedback")
    code, out, err = said(capsys, "new", path, "--name", "ci", *scopes, "--expires", "90d")
    assert code == 0
    key = out.removesuffix("\n")
    assert key.startswith("smk_"), "the key and nothing else, so that a script can take it"
    assert key not in err + path.read_text()
    found = KeyRing.read(path).find(key)
    assert found is not None
    assert (found.name, found.scopes) == ("ci", {"predict", "feedback"})
    assert found.expires is not None
    assert (found.expires - found.created).days == 90
    assert path.stat().st_mode & 0o777 == 0o600

    assert said(capsys, "new", path, "--name", "dashboards", "--scope", "metrics")[0] == 0
    code, out, _ = said(capsys, "list", path)
    assert code == 0
    head, first, second = out.splitlines()
    assert head.split() == ["name", "scopes", "created", "expires"]
    assert first.startswith("ci          feedback, predict  2")
    assert second.endswith("  never")
    assert found.digest.hex() not in out

    code, out, _ = said(capsys, "revoke", path, "ci")
    assert code == 0
    assert "ci is revoked; 1 key is left" in out
    assert KeyRing.read(path).find(key) is None
    assert said(capsys, "revoke", path, "dashboards")[0] == 0
    assert "lets nobody in" in said(capsys, "list", path)[1]


def test_as_json(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "--json", "new", path, "--name", "ci", "--scope", "admin", "--expires", "12h")
    made = json.loads(out)
    assert (code, err) == (0, "")
    assert KeyRing.read(path).find(made["key"])
    assert (made["name"], made["scopes"], made["file"]) == ("ci", ["admin"], str(path))
    listed = json.loads(said(capsys, "list", path, "--json")[1])
    kept = {name: made[name] for name in ("name", "scopes", "created", "expires", "expired")}
    assert listed == {"file": str(path), "keys": [kept]}
    assert json.loads(said(capsys, "revoke", path, "ci", "--json")[1]) == {
        "revoked": "ci", "left": 0, "file": str(path)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "message", "fix"),
    [
        (("new", "FILE", "--name", "ci", "--scope", "predict"), "there is a key named 'ci' already", "ci-2"),
        (("new", "FILE", "--name", "a b", "--scope", "predict"), "no name for a key", "1 to 64 letters"),
        (("new", "FILE", "--name", "b", "--scope", "predcit"), "no scope 'predcit'", "did you mean 'predict'?"),
        (("new", "FILE", "--name", "b", "--scope", "predict", "--expires", "soon"), "no time from now", "90d or 12h"),
        (("new", "FILE", "--name", "b", "--scope", "predict", "--expires", "0d"), "no time from now", "90d or 12h"),
        (("new", "FILE", "--name", "b", "--scope", "predict", "--expires", "9999999d"), "too far away", "stays valid"),
        (("revoke", "FILE", "cii"), "no key named 'cii'", "did you mean 'ci'?"),
        (("revoke", "NONE", "ci"), "no such key file", "smeaton key new"),
        (("list", "NONE"), "no such key file", "smeaton key new"),
        (("list", "PLAIN"), "plain keys", "smeaton key new"),
    ],
)
def test_mistakes(
    path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str, fix: str
) -> None:
    assert said(capsys, "new", path, "--name", "ci", "--scope", "predict")[0] == 0
    plain = path.with_name("plain")
    plain.write_text("a-long-enough-key-1\n")
    plain.chmod(0o600)
    before = path.read_bytes()
    files = {"FILE": path, "NONE": path.with_name("none"), "PLAIN": plain}
    code, out, err = said(capsys, *(files.get(word, word) for word in arguments))
    assert (code, out) == (2, "")
    assert message in err.splitlines()[0]
    assert fix in err.splitlines()[1]
    assert path.read_bytes() == before


def test_a_key_without_a_scope_is_not_made(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        said(capsys, "new", path, "--name", "ci")
    assert ended.value.code == 2
    assert not path.exists()


def test_an_expired_key_is_shown_as_such(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said(capsys, "new", path, "--name", "ci", "--scope", "predict", "--expires", "12h")
    text = path.read_text()
    year = text[text.index("created = ") + 10 :][:4]
    path.write_text(text.replace(f"= {year}", "= 2001"))
    assert said(capsys, "list", path)[1].splitlines()[1].endswith("Z (expired)")
