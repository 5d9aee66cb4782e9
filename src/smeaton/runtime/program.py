"""`Program`: how a solution runs. Plain data; `engine.py` runs it."""

from typing import Any

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """One op applied to columns.

    `inputs` are columns of earlier steps, or of the task's inputs. `args` are the op's own settings, plain JSON.
    `files` are names relative to the program's folder. `state` names a subfolder of the state folder. With `when` (a
    boolean column) only the rows where it is true go through; for the others each output is copied from the column
    of the same position in `otherwise`.
    """

    op: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    args: dict[str, Any] = {}
    files: tuple[str, ...] = ()
    state: str | None = None
    when: str | None = None
    otherwise: tuple[str, ...] = ()


class Program(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Steps in order, and the columns they end in.

    `inputs` are the task's input columns the program reads. `outputs` name what callers get: `prediction`, for classes
    also `probability` (2-D float64 in label order), and where answers can fail `error`. Files lie in the folder the
    program was exported to; paths inside are relative, so the folder can be moved.
    """

    inputs: tuple[str, ...]
    steps: tuple[Step, ...]
    outputs: tuple[str, ...]

    def files(self) -> tuple[str, ...]:
        """Every file the program needs, each once, in step order."""
        return tuple(dict.fromkeys(name for step in self.steps for name in step.files))


PROGRAM_FILE = "program.json"
