"""Explanations over HTTP, where the operator asks for them (`--explain`): each takes thousands of answers.

One thread of the process explains, one row after the other, so that others' answers hardly wait.
"""

import asyncio
import functools
import weakref
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec

from smeaton.explain.explainer import Explainer, explainer
from smeaton.runtime.call import Call
from smeaton.service.hosted import Hosted
from smeaton.service.problem import Problem

#: Rows of one request.
MOST_ROWS = 100


class Explaining:
    """The explainers of a process's models, made when they are first asked for."""

    def __init__(self) -> None:
        self._known: weakref.WeakKeyDictionary[Hosted, Explainer] = weakref.WeakKeyDictionary()
        self._thread: ThreadPoolExecutor | None = None

    async def explain(
        self, model: Hosted, rows: Sequence[Mapping[str, Any]], label: Any, call: Call
    ) -> list[dict[str, Any]]:
        """Explanations of the answers to plain rows, in order.

        Raises:
            Problem: the model is not ready; no rows, or more than `MOST_ROWS`.
            RowsError: a value is missing or does not fit. InputError: answers of this model cannot be explained.
            CallError: no time is left.
        """
        model.admit(len(rows))
        if len(rows) > MOST_ROWS:
            raise Problem(413, "too_many_rows", f"at most {MOST_ROWS} rows fit in one request to explain", "rows")
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="smeaton-explain")
        work = functools.partial(self._explain, model, rows, label, call)
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _explain(
        self, model: Hosted, rows: Sequence[Mapping[str, Any]], label: Any, call: Call
    ) -> list[dict[str, Any]]:
        call.check()
        if model not in self._known:
            self._known[model] = explainer(model.bundle, model.engine)
        model.engine.rows(rows)  # their faults are named as those of a prediction
        found = []
        for row in rows:
            call.check()
            found.append(msgspec.to_builtins(self._known[model].explain(row, label)))
        return found
