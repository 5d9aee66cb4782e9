"""A language model that answers rows. External: the host stands in `args.host`, `local` for a server of this machine.

Inputs: the task's input columns as typed, or their masked copies, and where there are examples a json column of them.
Outputs, in this order: `prediction`, `probability` (only where there are labels), `error`, `usage`. Arguments:

    model        provider:model; the operator's configuration says where that is (`llm/providers.py`)
    host, price  whose leave is needed, and the most one call costs in dollars
    fallback     [{model, host, price}]: who answers where the one before does not
    output       the answer's type; `labels` are those of a class, or of lists of labels
    inputs       [{name, type, column}]: what the model sees, and the step's input that holds it
    examples     the column of examples ('' = none), as the `examples` op makes it
    how          `json`: a JSON object held to a schema; `text`: the answer alone (free text, one label, a number)
    reasoning    `off`, `low`, `medium`, `high`: the model's own, where it has it; `field`: in words before the answer
    probability  `none`: by what was said alone; `logprobs`: by the tokens' alternatives (a reply that came without
                 them counts as `none`); `repeats`: by asking `repeats` times. `_chat_chance.py` says how
    max_tokens, temperature, timeout (seconds), attempts, parallel (rows of a call at once)
    at_once      calls under way to one model in this process, over all callers
    repair       how often a reply that cannot be read is asked for again
    max_input    bytes of a row, with its examples; a larger row is not sent

Files: `prompt.md` first; `calibration.json` corrects probabilities (`_chat_calibration.py`); others are only kept.

A row that fails (filtered, unreadable after the repairs, too late, too long) has no prediction, its reason in `error`,
and even probabilities. A refused key, money that ran out, the deadline and a caller that left end the whole call: calls
under way are still settled, none begins. The prediction is the likeliest label, of equals the one that was said; a
list of labels is answered as it was said.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np

from smeaton.errors import ProgramError
from smeaton.llm import providers
from smeaton.llm.client import Client
from smeaton.llm.endpoint import LOCAL
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.ops._chat_args import Args, checked
from smeaton.runtime.ops._chat_calibration import CALIBRATION_FILE, Calibration, read_calibration
from smeaton.runtime.ops._chat_messages import Writer
from smeaton.runtime.ops._chat_prompt import Prompt, read_prompt
from smeaton.runtime.ops._chat_row import Asker, Stop, Told
from smeaton.runtime.program import Step
from smeaton.runtime.stream import cell_text
from smeaton.task.table import Array, Table, object_column


class ChatRunner:
    """A loaded `chat` step; also a `Streamer`."""

    def __init__(self, step: Step, args: Args, asker: Asker) -> None:
        self._outputs, self._args, self._asker = step.outputs, args, asker
        self._lock = threading.Lock()
        self._made: Client | None = None
        self._closing: asyncio.Task[None] | None = None

    async def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Answer all rows, `parallel` at a time.

        Raises:
            InputError: the model cannot be asked: no key, or no server on this machine.
            OutOfMoney, DeadlineExceeded, Cancelled, ProviderError: the call is over.
        """
        client, stop = self._client(), Stop()
        rows = list(_rows(columns))
        told: list[Told] = [Told()] * len(rows)
        waiting = iter(range(len(rows)))

        async def work() -> None:
            for number in waiting:
                if stop.error is not None:
                    return
                try:
                    call.check()
                    told[number] = await self._asker.row(client, rows[number], call, stop)
                except asyncio.CancelledError:
                    raise
                except Exception as error:  # noqa: BLE001  # raised below, once the calls under way are settled
                    stop.error = stop.error or error

        await asyncio.gather(*(work() for _ in range(min(self._args.parallel, len(rows)))))
        stop.check()
        return self._columns(told)

    async def stream(self, columns: Table, call: Call) -> AsyncIterator[tuple[int, str, str]]:
        """Row after row. Free text comes as the model writes it, any other cell whole.

        Raises:
            ProviderError: the model broke off in the middle of a text.
            InputError, OutOfMoney, DeadlineExceeded, Cancelled: as a plain call.
        """
        client = self._client()
        for number, row in enumerate(_rows(columns)):
            call.check()
            outputs = self._outputs
            if self._args.how == "text" and self._args.output.type == "text":
                told = Told()
                async with aclosing(self._asker.pieces(client, row, call, told)) as pieces:
                    async for text in pieces:
                        yield number, outputs[0], text
                outputs = outputs[1:]
            else:
                told = await self._asker.row(client, row, call, Stop())
            cells = self._columns([told])
            for name in outputs:
                whole = cell_text(cells[name][0])
                if whole is not None:
                    yield number, name, whole

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            client, self._made = self._made, None
        if client is None:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            client.close()
        else:  # this loop has to go on for its connections to be closed
            self._closing = loop.create_task(_left(client))

    def _client(self) -> Client:
        with self._lock:
            if self._made is None:
                references = (self._args.model, *(other.model for other in self._args.fallback))
                self._made = Client(references, self._args.policy)
            return self._made

    def _columns(self, told: Sequence[Told]) -> dict[str, Array]:
        columns: list[Array] = [prediction([one.value for one in told], self._args)]
        if self._args.labels:
            count = len(self._args.labels)
            shares = [one.chance for one in told if one.chance is not None]
            columns.append(np.array(shares, dtype=np.float64).reshape(len(told), count))
        columns += [object_column([one.error for one in told]), object_column([one.usage for one in told])]
        return dict(zip(self._outputs, columns, strict=True))


def prediction(values: Sequence[Any], args: Args) -> Array:
    """Answers as a column of their type; a row without an answer is null."""
    if args.output.answer == "number":
        column = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        whole = args.output.type == "integer" and not np.isnan(column).any()
        return column.astype(np.int64) if whole else column
    if args.output.type == "timestamp":
        return np.array([np.datetime64("NaT") if value is None else value for value in values], dtype="datetime64[us]")
    return object_column(values)


def _rows(columns: Table) -> Iterator[dict[str, Any]]:
    for cells in zip(*columns.values(), strict=True):
        yield dict(zip(columns, cells, strict=True))


async def _left(client: Client) -> None:
    await client.aclose()
    client.close()


class ChatOp:
    """A language model that answers rows. External."""

    effect: Effect = "external"

    def load(self, step: Step, files: Path, state: State | None) -> ChatRunner:
        """Check everything, read the prompt; nothing is sent, and a server of this machine need not run yet.

        Raises:
            ProgramError: the step or its files do not fit, or the operator's configuration sends the rows elsewhere
                than the program says.
            InputError: a provider is unknown, or its key is missing.
        """
        args = checked(step)
        for model, host in ((args.model, args.host), *((other.model, other.host) for other in args.fallback)):
            _check_host(model, host)
        prompt = _prompt(files / step.files[0])
        count, many = len(args.labels), args.output.answer == "many"
        calibration: Calibration | None = None
        for name in step.files[1:]:
            if Path(name).name == CALIBRATION_FILE:
                calibration = read_calibration(files / name, count, many)
        return ChatRunner(step, args, Asker(args, Writer(args, prompt), calibration))


def _prompt(path: Path) -> Prompt:
    try:
        return read_prompt(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ProgramError(f"the prompt cannot be read: {error}", where=path.name) from error


def _check_host(model: str, host: str) -> None:
    found = providers.host(model)
    if found != host:
        raise ProgramError(
            f"the program sends rows of {model} to {host}, and the configuration here sends them to {found}",
            fix="correct the configuration of language models, or build again with it",
        )
    if found != LOCAL:
        providers.resolve(model)


part = ChatOp()
