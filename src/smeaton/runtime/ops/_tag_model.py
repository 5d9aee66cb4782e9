"""Weights of a tagger and the tags it gives: hashed features of a token -> scores -> the best sequence of tags.

Files, all read without pickle: `keys` (rows,) uint32 sorted hashes of known features; `ends` (rows + 1,) uint32, `tags`
uint8 or uint16 and `values` float16: the weights that are not zero, row by row; `chain` float64: start, enter and stay
of the chain, one after the other. Sums are float32 in a fixed order, so a text's tags do not depend on the others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.ops._tag_chain import Chain, best, chain_of, chain_size, expect, groups, padded, spans_of
from smeaton.runtime.ops._tag_words import WINDOW, Tokens, feature_hashes, near_hashes, read_tokens
from smeaton.task.table import Array

FILES = ("tag.keys.npy", "tag.ends.npy", "tag.tags.npy", "tag.values.npy", "tag.chain.npy")
#: Cells (texts x longest x tags) worked on at once: bounds the memory of an answer.
_CELLS = 1 << 20
_TEXTS = 2_000
_NO_SPANS: tuple["Span", ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text: its kind, code point offsets, and how sure the tagger is (0 to 1; 1 where not asked)."""

    kind: int
    start: int
    end: int
    sure: float = 1.0


@dataclass(frozen=True, slots=True)
class TagModel:
    """Sorted feature hashes, their weights (rows + 1, tags) float32 with zeros in the last row, and the chain."""

    keys: Array
    weights: Array
    chain: Chain

    @property
    def kinds(self) -> int:
        """How many kinds of spans there are."""
        return int(self.weights.shape[1]) // 2

    def spans(self, texts: Sequence[str | None], sure: bool = False) -> Iterator[Sequence[Span]]:
        """The spans of each text in order; `sure` works out how sure they are."""
        for start in range(0, len(texts), _TEXTS):
            tokens = read_tokens(texts[start : start + _TEXTS])
            found: list[Sequence[Span]] = [_NO_SPANS] * (len(tokens.ends) - 1)
            lengths = np.diff(tokens.ends)
            at, near = find(self.keys, feature_hashes(tokens)), [find(self.keys, h) for h in near_hashes(tokens)]
            for rows in groups(lengths, max(1, _CELLS // self.weights.shape[1])):
                score = self._scores(tokens, at, near, rows)
                tags = best(score, lengths[rows], self.chain)
                chances = expect(score.astype(np.float64), lengths[rows], self.chain).tags if sure else None
                for place, row in enumerate(rows.tolist()):
                    own = tags[place, : lengths[row]]
                    chance = None if chances is None else chances[place][np.arange(len(own)), own]
                    found[row] = _located(tokens, row, spans_of(own, self.kinds), chance)
            yield from found

    def _scores(self, tokens: Tokens, at: Array, near: list[Array], rows: Array) -> Array:
        """Scores of some texts, (texts, longest, tags) float32."""
        sizes = np.diff(tokens.ends)[rows]
        longest = int(sizes.max())
        place = tokens.ends[rows][:, None] + np.arange(longest)
        inside = np.arange(longest) < sizes[:, None]
        place = place[inside]
        score = np.zeros((len(place), self.weights.shape[1]), dtype=np.float32)
        for column in range(at.shape[1]):
            score += self.weights[at[place, column]]
        wide = np.zeros((*inside.shape, score.shape[1]), dtype=np.float32)
        wide[inside] = score
        before, behind = (self._sums(column, tokens.ends, rows) for column in near)
        step = np.arange(longest)
        wide += (before[:, step] - before[:, np.maximum(step - WINDOW, 0)]).astype(np.float32)
        last = np.minimum(step + 1 + WINDOW, sizes[:, None])
        own = np.arange(len(rows))[:, None]
        wide += (behind[own, last] - behind[own, np.minimum(step + 1, sizes[:, None])]).astype(np.float32)
        return wide

    def _sums(self, at: Array, ends: Array, rows: Array) -> Array:
        """Running sums of the near weights of each text, float64, one token longer than the text."""
        values = self.weights[padded(at + 1, ends, rows) - 1]  # 0 behind the end becomes the last row: zeros
        sums = np.zeros((values.shape[0], values.shape[1] + 1, values.shape[2]))
        np.cumsum(values, axis=1, dtype=np.float64, out=sums[:, 1:])
        return sums

    def save(self, folder: Path) -> tuple[str, ...]:
        """Write the files; returns their names."""
        row, tag = np.nonzero(self.weights[:-1])
        ends = np.searchsorted(row, np.arange(len(self.keys) + 1))
        chain = np.concatenate([part.ravel() for part in self.chain])
        values = self.weights[row, tag].astype(np.float16)
        narrow = np.uint8 if self.weights.shape[1] <= 256 else np.uint16
        columns: tuple[Array, ...] = (self.keys, ends.astype(np.uint32), tag.astype(narrow), values, chain)
        for name, column in zip(FILES, columns, strict=True):
            np.save(folder / name, column, allow_pickle=False)
        return FILES


def rounded(weights: Array, chain: Chain, keys: Array, least: float) -> TagModel:
    """The model as it is stored: weights nearer to zero than `least` left out, the others as float16, features without
    any left out."""
    kept = np.where(np.abs(weights) < least, 0.0, weights).astype(np.float16).astype(np.float32)
    some = kept.any(axis=1)
    zeros = np.zeros((1, weights.shape[1]), dtype=np.float32)
    return TagModel(keys[some], np.concatenate([kept[some], zeros]), chain)


def load_model(files: Sequence[Path], kinds: int) -> TagModel:
    """The model in these files.

    Raises:
        ProgramError: a file cannot be read, or they do not fit each other or the number of kinds.
    """
    try:
        keys, ends, tags, values, chain = (np.load(path, allow_pickle=False) for path in files)
    except (OSError, ValueError) as error:
        raise ProgramError(f"the weights of a tag step cannot be read: {error}") from error
    size, counts = 2 * kinds + 1, np.diff(ends.astype(np.int64))
    fits = len(counts) == len(keys) and len(tags) == len(values) == counts.sum() and counts.min(initial=0) >= 0
    if not fits or chain.shape != (chain_size(kinds),) or tags.max(initial=0) >= size:
        raise ProgramError(f"the weights of a tag step do not fit each other or its {kinds} kinds")
    weights = np.zeros((len(keys) + 1, size), dtype=np.float32)
    weights[np.repeat(np.arange(len(keys)), counts), tags] = values
    return TagModel(keys, weights, chain_of(chain, kinds))


def find(keys: Array, hashes: Array) -> Array:
    """Where each hash stands among the sorted keys; -1 where it does not."""
    if not len(keys):
        return np.full(hashes.shape, -1, dtype=np.int64)
    at = np.minimum(np.searchsorted(keys, hashes), len(keys) - 1)
    return np.where(keys[at] == hashes, at, -1)


def _located(tokens: Tokens, row: int, spans: list[tuple[int, int, int]], chance: Array | None) -> tuple[Span, ...]:
    first = int(tokens.ends[row])
    return tuple(
        Span(
            kind,
            int(tokens.start[first + begin]),
            int(tokens.stop[first + behind - 1]),
            1.0 if chance is None else float(chance[begin:behind].mean()),
        )
        for kind, begin, behind in spans
    )
