"""A chat model that follows a script: an external op with delays, failures and a price, but no network.

Inputs: text columns. Outputs: `prediction`, `probability`, `error`, under any names, in this order. Arguments:

    host       whose leave is needed, as for any external op
    price      dollars a call may cost at most; `cost` (default: the price) is what it does cost
    labels     what may be answered
    script     [[word, reply]]: the first whose word is in the row's text gives the reply; else `default`
    faults     {word: "fail" | "nonsense" | "slow"}: rows with that word fail (unbilled), reply with no label, take
               20 times as long
    delay      seconds a reply takes; `timeout` seconds after which a row is given up (billed)
    parallel   calls under way at once

Each row's price is reserved before its call and settled after it. A call that was cut off is booked in full: it may
have been billed. Where the purse keeps replies, no row is paid for twice.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from smeaton.errors import ProgramError
from smeaton.llm.purse import Replies, reply_key
from smeaton.runtime.call import Call
from smeaton.runtime.ops import Effect, State
from smeaton.runtime.program import Step
from smeaton.runtime.stream import cell_text
from smeaton.task.table import Array, Table
from smeaton.task.types import Label, label_text
from smeaton.testing._answers import Said, answer_columns, joined, words

_SLOW = 20
_TICK = 0.01  # seconds between two looks at the deadline and the caller


class _Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str
    labels: tuple[Label, ...]
    script: tuple[tuple[str, str], ...] = ()
    default: str = ""
    price: float = 0.0
    cost: float | None = None
    faults: dict[str, Literal["fail", "nonsense", "slow"]] = {}
    delay: float = 0.0
    timeout: float = 60.0
    parallel: int = 4


class ChatRunner:
    """A loaded `fake_chat` step; also a `Streamer`."""

    def __init__(self, step: Step, args: _Args) -> None:
        self._outputs = step.outputs
        self._args = args
        self._codes = {label_text(label): code for code, label in enumerate(args.labels)}

    async def __call__(self, columns: Table, call: Call) -> dict[str, Array]:
        """Answer all rows, some at a time. A row that fails has its reason in `error`.

        Raises:
            OutOfMoney: the next row would cost more than is left; rows under way are still paid for and kept.
            DeadlineExceeded, Cancelled: the call is over.
        """
        gate = asyncio.Semaphore(self._args.parallel)

        async def one(text: str) -> Said:
            async with gate:
                return await self._row(text, call)

        said = await asyncio.gather(*map(one, joined(columns)), return_exceptions=True)
        answers: list[Said] = []
        for answer in said:
            if isinstance(answer, BaseException):
                raise answer
            answers.append(answer)
        return self._columns(answers)

    async def stream(self, columns: Table, call: Call) -> AsyncIterator[tuple[int, str, str]]:
        """Row after row: the prediction in pieces of three characters, the other cells whole."""
        for row, text in enumerate(joined(columns)):
            answer = await self._row(text, call)
            for name, column in self._columns([answer]).items():
                whole = cell_text(column[0]) or ""
                size = 3 if name == self._outputs[0] else max(len(whole), 1)
                for start in range(0, len(whole), size):
                    call.check()
                    yield row, name, whole[start : start + size]

    def _columns(self, said: Sequence[Said]) -> dict[str, Array]:
        return dict(zip(self._outputs, answer_columns(said, self._args.labels), strict=True))

    async def _row(self, text: str, call: Call) -> Said:
        args, purse = self._args, call.purse
        call.check()
        key = reply_key("fake_chat", args.host, args.script, args.default, text, call.seed)
        if isinstance(purse, Replies) and (kept := purse.recall(key)) is not None:
            return self._understood(kept.decode())
        ticket = purse.reserve(args.price, f"a chat with {args.host}") if purse is not None and args.price else None
        try:
            reply, cost, error = await self._reply(text, call)
        except BaseException:  # cut off: it may have been billed in full
            if purse is not None and ticket is not None:
                purse.settle(ticket, args.price)
            raise
        if purse is not None and ticket is not None:
            if reply is not None and isinstance(purse, Replies):
                purse.keep(ticket, cost, key, reply.encode())
            else:
                purse.settle(ticket, cost)
        return Said(-1, error=error) if reply is None else self._understood(reply)

    async def _reply(self, text: str, call: Call) -> tuple[str | None, float, str]:
        """The scripted reply, what is billed for it, and why there is none."""
        args, said = self._args, set(words(text))
        faults = {kind for word, kind in args.faults.items() if word in said}
        seconds = args.delay * (_SLOW if "slow" in faults else 1)
        await _wait(min(seconds, args.timeout), call)
        if seconds > args.timeout:
            return None, args.price, f"no reply within {args.timeout:g} s"
        if "fail" in faults:
            return None, 0.0, f"{args.host} failed"
        reply = next((reply for word, reply in args.script if word in said), args.default)
        cost = args.price if args.cost is None else args.cost
        return ("I would rather not say" if "nonsense" in faults else reply), cost, ""

    def _understood(self, reply: str) -> Said:
        code = self._codes.get(reply, -1)
        return Said(code) if code >= 0 else Said(-1, error=f"replied {reply!r}, which is none of the labels")


async def _wait(seconds: float, call: Call) -> None:
    """Sleep, with an eye on the call."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        await asyncio.sleep(min(left, _TICK))
        call.check()


class ChatOp:
    """A scripted chat. External."""

    effect: Effect = "external"

    def load(self, step: Step, files: Path, state: State | None) -> ChatRunner:
        """Read the script.

        Raises:
            ProgramError: the arguments or the number of outputs are wrong.
        """
        try:
            args = msgspec.convert(step.args, _Args)
        except msgspec.ValidationError as error:
            raise ProgramError(f"the arguments of a fake_chat step are wrong: {error}") from error
        if len(step.outputs) != 3:
            raise ProgramError("a fake_chat step has three outputs: prediction, probability, error")
        if args.cost is not None and args.cost > args.price:
            raise ProgramError("a fake_chat step may not cost more than its price")
        return ChatRunner(step, args)


part = ChatOp()
