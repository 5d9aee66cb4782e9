"""How sure an answer is: the probability of each label, from what was said, from repeats or from log-probabilities.

One label (each row of probabilities sums to 1):

- *said*: the label that was said has 0.9, the others share the rest.
- *repeats*: (times said + 1 / labels) / (samples + 1): shares smoothed towards even by one sample.
- *log-probabilities*: see `token_chances`.

Many labels (each on its own): said 0.9, not said 0.1; of repeats (times said + 1) / (samples + 2).
"""

import math
import re
from collections.abc import Sequence

import numpy as np

from smeaton.llm.messages import Token
from smeaton.llm.schema import ANSWER
from smeaton.task.table import Array

#: Probability of a label that was said, where nothing more is known.
SURE = 0.9
_KEY = re.compile(rf'"{ANSWER}"\s*:\s*"?')
_END = re.compile(r'["\s,.;:!}\]]|$')


def even(labels: int, many: bool) -> Array:
    """The probabilities of a row without an answer."""
    return np.full(labels, 0.5 if many else 1.0 / labels)


def of_said(codes: Sequence[int], labels: int, many: bool) -> Array:
    """Probabilities where all that is known is what was said, as positions of labels."""
    if many:
        chance = np.full(labels, 1.0 - SURE)
        chance[list(codes)] = SURE
        return chance
    if labels == 1:
        return np.ones(1)
    chance = np.full(labels, (1.0 - SURE) / (labels - 1))
    chance[codes[0]] = SURE
    return chance


def of_repeats(samples: Sequence[Sequence[int]], labels: int, many: bool) -> Array:
    """Probabilities by how often each label was said in samples that were answered."""
    counts = np.zeros(labels)
    for codes in samples:
        counts[list(codes)] += 1.0
    if many:
        return (counts + 1.0) / (len(samples) + 2.0)
    return (counts + 1.0 / labels) / (len(samples) + 1.0)


def token_chances(tokens: Sequence[Token], labels: Sequence[str], said: int, json: bool) -> Array | None:
    """Probabilities of labels by the tokens that form the answer; None where the reply came without them.

    The reply took one path of tokens. At each token on it, an alternative that was not taken carries the probability of
    the path so far times its own, and gives it to the labels that can still begin so (in equal parts, where several
    can: which of them it would have become was not seen). The path itself belongs to the label that was said. What is
    left, the mass of alternatives that were not shown or lead to no label, is spread evenly over the labels that got
    none, or over all in proportion if each got some.
    """
    begin = _begin("".join(token.text for token in tokens), labels[said], json) if tokens else None
    if begin is None:
        return None
    names = [label.casefold() for label in labels]
    mass = np.zeros(len(labels))
    path, before, place = 1.0, "", 0
    for token in tokens:
        end = place + len(token.text)
        if end > begin:
            lead = token.text[: max(begin - place, 0)]
            for text, logprob in token.top:
                if text != token.text:
                    fits = _fitting(before + _after(text, lead), names)
                    mass[fits] += path * math.exp(logprob) / max(len(fits), 1)
            path *= math.exp(min(token.logprob, 0.0))
            before += token.text[len(lead) :]
            if _fitting(before, names) == [said] and len(before) >= len(names[said]):
                break
        place = end
    mass[said] += path
    return _completed(mass)


def _begin(text: str, said: str, json: bool) -> int | None:
    """Where the answer begins in a reply."""
    if json:
        ends = [found.end() for found in _KEY.finditer(text)]
        return ends[-1] if ends else None  # the last one: reasoning may speak of the answer
    place = text.casefold().find(said.casefold())
    return None if place < 0 else place


def _after(text: str, lead: str) -> str:
    """An alternative without the characters that come before the answer, as far as it has them."""
    return text[len(lead) :] if text.startswith(lead) else text.lstrip(' "')


def _fitting(begin: str, names: Sequence[str]) -> list[int]:
    """The labels that an answer with this beginning may be."""
    begin = begin.casefold()
    if not begin.strip():
        return []
    whole = [place for place, name in enumerate(names) if begin.startswith(name) and _END.match(begin[len(name) :])]
    longer = [place for place, name in enumerate(names) if name.startswith(begin) and name != begin]
    return [max(whole, key=lambda place: len(names[place])), *longer] if whole else longer


def _completed(mass: Array) -> Array:
    rest, unseen = max(1.0 - float(mass.sum()), 0.0), mass == 0.0
    if unseen.any():
        mass[unseen] = rest / unseen.sum()
    return np.asarray(mass / mass.sum())
