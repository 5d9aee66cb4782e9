import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.bundle import swap
from smeaton.bundle.manifest import Manifest, decode, encode
from smeaton.bundle.read import Bundle, open_bundle
from smeaton.bundle.verify import read_samples, verify
from smeaton.bundle.write import write_bundle
from smeaton.errors import BundleError, NotReady, ProgramError
from smeaton.runtime.program import Program, Step

Make = Callable[..., Manifest]


@pytest.fixture
def bundle(tmp_path: Path, make_manifest: Make, program_folder: Path) -> Bundle:
    return write_bundle(tmp_path / "churn.bundle", make_manifest(), program_folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_round_trip_keeps_everything(bundle: Bundle, make_manifest: Make) -> None:
    again = open_bundle(bundle.path)
    assert again == bundle
    assert again.manifest.seal
    assert set(contents(bundle.path)) == {
        "bundle.json",
        "card.md",
        "samples.jsonl",
        "sbom.cdx.json",
        "program/model.bin",
    }
    assert again.manifest.winner == make_manifest().winner
    assert again.manifest.samples == "exact"
    assert again.program == make_manifest().program
    assert {"python", "numpy", "smeaton"} <= again.manifest.environment.keys()
    with again.engine() as engine:
        assert engine.rows([{"age": 40, "city": "York", "seen": "2024-01-01"}])["prediction"].tolist() == [False]
    assert not again.default_state.exists()


def test_equal_inputs_give_equal_bytes_apart_from_created(
    tmp_path: Path, make_manifest: Make, program_folder: Path
) -> None:
    first = write_bundle(tmp_path / "a.bundle", make_manifest(), program_folder)
    second = write_bundle(tmp_path / "b.bundle", make_manifest(), program_folder)
    later = write_bundle(tmp_path / "c.bundle", make_manifest(created=""), program_folder)
    assert contents(first.path) == contents(second.path)
    assert first.hash == second.hash != later.hash
    a, c = contents(first.path), contents(later.path)
    a_json, c_json = json.loads(a.pop("bundle.json")), json.loads(c.pop("bundle.json"))
    assert a == c
    changed = {key for key in a_json if a_json[key] != c_json[key]}
    assert changed == {"created", "seal"}


def test_what_should_not_leave_the_machine_does_not(bundle: Bundle) -> None:
    everything = b"".join(contents(bundle.path).values())
    assert b"/home/someone" not in everything
    assert b"Whitby" not in everything  # seen in 3 rows
    assert bundle.manifest.profile["city"].rare == 3
    assert bundle.manifest.task.data.examples is not None
    assert bundle.manifest.task.data.examples.files == ("customers.csv",)


def test_a_number_that_is_not_finite_cannot_be_stated(make_manifest: Make) -> None:
    with pytest.raises(BundleError, match=r"bundle\.data.*not finite|bundle\.winner\.config\.c"):
        encode(make_manifest(winner=msgspec.structs.replace(make_manifest().winner, config={"c": float("nan")})))


def test_samples_are_synthetic_and_replayed(bundle: Bundle) -> None:
    samples = read_samples(bundle)
    assert len(samples) == 32
    assert {sample.input["city"] for sample in samples} == {"Leeds", "York", "a value never seen"}
    assert None in {sample.input["age"] for sample in samples}
    assert all(sample.output is not None and len(sample.output["probability"]) == 2 for sample in samples)
    verdict = verify(bundle.path)
    assert (verdict.ok, verdict.compared, verdict.samples, verdict.problems) == (True, "exact", 32, ())
    assert verdict.signature == "no signature; hashes detect damage only"
    assert any("no signature" in line for line in verdict.lines())
    assert verdict.as_dict()["hash"] == bundle.hash


def relisted(bundle: Bundle, name: str, content: bytes) -> None:
    """What an attacker without a key could do: change a file and its hash."""
    import hashlib

    (bundle.path / name).write_bytes(content)
    facts = json.loads((bundle.path / "bundle.json").read_bytes())
    facts["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    manifest = msgspec.convert(facts, Manifest)
    (bundle.path / "bundle.json").write_bytes(encode(manifest))


def test_another_answer_is_found(bundle: Bundle) -> None:
    relisted(bundle, "program/model.bin", b"other weights")
    verdict = verify(bundle.path)
    assert not verdict.ok
    assert verdict.largest > 1e-9
    assert "sample 1 is answered with" in verdict.problems[0]
    relisted(bundle, "samples.jsonl", b'{"input": {}, "outputs": {}}\n')
    with pytest.raises(BundleError, match="not a sample"):
        verify(bundle.path)


def test_not_ready_bundles_open_and_say_why(tmp_path: Path, make_manifest: Make, program_folder: Path) -> None:
    given = make_manifest(outcome="not ready", reasons=("p95 80 ms > 50 ms",))
    bundle = write_bundle(tmp_path / "n.bundle", given, program_folder)
    with pytest.raises(NotReady, match="p95 80 ms > 50 ms") as caught:
        bundle.require_ready()
    assert caught.value.exit_code == 3
    with pytest.raises(NotReady):
        bundle.require_ready(accept="  ")
    bundle.require_ready(accept="a demo")
    write_bundle(tmp_path / "r.bundle", make_manifest(), program_folder).require_ready()


@given(which=st.integers(0, 10**6), place=st.integers(0, 10**9), flip=st.integers(1, 255))
@settings(max_examples=60, deadline=None)
def test_a_changed_byte_anywhere_is_refused(
    tmp_path_factory: pytest.TempPathFactory, which: int, place: int, flip: int
) -> None:
    source = _shared_bundle(tmp_path_factory)
    folder = tmp_path_factory.mktemp("changed") / "churn.bundle"
    shutil.copytree(source, folder)
    names = sorted(contents(folder))
    path = folder / names[which % len(names)]
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= flip
    path.write_bytes(content)
    with pytest.raises(BundleError, match=re.escape(path.name)):
        open_bundle(folder)
    shutil.rmtree(folder)


_SHARED: dict[str, Path] = {}


def _shared_bundle(factory: pytest.TempPathFactory) -> Path:
    if not _SHARED:
        conftest = sys.modules[next(name for name in sys.modules if name.endswith("bundle.conftest"))]
        folder = factory.mktemp("shared")
        (folder / "model.bin").write_bytes(b"weights" * 10)
        _SHARED["path"] = write_bundle(folder / "churn.bundle", conftest.manifest(), folder).path
    return _SHARED["path"]


@given(cut=st.integers(1, 10**6), which=st.integers(0, 4))
@settings(max_examples=20, deadline=None)
def test_a_cut_file_is_refused(tmp_path_factory: pytest.TempPathFactory, cut: int, which: int) -> None:
    folder = tmp_path_factory.mktemp("cut") / "churn.bundle"
    shutil.copytree(_shared_bundle(tmp_path_factory), folder)
    path = folder / sorted(contents(folder))[which]
    content = path.read_bytes()
    path.write_bytes(content[: -(cut % len(content)) or None] if cut % len(content) else b"")
    with pytest.raises(BundleError):
        open_bundle(folder)
    shutil.rmtree(folder)


def _extra(folder: Path) -> None:
    (folder / "program" / "more.pkl").write_bytes(b"x")


def _extra_folder(folder: Path) -> None:
    (folder / "__pycache__").mkdir()


def _missing(folder: Path) -> None:
    (folder / "card.md").unlink()


def _link(folder: Path) -> None:
    (folder / "card.md").rename(folder.parent / "card.md")
    (folder / "card.md").symlink_to(folder.parent / "card.md")


def _linked_folder(folder: Path) -> None:
    (folder / "program").rename(folder.parent / "program")
    (folder / "program").symlink_to(folder.parent / "program")


def _pipe(folder: Path) -> None:
    (folder / "card.md").unlink()
    os.mkfifo(folder / "card.md")


def _socket(folder: Path) -> None:
    (folder / "card.md").unlink()
    here = Path.cwd()
    os.chdir(folder)  # socket paths are short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("card.md")
    finally:
        os.chdir(here)


def _folder_for_file(folder: Path) -> None:
    (folder / "card.md").unlink()
    (folder / "card.md").mkdir()


def _no_manifest(folder: Path) -> None:
    (folder / "bundle.json").unlink()


def _linked_manifest(folder: Path) -> None:
    (folder / "bundle.json").rename(folder.parent / "bundle.json")
    (folder / "bundle.json").symlink_to(folder.parent / "bundle.json")


def _edit(change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        facts = json.loads((folder / "bundle.json").read_bytes())
        change(facts)
        (folder / "bundle.json").write_text(json.dumps(facts, indent=2))

    return apply


def _listed(name: str) -> Callable[[Path], None]:
    def change(facts: dict[str, Any]) -> None:
        facts["files"][name] = facts["files"]["card.md"]

    def apply(folder: Path) -> None:
        facts = json.loads((folder / "bundle.json").read_bytes())
        change(facts)
        (folder / "bundle.json").write_bytes(encode(msgspec.convert(facts, Manifest)))

    return apply


def _nested_key(facts: dict[str, Any]) -> None:
    facts["profile"]["columns"][0]["secret"] = 1


def _program_elsewhere(facts: dict[str, Any]) -> None:
    facts["program"]["steps"][0]["files"] = ["absent.bin"]


def _score(folder: Path) -> None:
    path = folder / "bundle.json"
    path.write_text(path.read_text().replace("0.41", "0.11", 1))


def _repeated_key(folder: Path) -> None:
    path = folder / "bundle.json"
    path.write_text(path.read_text().replace('"name": "churn",', '"name": "churn",\n  "name": "churn",', 1))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_extra, r"'program/more\.pkl' is not listed"),
        (_extra_folder, "'__pycache__' is not listed"),
        (_missing, r"'card\.md' is missing"),
        (_link, r"'card\.md' is a link"),
        (_linked_folder, "'program' is a link"),
        (_pipe, r"'card\.md' is not a plain file"),
        (_socket, r"'card\.md' is not a plain file"),
        (_folder_for_file, r"'card\.md' is not a plain file"),
        (_no_manifest, r"no bundle\.json"),
        (_linked_manifest, r"bundle\.json is not a plain file"),
        (_listed("../card.md"), r"'\.\./card\.md' leaves the bundle"),
        (_listed("/etc/passwd"), "'/etc/passwd' leaves the bundle"),
        (_listed("program/../card.md"), "leaves the bundle"),
        (_listed("a\\b"), "leaves the bundle"),
        (_listed("C:x"), "leaves the bundle"),
        (_listed("bundle.json"), "cannot list itself"),
        (_edit(lambda facts: facts.update(format=2)), r"version 2; this Smeaton reads up to 1(.|\n)*pip install"),
        (_edit(lambda facts: facts.update(format=2, program=7)), "format version 2"),
        (_edit(lambda facts: facts.pop("format")), "no format version"),
        (_edit(lambda facts: facts.update(format="1")), "no format version"),
        (_edit(lambda facts: facts.update(extra=1)), "extra"),
        (_edit(_nested_key), "unknown key"),
        (_repeated_key, "unknown key, or was edited"),
        (_score, "its own hash differs"),
        (_edit(lambda facts: facts.pop("winner")), "winner"),
        (_edit(_program_elsewhere), "bundle.json"),
        (lambda folder: (folder / "bundle.json").write_bytes(b"\x80\x04pickle"), "not JSON"),
        (lambda folder: (folder / "bundle.json").write_bytes(b"[" * 100_000), "not JSON"),
        (lambda folder: (folder / "bundle.json").write_bytes(b"[]"), "no format version"),
    ],
)  # fmt: skip
def test_damage_is_refused_with_its_reason(bundle: Bundle, damage: Callable[[Path], None], reason: str) -> None:
    damage(bundle.path)
    with pytest.raises(BundleError, match=reason) as caught:
        open_bundle(bundle.path)
    assert caught.value.exit_code == 2
    assert caught.value.fix
    with pytest.raises(BundleError):
        verify(bundle.path)


def test_what_is_no_bundle_is_said(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no such bundle"):
        open_bundle(tmp_path / "none.bundle")
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="not a folder"):
        open_bundle(tmp_path / "file")


def test_a_link_to_a_bundle_is_followed(bundle: Bundle, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(bundle.path)
    assert open_bundle(tmp_path / "current").hash == bundle.hash


def test_an_older_bundle_is_replaced_and_other_things_are_not(
    bundle: Bundle, make_manifest: Make, program_folder: Path, tmp_path: Path
) -> None:
    newer = write_bundle(bundle.path, make_manifest(metric="accuracy"), program_folder)
    assert newer.hash != bundle.hash
    assert sorted(path.name for path in tmp_path.iterdir()) == ["churn.bundle", "exported"]
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "thesis.txt").write_text("years")
    with pytest.raises(BundleError, match="not a bundle is there; it was left"):
        write_bundle(tmp_path / "precious", make_manifest(), program_folder)
    assert (tmp_path / "precious" / "thesis.txt").read_text() == "years"


def test_a_failed_write_leaves_the_older_bundle_alone(
    bundle: Bundle, make_manifest: Make, program_folder: Path, tmp_path: Path
) -> None:
    (program_folder / "model.bin").unlink()
    with pytest.raises(ProgramError, match=r"model\.bin"):
        write_bundle(bundle.path, make_manifest(), program_folder)
    assert open_bundle(bundle.path).hash == bundle.hash
    assert sorted(path.name for path in tmp_path.iterdir()) == ["churn.bundle", "exported"]


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path, make_manifest: Make, program_folder: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BundleError, match="cannot be written"):
        write_bundle(tmp_path / "file" / "x.bundle", make_manifest(), program_folder)


@pytest.mark.parametrize("exchange", [True, False])
def test_a_stop_between_the_renames_loses_nothing(
    bundle: Bundle, make_manifest: Make, program_folder: Path, monkeypatch: pytest.MonkeyPatch, exchange: bool
) -> None:
    if not exchange:
        monkeypatch.setattr(swap, "_exchanged", lambda new, path: False)
    write_bundle(bundle.path, make_manifest(metric="accuracy"), program_folder)
    newer = open_bundle(bundle.path)
    assert newer.manifest.metric == "accuracy"
    aside = bundle.path.with_name(".churn.bundle.old-999999999")
    bundle.path.rename(aside)
    with pytest.raises(BundleError, match=r"older one is kept(.|\n)*mv '.*old-999999999'"):
        open_bundle(bundle.path)
    swap.mend(bundle.path)
    assert open_bundle(bundle.path) == newer
    (bundle.path.parent / ".churn.bundle.new-999999999").mkdir()
    write_bundle(bundle.path, make_manifest(), program_folder)
    assert sorted(path.name for path in bundle.path.parent.iterdir()) == ["churn.bundle", "exported"]


def _with_last(make_manifest: Make, op: str, **more: Any) -> Manifest:
    steps = make_manifest().program.steps
    last = Step(op=op, inputs=("numbers",), outputs=("prediction", "probability"), **more)
    program = Program(inputs=("age", "city", "seen"), steps=(steps[0], last), outputs=("prediction", "probability"))
    return make_manifest(program=program)


def test_a_stateful_program_is_judged_by_form_on_a_fresh_state(
    tmp_path: Path, make_manifest: Make, program_folder: Path
) -> None:
    (program_folder / "state/index").mkdir(parents=True)
    (program_folder / "state/index/words.txt").write_text("seed")
    given = _with_last(
        make_manifest, "test_state", args={"offset": 0.0}, state="index", files=("state/index/words.txt",)
    )
    bundle = write_bundle(tmp_path / "s.bundle", given, program_folder)
    assert bundle.manifest.samples == "schema"
    verdict = verify(bundle.path)
    assert (verdict.ok, verdict.compared, verdict.samples) == (True, "schema", 32)
    assert not bundle.default_state.exists()
    with bundle.engine() as engine:
        assert engine.state_revision == 0
    assert (tmp_path / "s.state/index/seed/words.txt").read_text() == "seed"


def test_an_external_program_is_not_called_without_leave(
    tmp_path: Path, make_manifest: Make, program_folder: Path
) -> None:
    args = {"offset": 0.0, "host": "chat.example", "price": 0.0}
    bundle = write_bundle(tmp_path / "e.bundle", _with_last(make_manifest, "test_external", args=args), program_folder)
    assert verify(bundle.path).compared == "none"
    assert verify(bundle.path, allow_external={"chat.example"}).compared == "schema"
    assert "chat.example" in (bundle.path / "card.md").read_text()
    with pytest.raises(ProgramError, match=r"chat\.example"):
        bundle.engine()


def test_the_card_says_what_a_reader_asks(bundle: Bundle) -> None:
    card = (bundle.path / "card.md").read_text()
    for expected in (
        "# churn", "Outcome: **ready**", "Who \\| will &lt;leave&gt;?", "log\\_loss on sealed test", "0.41", "0.3",
        "smeaton serve churn.bundle", "age alone scores 0.99", "too \\| few &lt;rows&gt;", "Values seen in few rows",
        "1,000 calls: unknown",
    ):  # fmt: skip
        assert expected in card
    assert "Whitby" not in card


def test_the_bill_of_materials_is_cyclonedx(bundle: Bundle) -> None:
    found = json.loads((bundle.path / "sbom.cdx.json").read_bytes())
    assert (found["bomFormat"], found["specVersion"]) == ("CycloneDX", "1.6")
    assert found["serialNumber"].startswith("urn:uuid:")
    model = found["metadata"]["component"]
    assert model["type"] == "machine-learning-model"
    metrics = model["modelCard"]["quantitativeAnalysis"]["performanceMetrics"]
    assert metrics[0] == {
        "type": "log_loss", "value": "0.41", "slice": "sealed test",
        "confidenceInterval": {"lowerBound": "0.3", "upperBound": "0.5"},
    }  # fmt: skip
    purls = {component.get("purl", "").split("@")[0]: component for component in found["components"]}
    assert purls["pkg:pypi/numpy"]["scope"] == "required"
    assert any(component["type"] == "file" and component["hashes"] for component in found["components"])
    references = {component["bom-ref"] for component in found["components"]}
    assert set(found["dependencies"][0]["dependsOn"]) <= references


def test_a_manifest_decodes_to_itself(make_manifest: Make) -> None:
    given = make_manifest()
    assert msgspec.structs.replace(decode(encode(given), "here"), seal="") == given


def test_importing_bundle_and_runtime_stays_light() -> None:
    code = """
        import sys
        import smeaton.bundle.write, smeaton.bundle.verify, smeaton.runtime.engine, smeaton.llm.ledger
        heavy = {"onnx", "onnxruntime", "sklearn", "lightgbm", "duckdb", "pandas", "polars", "pyarrow", "rich", "scipy",
                 "torch", "ruamel", "starlette", "pickle5"}
        print(sorted(heavy & sys.modules.keys()))
    """
    found = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


WRITER = """
import importlib.util, sys
from pathlib import Path
import pytest
spec = importlib.util.spec_from_file_location("conftest", sys.argv[3])
conftest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(conftest)
from smeaton.bundle.write import write_bundle
patch = pytest.MonkeyPatch()
conftest.install(patch)
number = 0
while True:
    metric = "accuracy" if number % 2 else "log_loss"
    write_bundle(Path(sys.argv[1]), conftest.manifest(metric=metric), Path(sys.argv[2]))
    print(number, flush=True)
    number += 1
"""


@pytest.mark.slow
def test_kill_9_while_replacing_always_leaves_a_whole_bundle(
    bundle: Bundle, program_folder: Path, make_manifest: Make
) -> None:
    conftest = str(Path(__file__).with_name("conftest.py"))
    for life in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(bundle.path), str(program_folder), conftest], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        for _ in range(1 + life % 3):
            assert process.stdout.readline()
        try:
            process.wait(timeout=0.007 * life)
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert open_bundle(bundle.path).manifest.name == "churn"
    write_bundle(bundle.path, make_manifest(), program_folder)
    assert sorted(path.name for path in bundle.path.parent.iterdir()) == ["churn.bundle", "exported"]
