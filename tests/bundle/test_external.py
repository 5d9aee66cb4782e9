"""Bundles whose program talks to other machines are verified without a call."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from smeaton.bundle.verify import Sample, read_samples, row_faults, verify
from smeaton.bundle.write import write_bundle
from smeaton.runtime.program import Program


@pytest.fixture
def external(tmp_path: Path, make_manifest: Any, program_folder: Path) -> Any:
    manifest = make_manifest()
    last = manifest.program.steps[-1]
    args = {"offset": 0.0, "host": "chat.example", "price": 0.0}
    steps = (*manifest.program.steps[:-1], msgspec.structs.replace(last, op="test_external", args=args))
    program = Program(inputs=manifest.program.inputs, steps=steps, outputs=manifest.program.outputs)
    return write_bundle(tmp_path / "e.bundle", msgspec.structs.replace(manifest, program=program), program_folder)


def test_samples_are_read_and_none_is_answered(external: Any) -> None:
    verdict = verify(external.path)
    assert (verdict.ok, verdict.compared, verdict.samples) == (True, "none", 32)
    assert "samples: 32 samples can be read; none was answered" in verdict.lines()


def test_a_row_that_the_program_does_not_take_is_a_problem(external: Any) -> None:
    odd = Sample(input={name: {"not": "a value"} for name in external.program.inputs})
    faults = list(row_faults(external, [*read_samples(external), odd]))
    assert [fault.split(": ")[:2] for fault in faults] == [["sample 33", name] for name in external.program.inputs]
