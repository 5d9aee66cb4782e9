"""`verify`: is a bundle whole, and does it answer here as it did where it was built."""

import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec
import numpy as np

from smeaton.bundle.read import Bundle, open_bundle
from smeaton.bundle.samples import as_json, difference
from smeaton.errors import BundleError, SmeatonError
from smeaton.runtime.call import Call
from smeaton.runtime.check import effect_of, tolerance_of, untrusted
from smeaton.runtime.engine import Engine
from smeaton.task.structure import answered
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, Table
from smeaton.task.task import Task
from smeaton.task.types import Type
from smeaton.task.values import value_reader

SAMPLES_FILE = "samples.jsonl"


class Sample(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One line of `samples.jsonl`: a row as a client sends it, and for pure programs its answer."""

    input: dict[str, Any]
    output: dict[str, Any] | None = None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked and what came of it. `largest` is the largest difference to a stored answer."""

    ok: bool
    name: str
    hash: str
    outcome: str
    files: int
    samples: int
    compared: Literal["exact", "schema", "none"]
    largest: float = 0.0
    signature: str = "no signature; hashes detect damage only"
    problems: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """The same as plain JSON data."""
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found

    def lines(self) -> list[str]:
        """The same for people."""
        how = {
            "exact": f"{self.samples} samples answered as when it was built (largest difference {self.largest:.1e})",
            "schema": f"{self.samples} samples: form checked only, its answers may change by design",
            "none": f"{self.samples} samples can be read; none was answered" if self.samples else "none were replayed",
        }
        checked = how[self.compared] if self.ok else f"{len(self.problems)} problems"
        return [
            f"{self.name}  {self.hash[:12]}  {self.outcome}",
            f"files: {self.files} whole",
            f"samples: {checked}",
            f"signature: {self.signature}",
            *(f"problem: {problem}" for problem in self.problems),
        ]


def verify(
    path: Path, *, allow_external: Collection[str] = (), trust: Collection[str] = (), call: Call | None = None
) -> Verdict:
    """Check every file and replay the samples. External programs are not called unless their hosts are allowed (and
    `call` brings the money): without, their samples are only read. A stateful one is replayed on a fresh copy of its
    seed state. Code that is not trusted does not run: then, too, the samples are only read.

    Raises:
        BundleError: it is damaged, altered, or of a future version. ProgramError: it cannot run here.
    """
    bundle = open_bundle(path)
    if (effect_of(bundle.program) == "external" and not allow_external) or untrusted(bundle.program, trust):
        samples = read_samples(bundle)
        return _verdict(bundle, "none", len(samples), problems=tuple(row_faults(bundle, samples)))
    with (
        tempfile.TemporaryDirectory(prefix="smeaton-verify-") as scratch,
        bundle.engine(state_dir=Path(scratch), allow_external=allow_external, trust=trust) as engine,
    ):
        return replay(bundle, engine, call)


def replay(bundle: Bundle, engine: Engine, call: Call | None = None) -> Verdict:
    """Answer the stored samples with a loaded engine: pure programs must agree within the tolerance of their
    steps, others in form."""
    samples = read_samples(bundle)
    if not samples:
        return _verdict(bundle, "none", 0)
    try:
        answers = engine.rows([sample.input for sample in samples], call)
    except SmeatonError as error:
        return _verdict(bundle, "none", 0, problems=(f"the samples were not answered: {error.message}",))
    exact = engine.effect == "pure" and bundle.manifest.samples == "exact"
    problems = list(form_faults(bundle.task, engine.program.outputs, answers))
    if not exact:
        return _verdict(bundle, "schema", len(samples), problems=tuple(problems))
    largest, tolerance = 0.0, tolerance_of(engine.program, elsewhere=True)
    for number, (sample, found) in enumerate(zip(samples, as_json(answers), strict=True)):
        apart = difference(sample.output or {}, found, tolerance)
        largest = max(largest, apart)
        if apart > tolerance:
            problems.append(f"sample {number + 1} is answered with {found}, not with {sample.output}")
    return _verdict(bundle, "exact", len(samples), largest, tuple(problems))


def read_samples(bundle: Bundle) -> list[Sample]:
    """The stored samples.

    Raises:
        BundleError: a line is not a sample.
    """
    path = bundle.path / SAMPLES_FILE
    try:
        return msgspec.json.Decoder(Sample).decode_lines(path.read_bytes()) if path.exists() else []
    except msgspec.DecodeError as error:
        raise BundleError(f"a line is not a sample: {error}", where=str(path), fix="build the bundle again") from error


def row_faults(bundle: Bundle, samples: Sequence[Sample]) -> Iterator[str]:
    """Why rows of samples are none that the program takes."""
    readers = {name: value_reader(bundle.task.input_types[name]) for name in bundle.program.inputs}
    for number, sample in enumerate(samples, 1):
        for name, read in readers.items():
            try:
                read(sample.input.get(name))
            except ValueError as error:
                yield f"sample {number}: {name}: {error}"


def form_faults(task: Task, outputs: Collection[str], answers: Table) -> list[str]:
    """What is wrong with the form of answers: known labels or finite numbers, lists of known labels, structures of
    their type, shares that sum to one (of any number of labels each within 0 and 1); a row whose `error` is set may be
    null."""
    failed = (
        np.array([reason is not None for reason in answers[ERROR]])
        if ERROR in answers
        else np.zeros(len(next(iter(answers.values()))), dtype=bool)
    )
    faults = [f"the output {name!r} is missing" for name in outputs if name not in answers]
    for number, value in enumerate(answers.get(PREDICTION, ())):
        if not failed[number] and not _fits(task, value):
            faults.append(f"row {number + 1} has the prediction {value!r}")
    if PROBABILITY in answers:
        shares = np.asarray(answers[PROBABILITY])
        if shares.ndim != 2 or shares.shape[1] != len(task.labels):
            faults.append(f"probability has shape {shares.shape}, and there are {len(task.labels)} labels")
        elif task.answer == "many":
            if not bool(((shares[~failed] >= 0) & (shares[~failed] <= 1)).all()):
                faults.append("probabilities do not lie between 0 and 1")
        elif not np.allclose(shares[~failed].sum(axis=1), 1.0, atol=1e-6):
            faults.append("probabilities do not sum to one")
    return faults


def _fits(task: Task, value: Any) -> bool:
    kind = task.output_type
    plain = value.item() if isinstance(value, np.generic) else value
    if kind.is_class:
        return any(plain == label and type(plain) is type(label) for label in task.labels)
    if kind.answer in ("many", "structure"):
        return _reads(answered(kind), plain)
    if kind.type in ("number", "integer"):
        return isinstance(plain, int | float) and bool(np.isfinite(plain))
    return kind.optional if plain is None else kind.type != "text" or isinstance(plain, str)


def _reads(kind: Type, value: Any) -> bool:
    """Whether a list or object is of its type: what a reader of the type gives for it is the same value."""
    try:
        return bool(value_reader(kind)(value) == value)
    except ValueError:
        return False


def _verdict(
    bundle: Bundle,
    compared: Literal["exact", "schema", "none"],
    samples: int,
    largest: float = 0.0,
    problems: tuple[str, ...] = (),
) -> Verdict:
    return Verdict(
        ok=not problems,
        name=bundle.manifest.name,
        hash=bundle.hash,
        outcome=bundle.manifest.outcome,
        files=len(bundle.manifest.files) + 1,
        samples=samples,
        compared=compared,
        largest=largest if np.isfinite(largest) else -1.0,
        problems=problems,
    )
