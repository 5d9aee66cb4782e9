"""What the best score of many owes to there having been many.

The best of forty candidates on the same rows is partly the luckiest. What picking is worth without that luck is told by
the same trials: for each fold the candidate is picked that was best on the other folds, and what it scores on this fold
counts (after Varma and Simon 2006, and Tsamardinos, Greasidou and Borboudakis 2018, who resample the stored answers).
"""

from collections.abc import Sequence

import numpy as np

from smeaton.leaderboard.ties import oriented
from smeaton.metrics import Better
from smeaton.trials.record import Trial

_LEAST_FOLDS = 3


def luck(trials: Sequence[Trial], better: Better) -> float:
    """How much better the best mean over the folds is than what is picked fold by fold (>= 0, in the metric's unit); 0
    for fewer than three folds or two trials. Trials with fewer folds than others do not count."""
    most = max((len(trial.scores) for trial in trials), default=0)
    whole = [trial.scores for trial in trials if len(trial.scores) == most]
    if most < _LEAST_FOLDS or len(whole) < 2:
        return 0.0
    scores = np.array([[oriented(score, better) for score in one] for one in whole])
    others = scores.sum(axis=1, keepdims=True) - scores
    picked = scores[others.argmax(axis=0), np.arange(most)].mean()
    return max(0.0, float(scores.mean(axis=1).max() - picked))
