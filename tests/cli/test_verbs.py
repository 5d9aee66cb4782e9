"""The exact forms others script against: verbs, JSON keys, columns, exit codes, help."""

import csv
import json
from pathlib import Path

import pytest
from tests.conftest import Example, as_csv, client_rows, smeaton

from smeaton.cli import VERBS, main

BUILD_KEYS = {"outcome", "reasons", "bundle", "winner", "metric", "test", "seconds", "trials"}


def said_by(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    code = main([*map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_build_says_as_json_what_scripts_need(example: Example) -> None:
    said = example.said
    assert said.keys() >= BUILD_KEYS
    assert said["outcome"] == "ready"
    assert said["reasons"] == []
    assert said["winner"] == "quick.py:quick"
    assert said["metric"] == "log_loss"
    assert said["test"].keys() == {"value", "low", "high"}
    assert said["test"]["low"] <= said["test"]["value"] <= said["test"]["high"]
    assert said["trials"] == 2
    assert 0 < said["seconds"] < 60
    assert said["test_opened"] == 1
    assert Path(said["bundle"]) == example.folder / "clients.bundle"


def test_verify(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said_by(capsys, "verify", example.bundle)
    assert code == 0
    assert "ok" in out.lower() or "whole" in out.lower() or "verified" in out.lower(), out
    code, out, _ = said_by(capsys, "verify", example.bundle, "--json")
    assert code == 0
    assert json.loads(out)["ok"] is True


def test_verify_refuses_a_changed_byte(copied: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bundle = copied / "clients.bundle"
    file = next(path for path in bundle.rglob("*.onnx"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    for verb in (["verify", bundle], ["predict", bundle, copied / "clients.csv", "-o", copied / "out.csv"]):
        code, out, err = said_by(capsys, *verb)
        assert code == 2
        assert file.name in out + err
        assert not (copied / "out.csv").exists()


def test_board_of_a_folder_and_of_a_bundle(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    code, folder, _ = said_by(capsys, "board", example.folder)
    assert code == 0
    assert "quick.py:quick" in folder
    assert "baseline" in folder
    assert "95 % interval" in folder
    code, bundle, _ = said_by(capsys, "board", example.bundle)
    assert (code, bundle) == (0, folder)
    code, out, _ = said_by(capsys, "board", example.folder, "--json")
    rows = json.loads(out)["rows"]
    assert [row["family"] for row in rows] == ["quick.py:quick", "baseline"]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_predict_gives_one_row_for_each_in_order(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = client_rows(30, seed=9)
    (tmp_path / "new.csv").write_text(as_csv(rows))
    code, out, err = said_by(capsys, "predict", example.bundle, tmp_path / "new.csv", "-o", tmp_path / "out.csv")
    assert (code, err) == (0, "")
    assert "log_loss on the 30 rows with a known answer" in out
    answers = read(tmp_path / "out.csv")
    assert list(answers[0]) == ["client", "prediction", "probability_false", "probability_true", "error"]
    assert [row["client"] for row in answers] == [row["client"] for row in rows]
    assert {row["prediction"] for row in answers} == {"true", "false"}
    for row in answers:
        assert float(row["probability_false"]) + float(row["probability_true"]) == pytest.approx(1)
        assert (float(row["probability_true"]) > 0.5) == (row["prediction"] == "true")
    right = sum((a["prediction"] == "true") == (b["churned"] == "yes") for a, b in zip(answers, rows, strict=True))
    assert right > 24


def test_predict_keeps_the_place_of_what_it_cannot_read(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = client_rows(6, seed=3)
    for row in rows:
        row.pop("churned")
    rows[1]["age"] = "old"
    rows[4]["plan"] = None
    rows[5]["plan"] = "never seen"
    source, output = tmp_path / "new.csv", tmp_path / "out.csv"
    source.write_text(as_csv(rows))
    code, out, err = said_by(capsys, "predict", example.bundle, source, "-o", output)
    assert code == 6
    assert "log_loss" not in out
    assert "2 rows could not be read" in err
    answers = read(output)
    assert [row["client"] for row in answers] == [row["client"] for row in rows]
    for number in (1, 4):
        assert answers[number]["error"]
        assert answers[number]["prediction"] == answers[number]["probability_true"] == ""
    assert "age" in answers[1]["error"]
    assert "plan" in answers[4]["error"]
    assert all(answers[number]["prediction"] for number in (0, 2, 3, 5)), "an unseen category is no fault"
    code, out, _ = said_by(capsys, "predict", example.bundle, source, "-o", output, "--json")
    said = json.loads(out)
    assert (code, said["rows"], said["unreadable"], said["metric"]) == (6, 6, 2, None)


def test_predict_counts_what_it_cannot_read_as_wrong(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = client_rows(40, seed=4)
    scores = []
    for _ in range(2):
        (tmp_path / "new.csv").write_text(as_csv(rows))
        _, out, _ = said_by(
            capsys, "predict", example.bundle, tmp_path / "new.csv", "-o", tmp_path / "out.csv", "--json"
        )
        found = json.loads(out)["metric"]
        assert found["name"] == "log_loss"
        assert found["rows"] == 40
        scores.append(found["value"])
        rows[7]["age"] = "old"
    assert scores[1] > scores[0]


def test_predict_strict_stops_and_writes_nothing(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = client_rows(6, seed=3)
    rows[2]["age"] = "old"
    source, output = tmp_path / "new.csv", tmp_path / "out.csv"
    source.write_text(as_csv(rows))
    output.write_text("earlier answers")
    code, _, err = said_by(capsys, "predict", example.bundle, source, "-o", output, "--strict")
    assert code == 2
    assert f"{source}:4" in err
    assert "age" in err
    assert output.read_text() == "earlier answers"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.csv", "out.csv"]


@pytest.mark.parametrize("ending", ["tsv", "jsonl"])
def test_predict_reads_and_writes_other_forms(
    ending: str, example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = client_rows(10, seed=5)
    (tmp_path / "new.csv").write_text(as_csv(rows))
    source = tmp_path / f"new.{ending}"
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    source.write_text(lines if ending == "jsonl" else as_csv(rows, "\t"))
    assert said_by(capsys, "predict", example.bundle, tmp_path / "new.csv", "-o", tmp_path / "plain.csv")[0] == 0
    assert said_by(capsys, "predict", example.bundle, source, "-o", tmp_path / f"out.{ending}")[0] == 0
    plain = read(tmp_path / "plain.csv")
    text = (tmp_path / f"out.{ending}").read_text()
    if ending == "jsonl":
        found = [json.loads(line) for line in text.splitlines()]
        assert [row["prediction"] for row in found] == [row["prediction"] == "true" for row in plain]
        assert [row["probability_true"] for row in found] == [float(row["probability_true"]) for row in plain]
        assert found[0]["error"] is None
    else:
        assert text.replace("\t", ",") == (tmp_path / "plain.csv").read_text()


def test_predict_refuses(example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = client_rows(5)
    source = tmp_path / "new.csv"
    source.write_text(as_csv([{name: value for name, value in row.items() if name != "plan"} for row in rows]))
    out = tmp_path / "out.csv"
    cases = {
        "no column 'plan'": [example.bundle, source, "-o", out],
        "unknown ending": [example.bundle, source, "-o", tmp_path / "out.xlsx"],
        "there is no folder": [example.bundle, source, "-o", tmp_path / "no" / "out.csv"],
        "is the input itself": [example.bundle, source, "-o", source],
        "nothing.csv": [example.bundle, tmp_path / "nothing.csv", "-o", out],
        "no.bundle": [tmp_path / "no.bundle", source, "-o", out],
    }
    before = source.read_text()
    for word, arguments in cases.items():
        code, _, err = said_by(capsys, "predict", *arguments)
        assert code == 2, word
        assert word in err
        assert "fix: " in err
        assert [path.name for path in tmp_path.iterdir()] == ["new.csv"], word
    assert source.read_text() == before


def test_predict_an_empty_table(example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "new.csv"
    source.write_text("client,age,plan,spend\n")
    assert said_by(capsys, "predict", example.bundle, source, "-o", tmp_path / "out.csv")[0] == 0
    assert (tmp_path / "out.csv").read_text() == "client,prediction,probability_false,probability_true,error\n"


def test_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert all(f"\n    {verb} " in out for verb in VERBS)
    assert "exit codes: 0 ready" in out


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_each_verb_has_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    out = capsys.readouterr().out
    assert f"smeaton {verb}" in out.split("positional arguments")[0].split("\n", 3)[-1]
    assert "--json" in out


def test_version_and_process(example: Example, tmp_path: Path) -> None:
    assert smeaton("--version").stdout.startswith("smeaton 0.")
    (tmp_path / "new.csv").write_text(as_csv(client_rows(3)))
    done = smeaton("predict", example.bundle, "new.csv", "-o", "out.csv", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "3 rows answered into out.csv" in done.stdout
