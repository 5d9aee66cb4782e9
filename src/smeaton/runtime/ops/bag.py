"""A text column to weighted sums of table rows, one sum per table. The specification is docs/text_op.md.

A linear model over hashed words, a class-wise log count, an averaged word vector: all are such sums. Arguments:

- `blocks`: groups of features, each `{"words": [1, 2]}`, `{"chars": [2, 3, 4, 5]}` or both
- `buckets`: a feature's key is its hash modulo this; 0 (default) = its whole 32-bit hash
- `count`: how a count c is scaled: `log1p` (default) log(1 + c), `log` 1 + log(c), `plain` c, `once` 1
- `norm`: divide the weights (scaled count x idf) of each block by their Euclidean length over known keys (default true)

One input (`text:<name>`). For each output, a table of three files in this order: `<x>.keys.npy` (V,) uint32, ascending;
`<x>.idf.npy` (V,) float32; `<x>.rows.npy` (V, d) float32. An output is (rows, d) float64; texts without a known
feature, and nulls, are zeros. The text is hashed once for all tables.
"""

from pathlib import Path

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._bag import BagTable, Block, Count, bag_parts
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table

_SUFFIXES = (".keys.npy", ".idf.npy", ".rows.npy")
#: Numbers of a table checked together at load.
_CHECKED = 1 << 20


class _Block(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    words: tuple[int, ...] = ()
    chars: tuple[int, ...] = ()


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    blocks: tuple[_Block, ...]
    buckets: int = 0
    count: Count = "log1p"
    norm: bool = True


class BagRunner:
    """A loaded `bag` step."""

    def __init__(self, step: Step, args: _Args, tables: list[BagTable]) -> None:
        self._input, self._outputs = step.inputs[0], step.outputs
        self._args = args
        self._blocks: list[Block] = [{"words": block.words, "chars": block.chars} for block in args.blocks]
        self._tables = tables

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Sum the rows of each table over the features of each text; nulls become zeros."""
        texts = columns[self._input].tolist()
        found = [np.zeros((len(texts), table.width)) for table in self._tables]
        for start, size, cells in bag_parts(texts, self._blocks, self._args.buckets, self._args.count):
            for table, out in zip(self._tables, found, strict=True):
                out[start : start + size] = table.sums(cells, size, len(self._blocks), self._args.norm)
        return dict(zip(self._outputs, found, strict=True))


class BagOp:
    """Sums of table rows over hashed words. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> BagRunner:
        """Check the arguments, and open and check the tables.

        Raises:
            ProgramError: wrong arguments, or a file that is missing, damaged, of another type or shape, with keys out
                of order or beyond `buckets`, or with a number that is not finite.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a bag step are wrong: {error}") from error
        sizes = [block.words + block.chars for block in args.blocks]
        if not 1 <= len(sizes) <= 255 or not all(size and min(size) >= 1 for size in sizes):
            raise ProgramError("a bag step needs 1 to 255 blocks, each with run sizes of 1 or more")
        if not 0 <= args.buckets <= 1 << 31:
            raise ProgramError(f"a bag step has 0 to 2^31 buckets, not {args.buckets}")
        if len(step.inputs) != 1 or not step.outputs or len(step.files) != 3 * len(step.outputs):
            raise ProgramError("a bag step has one input, and three files for each output: keys, idf and rows")
        names = [step.files[i : i + 3] for i in range(0, len(step.files), 3)]
        return BagRunner(step, args, [_table(files, name, args.buckets) for name in names])


def _table(files: Path, names: tuple[str, ...], buckets: int) -> BagTable:
    for name, suffix in zip(names, _SUFFIXES, strict=True):
        if not name.endswith(suffix):
            raise ProgramError(f"a bag step's file {name!r} should end in {suffix!r}: keys, idf and rows in this order")
    keys = _array(files / names[0], np.dtype("<u4"), 1)
    idf = _array(files / names[1], np.dtype("<f4"), 1)
    rows = _array(files / names[2], np.dtype("<f4"), 2)
    if not len(keys) == len(idf) == len(rows) or rows.shape[1] < 1:
        raise ProgramError(f"{names[0]} has {len(keys)} keys, its idf has shape {idf.shape}, its rows {rows.shape}")
    if not np.all(keys[1:] > keys[:-1]):
        raise ProgramError(f"the keys in {names[0]} must ascend, each once")
    if buckets and len(keys) and int(keys[-1]) >= buckets:
        raise ProgramError(f"{names[0]} has the key {int(keys[-1])}, but there are {buckets} buckets")
    for name, numbers in zip(names[1:], (idf, rows), strict=True):
        step = max(1, _CHECKED // max(1, numbers.size // max(1, len(numbers))))
        if not all(np.isfinite(numbers[i : i + step]).all() for i in range(0, len(numbers), step)):
            raise ProgramError(f"{name} holds a number that is not finite")
    return BagTable(np.array(keys), np.array(idf), rows, buckets)


def _array(path: Path, kind: np.dtype[np.generic], dimensions: int) -> Array:
    try:
        # Reads arrays of plain numbers only: nothing is unpickled.
        found = np.lib.format.open_memmap(path, mode="r")
    except (OSError, ValueError, EOFError) as error:
        raise ProgramError(f"{path.name} is no readable array: {error}") from error
    if found.dtype != kind or found.ndim != dimensions:
        holds = f"{found.dtype} of shape {found.shape}"
        raise ProgramError(f"{path.name} should hold {kind} in {dimensions} dimensions, and holds {holds}")
    # A plain view: `np.memmap` costs time in every slice.
    return found.view(np.ndarray)


part = BagOp()
