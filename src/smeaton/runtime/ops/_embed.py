"""From texts to vectors: tokens, windows, an encoder or a table of token vectors, pooling.

Mean pooling over the tokens of a transformer follows Reimers and Gurevych 2019; a mean of static token vectors is the
oldest of sentence vectors (weighted: Arora, Liang and Ma 2017).
"""

import itertools
import mmap
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.extras import needs
from smeaton.runtime.ops._embed_memory import threads
from smeaton.task.table import Array

#: Padded tokens of one batch: enough that the cost of a call does not show, few enough that memory stays bounded.
BATCH_TOKENS = 384
#: Texts whose tokens are held at once.
PIECE = 2048
_TABLE_TOKENS = 16_384  # rows of a table gathered at once
#: Operators that look at the whole batch to scale their input, so that a row's answer depends on its neighbours.
_DYNAMIC = (b"DynamicQuantize", b"MatMulInteger")
#: Metadata of a quantised model that scales every token by itself.
ROWWISE = "smeaton.rowwise"
_HIDDEN = ("last_hidden_state", "token_embeddings", "hidden_states")
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")

Check = Callable[[], None]


def is_dynamic(path: Path) -> bool:
    """Whether an ONNX file holds quantised operators that look at the whole batch."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return data.find(ROWWISE.encode()) < 0 and any(data.find(name) >= 0 for name in _DYNAMIC)


class Tokens:
    """A tokenizer, asked one text at a time in one thread. `before` and `after` are the tokens around every text."""

    def __init__(self, path: Path) -> None:
        with needs("text"):
            from tokenizers import Tokenizer
        data = path.read_bytes()
        try:
            self._tokenizer = Tokenizer.from_buffer(data)
            form = msgspec.json.decode(data)
        except Exception as error:
            raise ProgramError(f"{path.name} is no tokenizer: {error}", fix="give a tokenizer.json") from error
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        probe = self._tokenizer.encode("a")
        words = [place for place, special in enumerate(probe.special_tokens_mask) if not special] or [1]
        self.before: list[int] = probe.ids[: words[0]]
        self.after: list[int] = probe.ids[words[-1] + (1 if len(probe.ids) > sum(probe.special_tokens_mask) else 0) :]
        model = form.get("model", {})
        unknown = model.get("unk_token")
        self.unknown: int | None = model.get("unk_id") if unknown is None else self._tokenizer.token_to_id(unknown)
        self.size = int(self._tokenizer.get_vocab_size())

    def __call__(self, text: str) -> list[int]:
        """The tokens of a text, without those around it."""
        try:
            found = self._tokenizer.encode(text, add_special_tokens=False)
        except (TypeError, UnicodeEncodeError):  # half of a surrogate pair, which no tokenizer can read
            found = self._tokenizer.encode(text.encode("utf-8", "replace").decode(), add_special_tokens=False)
        ids: list[int] = found.ids
        return ids


def windows_of(tokens: Sequence[int], room: int, most: int) -> list[Sequence[int]]:
    """A text's tokens as windows of at most `room`: all of them where `most` windows suffice, else `most` windows
    spread evenly from the first token to the last."""
    size = len(tokens)
    count = max(1, -(-size // room))
    if count <= most:
        edges = [size * i // count for i in range(count + 1)]
        return [tokens[start:end] for start, end in itertools.pairwise(edges)]
    starts = [round(i * (size - room) / max(most - 1, 1)) for i in range(most)]
    return [tokens[start : start + room] for start in starts]


@dataclass(frozen=True, slots=True)
class Settings:
    """How an encoder is asked: tokens of one window with those around it, windows of one text, pooling, and whether
    every window goes through it alone."""

    max_tokens: int
    windows: int
    cls: bool
    normalise: bool
    alone: bool


class OnnxEncoder:
    """A transformer as an ONNX model: token ids to hidden states (rows, tokens, dim), or to pooled vectors."""

    def __init__(self, path: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = 4
        options.enable_mem_pattern = False  # one plan for each of many shapes would be kept
        try:
            session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise ProgramError(f"onnxruntime refuses {path.name}: {error}") from error
        self._names = [entry.name for entry in session.get_inputs()]
        if "input_ids" not in self._names or not set(self._names) <= set(_INPUTS):
            raise ProgramError(
                f"{path.name} reads {self._names}; an encoder reads input_ids, and may read {', '.join(_INPUTS[1:])}"
            )
        self._integer = {entry.name: np.int32 if "int32" in entry.type else np.int64 for entry in session.get_inputs()}
        self._output, self.pooled = _output(session, path)
        self._run = session._sess.run

    def hidden(self, batch: Sequence[Sequence[int]]) -> tuple[Array, Array]:
        """The model's output for a batch of token ids, and how many tokens each row has."""
        lengths = np.array([len(row) for row in batch])
        mask = np.arange(lengths.max()) < lengths[:, None]
        ids = np.zeros(mask.shape, dtype=np.int64)
        ids[mask] = np.concatenate([np.asarray(row, dtype=np.int64) for row in batch])
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        feed = {name: given[name].astype(self._integer[name]) for name in self._names}
        return self._run([self._output], feed, None)[0], lengths

    def pool(self, batch: Sequence[Sequence[int]], cls: bool) -> Array:
        """One vector for each row of a batch, float32 (rows, dim)."""
        hidden, lengths = self.hidden(batch)
        if self.pooled:
            return np.asarray(hidden, dtype=np.float32)
        if cls:
            return np.asarray(hidden[:, 0], dtype=np.float32)
        if len(batch) == 1:
            return np.asarray(hidden.mean(axis=1), dtype=np.float32)
        share = (np.arange(hidden.shape[1]) < lengths[:, None]) / lengths[:, None]
        return np.asarray((share[:, None, :].astype(hidden.dtype) @ hidden)[:, 0], dtype=np.float32)


def _output(session: Any, path: Path) -> tuple[str, bool]:
    """The output to take, and whether it is pooled already."""
    found = {entry.name: len(entry.shape) for entry in session.get_outputs()}
    for name in (*_HIDDEN, *found):
        if found.get(name) == 3:
            return name, False
    for name in ("sentence_embedding", *found):
        if found.get(name) == 2:
            return name, True
    raise ProgramError(f"{path.name} answers {found} (name: dimensions); an encoder answers with 2 or 3 dimensions")


def encode_texts(tokens: Tokens, encoder: OnnxEncoder, settings: Settings, texts: Sequence[str], check: Check) -> Array:
    """Vectors of texts, float32 (texts, dim); zeros for a text without tokens. Windows go through the encoder longest
    first, so that a batch holds little padding."""
    room = settings.max_tokens - len(tokens.before) - len(tokens.after)
    found: list[Array] = []
    for start in range(0, len(texts), PIECE):
        owners: list[int] = []
        rows: list[list[int]] = []
        some = texts[start : start + PIECE]
        for owner, text in enumerate(some):
            ids = tokens(text)
            for window in windows_of(ids, room, settings.windows) if ids else ():
                owners.append(owner)
                rows.append([*tokens.before, *window, *tokens.after])
            if len(rows) > PIECE:
                check()
        found.append(_pooled(encoder, settings, rows, np.array(owners, dtype=np.int64), len(some), check))
    dim = max((part.shape[1] for part in found), default=0)
    return np.concatenate([part if part.shape[1] else np.zeros((len(part), dim), np.float32) for part in found])


def _pooled(
    encoder: OnnxEncoder, settings: Settings, rows: Sequence[Sequence[int]], owners: Array, texts: int, check: Check
) -> Array:
    """The mean of each text's windows, weighted by their tokens; without columns if there is no window at all."""
    total: Array | None = None
    weight = np.zeros(texts)

    def encode(batch: list[int]) -> Array:
        check()
        return encoder.pool([rows[row] for row in batch], settings.cls).astype(np.float64)

    order = list(batches([len(row) for row in rows], 1 if settings.alone else BATCH_TOKENS))
    for batch, vectors in zip(order, _side_by_side(encode, order), strict=True):
        if total is None:
            total = np.zeros((texts, vectors.shape[1]))
        for row, vector in zip(batch, vectors, strict=True):
            total[owners[row]] += len(rows[row]) * vector
            weight[owners[row]] += len(rows[row])
    if total is None:
        return np.zeros((texts, 0), dtype=np.float32)
    total /= np.maximum(weight, 1.0)[:, None]
    return (unit(total) if settings.normalise else total).astype(np.float32)


def _side_by_side(encode: Callable[[list[int]], Array], order: Sequence[list[int]]) -> Iterator[Array]:
    """The vectors of each batch, in order; on several threads where the caller allows them (the model lets go of the
    interpreter while it runs)."""
    if threads() < 2 or len(order) < 2:
        yield from map(encode, order)
        return
    with ThreadPoolExecutor(threads()) as pool:
        yield from pool.map(encode, order)


def batches(lengths: Sequence[int], budget: int) -> Iterator[list[int]]:
    """Rows longest first, as many together as fit `budget` tokens with their padding; always at least one."""
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    start = 0
    while start < len(order):
        size = max(1, budget // max(lengths[order[start]], 1))
        yield order[start : start + size]
        start += size


def unit(vectors: Array) -> Array:
    """Vectors of length 1; zeros stay zeros."""
    length = np.sqrt(np.square(vectors).sum(axis=1, keepdims=True))
    return np.asarray(vectors / np.where(length > 0, length, 1.0))


def average_texts(
    tokens: Tokens, table: Array, weights: Array | None, normalise: bool, texts: Sequence[str], check: Check
) -> Array:
    """The mean of each text's token rows (times their weight), summed in float64 in the order of the text; float32
    (texts, dim). Tokens the tokenizer does not know do not count; a text without others is zeros."""
    found = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
    for start in range(0, len(texts), PIECE):
        check()
        ids = [_known(tokens(text), tokens.unknown) for text in texts[start : start + PIECE]]
        for rows in _runs([len(row) for row in ids], _TABLE_TOKENS):
            some = [row for row in rows if ids[row]]
            if some:
                means = _means([ids[row] for row in some], table, weights, check)
                found[start + np.array(some)] = unit(means) if normalise else means
    return found


def _known(ids: list[int], unknown: int | None) -> list[int]:
    return ids if unknown is None or unknown not in ids else [token for token in ids if token != unknown]


def _runs(sizes: Sequence[int], most: int) -> Iterator[range]:
    """Consecutive rows whose sizes add up to at most `most`; always at least one."""
    start, total = 0, 0
    for row, size in enumerate(sizes):
        if total + size > most and row > start:
            yield range(start, row)
            start, total = row, 0
        total += size
    if start < len(sizes):
        yield range(start, len(sizes))


def _means(ids: Sequence[Sequence[int]], table: Array, weights: Array | None, check: Check) -> Array:
    """The (weighted) mean of table rows for each list of ids. A list longer than a piece is summed piece by piece."""
    if len(ids) == 1 and len(ids[0]) > _TABLE_TOKENS:
        total = np.zeros(table.shape[1])
        for start in range(0, len(ids[0]), _TABLE_TOKENS):
            check()
            part = np.asarray(ids[0][start : start + _TABLE_TOKENS])
            total += _weighed(part, table, weights).sum(axis=0)
        return total[None] / len(ids[0])
    lengths = np.array([len(row) for row in ids])
    rows = _weighed(np.concatenate([np.asarray(row) for row in ids]), table, weights)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return np.asarray(np.add.reduceat(rows, starts, axis=0) / lengths[:, None])


def _weighed(ids: Array, table: Array, weights: Array | None) -> Array:
    rows = table[ids].astype(np.float64)
    return rows if weights is None else rows * weights[ids, None]
