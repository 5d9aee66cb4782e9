"""Prediction intervals: `prediction` (rows,) to the columns `low` and `high` that are to hold the true number.

With s(x) = how far answers like this one are off, the interval is [p + low * s, p + high * s]: a conformal interval of
normalised residuals (Papadopoulos, Gammerman and Vovk 2008; Lei et al. 2018), whose offsets come from answers to rows
that were not fitted on. s is a line through points over the prediction, or, with a second input, that column.

Arguments:

    low, high   offsets in units of s; `low` at most 0, `high` at least 0, so that the answer lies in its interval
    points      predictions in ascending order (default [0.0])
    scales      s at each point, above 0; straight lines between the points, level beyond them (default [1.0])
    least       the least s of a second input (default 0.0)
    min, max    bounds of the target; the interval is cut to them
    whole       true where the target is a whole number: ends move inwards to the next one, as far as the answer

An answer that is not finite has no interval: both ends are NaN.
"""

import math
from pathlib import Path

import msgspec
import numpy as np

from smeaton.errors import ProgramError
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.program import Step
from smeaton.task.table import Array, Table

_SLACK = 1e-9  # ends that miss a whole number by less, for their size, reach it: nothing hangs on the last digits


class Band(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The arguments of the step."""

    low: float
    high: float
    points: tuple[float, ...] = (0.0,)
    scales: tuple[float, ...] = (1.0,)
    least: float = 0.0
    min: float | None = None
    max: float | None = None
    whole: bool = False


def ends(band: Band, prediction: Array, scale: Array | None = None) -> tuple[Array, Array]:
    """The low and the high end of each answer's interval, (rows,) float64; `scale` (rows,) in place of the band's."""
    answer = np.asarray(prediction, dtype=np.float64)
    answer = np.where(np.isfinite(answer), answer, np.nan)
    s = scales(band, answer) if scale is None else np.maximum(np.asarray(scale, dtype=np.float64), band.least)
    low, high = answer + band.low * s, answer + band.high * s
    if band.whole:
        low = np.minimum(np.ceil(low - _SLACK * (1 + np.abs(low))), np.floor(answer))
        high = np.maximum(np.floor(high + _SLACK * (1 + np.abs(high))), np.ceil(answer))
    least, most = -np.inf if band.min is None else band.min, np.inf if band.max is None else band.max
    return np.clip(low, least, most), np.clip(high, least, most)


def scales(band: Band, prediction: Array) -> Array:
    """How far answers like these are off, (rows,) float64."""
    return np.interp(prediction, band.points, band.scales)


class IntervalRunner:
    """A loaded `interval` step."""

    def __init__(self, step: Step, band: Band) -> None:
        self._inputs, self._outputs, self._band = step.inputs, step.outputs, band

    def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Two columns of float64."""
        prediction, *scale = (columns[name] for name in self._inputs)
        low, high = ends(self._band, prediction, scale[0] if scale else None)
        return {self._outputs[0]: low, self._outputs[1]: high}


class IntervalOp:
    """Numbers to their intervals. Pure."""

    effect: Effect = "pure"

    def load(self, step: Step, files: Path, state: State | None) -> IntervalRunner:
        """Check the arguments.

        Raises:
            ProgramError: numbers that are not finite or out of order, or not one or two inputs and two outputs.
        """
        try:
            band = msgspec.convert(step.args, Band)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of an interval step are wrong: {error}") from error
        numbers = (band.low, band.high, band.least, *band.points, *band.scales)
        if not all(map(math.isfinite, numbers)) or not band.low <= 0 <= band.high or band.least < 0:
            raise ProgramError("an interval step needs finite numbers, `low` at most 0 and `high` at least 0")
        rising = all(one < other for one, other in zip(band.points, band.points[1:], strict=False))
        if not band.points or len(band.points) != len(band.scales) or not rising or min(band.scales) <= 0:
            raise ProgramError("an interval step needs rising points, each with a scale above 0")
        if band.min is not None and band.max is not None and band.min > band.max:
            raise ProgramError(f"min {band.min:g} of an interval step is above max {band.max:g}")
        if len(step.inputs) not in (1, 2) or len(step.outputs) != 2:
            raise ProgramError(
                "an interval step has the inputs prediction and, if any, scale; and the outputs low, high"
            )
        return IntervalRunner(step, band)


part = IntervalOp()
