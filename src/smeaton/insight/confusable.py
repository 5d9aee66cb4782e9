"""Labels that are mixed up: how often one is answered for another, and the words that would tell them apart.

The interval of a share: Wilson 1927.
"""

import numpy as np

from smeaton.insight.evidence import Evidence, first_examples
from smeaton.insight.forms import Confusion
from smeaton.insight.words import Held, over_represented
from smeaton.trials.outside import wilson

MOST = 20
_LEAST = 2  # one row mixed up is no pattern
_WORDS = 5
_TWO_SIDED = 1.96


def confusions(evidence: Evidence, found: Held | None) -> tuple[Confusion, ...]:
    """Pairs of a class task, the one with the most rows first; `found` are the words of the evidence's rows."""
    labels, given, said = evidence.labels, np.asarray(evidence.target), evidence.codes()
    wrong = (said >= 0) & (said != given)
    pairs = given[wrong] * len(labels) + said[wrong]
    counts = np.bincount(pairs, minlength=len(labels) ** 2)
    order = [pair for pair in np.argsort(-counts, kind="stable")[:MOST] if counts[pair] >= _LEAST]
    of = np.bincount(given, minlength=len(labels))
    shown = []
    for pair in order:
        one, other = divmod(int(pair), len(labels))
        rows, share = int(counts[pair]), counts[pair] / of[one]
        low, high = wilson(float(share), int(of[one]), _TWO_SIDED)
        mine, theirs = given == one, given == other
        shown.append(
            Confusion(
                given=labels[one],
                said=labels[other],
                rows=rows,
                of=int(of[one]),
                share=float(share),
                low=low,
                high=high,
                words_given=over_represented(found, mine, theirs, _WORDS) if found else (),
                words_said=over_represented(found, theirs, mine, _WORDS) if found else (),
                examples=first_examples(evidence, np.flatnonzero(mine & (said == other))),
            )
        )
    return tuple(shown)
