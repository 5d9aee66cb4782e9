"""How long a network trains: epochs that its work allows, rows of a batch, and the seconds a fit will take."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from smeaton.families._network_net import Net
from smeaton.families._network_train import Plan
from smeaton.task.profile import Profile

_LEAST_EPOCHS, _MOST_EPOCHS = 6, 100
_UNJUDGED = 20  # epochs where no rows judge and none says how many
_LEAST_BATCH, _MOST_BATCH, _BATCHES = 32, 256, 16
_PASSES = 6  # multiplications and additions of a training step for one multiplication of an answer
_SPEED = 4e10  # multiplications and additions a second of one thread
_USED = 0.6  # of the epochs, until nothing improves
_FIXED = 0.5  # seconds of a fit, however small: encoding, and the checks of its program
_ENCODED = 2e-7  # seconds for each cell of what the net sees
_HOT, _PARTS = 30, 8  # columns of a category and of a timestamp, at most


def plan_of(given: Mapping[str, Any], net: Net, rows: int, judged: bool) -> Plan:
    """The plan of a training on so many rows."""
    epochs = int(given["epochs"]) or _epochs(float(given["work"]), net, rows)
    last = int(given["last"]) or epochs
    if not judged and not given["last"]:
        epochs = last = min(epochs, _UNJUDGED)
    batch = int(given["batch"]) or int(np.clip(2 ** round(np.log2(max(1, rows) / _BATCHES)), _LEAST_BATCH, _MOST_BATCH))
    rate, decay, drop = (float(given[key]) for key in ("rate", "decay", "drop"))
    return Plan(epochs, min(last, epochs), batch, rate, decay, drop, int(given["patience"]))


def guess(profile: Profile, given: Mapping[str, Any]) -> float:
    """Seconds of one fit, by the size of the table alone."""
    targets = len(profile.shares) if len(profile.shares) > 2 else 1
    width = 0
    for column in profile.columns:
        if column.type == "category":
            width += min(_HOT, column.distinct)
        elif column.type == "text":
            width += targets
        else:
            width += (1 + int(given["knots"])) * (_PARTS if column.type == "timestamp" else 1)
    net = Net(max(1, width), int(given["width"]), int(given["layers"]), int(given["nets"]), targets)
    epochs = _USED * _epochs(float(given["work"]), net, profile.rows)
    return _FIXED + profile.rows * (_ENCODED * width + epochs * _PASSES * net.work / _SPEED)


def _epochs(work: float, net: Net, rows: int) -> int:
    """Epochs that so much work (1e9 multiplications and additions) allows."""
    return int(np.clip(work * 1e9 / (_PASSES * net.work * max(1, rows)), _LEAST_EPOCHS, _MOST_EPOCHS))
