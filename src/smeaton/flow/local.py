"""A model server on this machine, for as long as a build or a bundle needs one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from smeaton.llm.endpoint import LOCAL
from smeaton.runtime.check import externals
from smeaton.runtime.program import Program
from smeaton.task.task import Task

#: Families that ask a language model.
_ASKING = ("prompt", "prompt_search", "distil", "cascade")


def asks(program: Program) -> bool:
    """Whether a program asks a model on this machine."""
    return any(external.host == LOCAL for external in externals(program))


def wants(task: Task) -> bool:
    """Whether a build of the task may try models on this machine: a family that asks some may run."""
    only, never = task.solutions.only, task.solutions.never
    return any(name not in never and (only is None or name in only) for name in _ASKING)


@contextmanager
def served(needed: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Where a model on this machine is `needed`, none is served, and the operator named a GGUF file (`SMEATON_GGUF`, or
    `gguf` of `[providers.local]`), serve it until the block ends; `say` is told.

    Raises:
        InputError: the file or the server's software is missing, or the server does not start.
    """
    from smeaton.llm import local

    gguf: Path | None = local.wanted() if needed else None
    if gguf is None or local.address() is not None:
        yield
        return
    with local.started(gguf) as server:
        say(f"{gguf.name} is served on this machine by {server.kind}, until this ends")
        yield
