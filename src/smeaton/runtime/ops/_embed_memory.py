"""Where an `embed` step may look up vectors it made before: nowhere, unless the caller says so for a block of code.

Building asks for the vectors of the same texts many times (folds, proofs, the test), and one text can cost a tenth of a
second. Serving never looks anything up: what is measured there is the work itself.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

import numpy as np

from smeaton.task.table import Array

Compute = Callable[[Sequence[str]], Array]


class Memory(Protocol):
    """A store of vectors. `key` names everything that decides a vector but the text: files, settings."""

    def vectors(self, key: str, texts: Sequence[str], compute: Compute) -> Array:
        """The vectors of different texts, float32 (texts, dim); what is not known is computed and kept."""
        ...


class Kept:
    """A store in the memory of this process, for as long as it is held."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], Array] = {}

    def vectors(self, key: str, texts: Sequence[str], compute: Compute) -> Array:
        """The vectors of different texts."""
        new = [text for text in texts if (key, text) not in self._known]
        self._known.update(((key, text), vector) for text, vector in zip(new, compute(new), strict=True))
        return np.stack([self._known[key, text] for text in texts])


_memory: ContextVar[Memory | None] = ContextVar("smeaton_embed_memory", default=None)


@contextmanager
def remembering(memory: Memory | None) -> Iterator[None]:
    """Let the `embed` steps that run in this block look vectors up in `memory` (None: compute them all)."""
    token = _memory.set(memory)
    try:
        yield
    finally:
        _memory.reset(token)


_threads: ContextVar[int] = ContextVar("smeaton_embed_threads", default=1)


@contextmanager
def on_threads(count: int) -> Iterator[None]:
    """Let the `embed` steps that run in this block use so many threads for a table. Elsewhere they use one."""
    token = _threads.set(count)
    try:
        yield
    finally:
        _threads.reset(token)


def threads() -> int:
    """How many threads the block that runs may use."""
    return _threads.get()


def memory() -> Memory | None:
    """The store of the block that runs."""
    return _memory.get()
