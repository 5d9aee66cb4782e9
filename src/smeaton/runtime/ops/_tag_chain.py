"""The linear chain over the tags of a text's tokens: best tags, marginals, spans (Lafferty, McCallum, Pereira 2001).

With k kinds there are 2k + 1 tags: 0 = outside, 1..k = a span of a kind begins, k+1..2k = it goes on. A tag that goes
on follows only a tag of its own kind, so that every sequence of tags is a list of spans; this is built into the form of
the weights, nothing is forbidden by a large number.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from smeaton.task.table import Array


class Chain(NamedTuple):
    """Scores beside those of the tokens: `start` (k+1,) of the first tag (outside or a beginning), `enter` (2k+1, k+1)
    from any tag to outside or a beginning, `stay` (2, k) from a beginning, and from going on, to going on."""

    start: Array
    enter: Array
    stay: Array


def chain_of(flat: Array, kinds: int) -> Chain:
    """The chain whose weights lie one after the other in a vector: views of it."""
    begun = kinds + 1
    start, enter, stay = np.split(flat, [begun, begun + (2 * kinds + 1) * begun])
    return Chain(start, enter.reshape(2 * kinds + 1, begun), stay.reshape(2, kinds))


def chain_size(kinds: int) -> int:
    """How many weights a chain has."""
    return (kinds + 1) * (2 * kinds + 2) + 2 * kinds


def groups(lengths: Array, most: int) -> Iterator[Array]:
    """Texts to work on together: at most `most` cells of (texts x longest), longest first, none of them empty."""
    order = np.argsort(-lengths, kind="stable")
    order = order[: int((lengths > 0).sum())]
    at = 0
    while at < len(order):
        size = max(1, most // int(lengths[order[at]]))
        yield order[at : at + size]
        at += size


def padded(values: Array, ends: Array, rows: Array) -> Array:
    """Token rows of some texts as (texts, longest, ...), with zeros behind the end."""
    lengths = np.diff(ends)[rows]
    wide = np.zeros((len(rows), int(lengths.max()), *values.shape[1:]), dtype=values.dtype)
    inside = np.arange(wide.shape[1]) < lengths[:, None]
    place = (ends[rows][:, None] + np.arange(wide.shape[1]))[inside]
    wide[inside] = values[place]
    return wide


def best(score: Array, lengths: Array, chain: Chain) -> Array:
    """The best tags, (texts, longest) int64, 0 behind the end; the lowest tags of those that tie (Viterbi 1967).

    `score` is (texts, longest, tags); the texts come in order of falling length.
    """
    size, longest, tags = score.shape
    kinds = tags // 2
    back = np.zeros((longest, size, tags), dtype=np.int32)
    total = np.full((size, tags), -np.inf, dtype=score.dtype)
    total[:, : kinds + 1] = chain.start + score[:, 0, : kinds + 1]
    enter = np.ascontiguousarray(chain.enter.T)
    own = np.arange(1, kinds + 1)
    for t in range(1, longest):
        live = int((lengths > t).sum())
        former = total[:live]
        into = former[:, None, :] + enter
        begun, gone = former[:, 1 : kinds + 1] + chain.stay[0], former[:, kinds + 1 :] + chain.stay[1]
        pick = into.argmax(axis=2)
        back[t, :live, : kinds + 1] = pick
        back[t, :live, kinds + 1 :] = np.where(gone > begun, own + kinds, own)
        entered = np.take_along_axis(into, pick[:, :, None], axis=2)[:, :, 0]
        total[:live] = np.concatenate([entered, np.maximum(begun, gone)], axis=1) + score[:live, t]
    found = np.zeros((size, longest), dtype=np.int64)
    tag = total.argmax(axis=1)
    for t in range(longest - 1, -1, -1):
        live = int((lengths > t).sum())
        found[:live, t] = tag[:live]
        tag[:live] = back[t, np.arange(live), tag[:live]]
    return found


class Expected(NamedTuple):
    """What the chain expects: `log_z` (texts,), `tags` (texts, longest, tags) marginals, and the expected number of
    each start, entry and stay, in the shapes of `Chain`."""

    log_z: Array
    tags: Array
    moves: Chain


def expect(score: Array, lengths: Array, chain: Chain, weight: Array | None = None) -> Expected:
    """Marginals by forward-backward, scaled at every token. The texts come in order of falling length; `weight` is
    how much each counts in `moves` (None: once)."""
    size, longest, tags = score.shape
    kinds = tags // 2
    times = np.ones((size, 1)) if weight is None else weight[:, None]
    top = score.max(axis=2)
    raised = np.exp(score - top[:, :, None])
    shift = max(float(chain.enter.max()), float(chain.stay.max(initial=-np.inf)))
    enter, stay, start = np.exp(chain.enter - shift), np.exp(chain.stay - shift), np.exp(chain.start)
    live = (lengths[:, None] > np.arange(longest)).sum(axis=0)
    alpha, scale = np.zeros((longest, size, tags)), np.ones((longest, size))
    alpha[0, :, : kinds + 1] = start * raised[:, 0, : kinds + 1]
    for t in range(longest):
        now = alpha[t, : live[t]]
        if t:
            former = alpha[t - 1, : live[t]]
            now[:, : kinds + 1] = former @ enter
            now[:, kinds + 1 :] = former[:, 1 : kinds + 1] * stay[0] + former[:, kinds + 1 :] * stay[1]
            now *= raised[: live[t], t]
        scale[t, : live[t]] = now.sum(axis=1)
        now /= scale[t, : live[t], None]
    moves = Chain(np.zeros_like(start), np.zeros_like(enter), np.zeros_like(stay))
    beta = np.ones((size, tags))
    marginal = np.zeros_like(score, dtype=np.float64)
    for t in range(longest - 1, -1, -1):
        now = beta[: live[t]]
        marginal[: live[t], t] = alpha[t, : live[t]] * now
        if not t:
            break
        former = alpha[t - 1, : live[t]]
        flow = now * raised[: live[t], t] / scale[t, : live[t], None]
        into, on = flow[:, : kinds + 1], flow[:, kinds + 1 :]
        counted = former * times[: live[t]]
        moves.enter[:] += (counted.T @ into) * enter
        moves.stay[0] += (counted[:, 1 : kinds + 1] * on).sum(axis=0) * stay[0]
        moves.stay[1] += (counted[:, kinds + 1 :] * on).sum(axis=0) * stay[1]
        now[:] = into @ enter.T
        now[:, 1 : kinds + 1] += on * stay[0]
        now[:, kinds + 1 :] += on * stay[1]
    moves.start[:] = (marginal[:, 0, : kinds + 1] * times).sum(axis=0)
    inside = np.arange(longest) < lengths[:, None]
    log_z = np.log(scale).sum(axis=0) + (top * inside).sum(axis=1) + (lengths - 1) * shift
    return Expected(log_z, marginal, moves)


def spans_of(tags: Array, kinds: int) -> list[tuple[int, int, int]]:
    """(kind, first token, token behind the last) of each span in a sequence of tags, in order. A tag that goes on
    without its kind before it begins a span."""
    found: list[tuple[int, int, int]] = []
    former = 0
    for place, tag in enumerate(tags.tolist()):
        kind = (tag - 1) % kinds if tag else -1
        if tag > kinds and former and (former - 1) % kinds == kind:
            found[-1] = (kind, found[-1][1], place + 1)
        elif tag:
            found.append((kind, place, place + 1))
        former = tag
    return found


def tags_of(spans: list[tuple[int, int, int]], size: int, kinds: int) -> Array:
    """The tags of spans that do not overlap, (size,) int64."""
    tags = np.zeros(size, dtype=np.int64)
    for kind, first, behind in spans:
        tags[first] = kind + 1
        tags[first + 1 : behind] = kind + 1 + kinds
    return tags
