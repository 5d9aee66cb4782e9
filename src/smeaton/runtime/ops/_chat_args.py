"""The arguments of a `chat` step, checked."""

from typing import Literal

import msgspec

from smeaton.errors import ProgramError
from smeaton.llm.terms import Policy
from smeaton.runtime.program import Step
from smeaton.task.types import Label, Type

MOST_REPEATS = 64


class Column(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An input as the model sees it: its name in the task, its type (or the type's name), and the step's input that
    holds it."""

    name: str
    type: Type | str
    column: str

    @property
    def kind(self) -> str:
        """The name of the type."""
        return self.type if isinstance(self.type, str) else self.type.type


class Fallback(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model that answers where the one before does not."""

    model: str
    host: str
    price: float = 0.0


class Args(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What `chat.py` documents."""

    model: str
    host: str
    price: float = 0.0
    fallback: tuple[Fallback, ...] = ()
    output: Type
    labels: tuple[Label, ...] = ()
    inputs: tuple[Column, ...]
    examples: str = ""
    how: Literal["json", "text"] = "json"
    reasoning: Literal["off", "field", "low", "medium", "high"] = "off"
    probability: Literal["none", "logprobs", "repeats"] = "none"
    repeats: int = 1
    max_tokens: int = 256
    temperature: float | None = None
    timeout: float = 60.0
    attempts: int = 4
    parallel: int = 8
    at_once: int = 1000
    repair: int = 1
    max_input: int = 20_000

    @property
    def kind(self) -> Type:
        """The output's type with the step's labels in it, so that no other label can be read."""
        replace = msgspec.structs.replace
        if not self.labels or self.output.type == "boolean":
            return self.output
        if self.output.answer == "many" and self.output.of is not None:
            return replace(self.output, of=replace(self.output.of, labels=self.labels))
        return replace(self.output, labels=self.labels)

    @property
    def policy(self) -> Policy:
        """How hard a model is tried."""
        return Policy(timeout=self.timeout, attempts=self.attempts, parallel=self.at_once)

    @property
    def samples(self) -> int:
        """How often a row is asked."""
        return self.repeats if self.probability == "repeats" else 1


def checked(step: Step) -> Args:
    """The arguments of a step.

    Raises:
        ProgramError: they, its inputs, outputs or files do not fit the op.
    """
    try:
        args = msgspec.convert(step.args, Args)
    except msgspec.ValidationError as error:
        raise ProgramError(f"the arguments of a chat step are wrong: {error}") from error
    for fault, expected in _rules(step, args):
        if fault:
            raise ProgramError(f"a chat step {expected}", fix="export the program again")
    return args


def _rules(step: Step, args: Args) -> tuple[tuple[bool, str], ...]:
    labelled = args.output.answer in ("class", "many")
    used = {column.column for column in args.inputs} | ({args.examples} if args.examples else set())
    numbers = (args.max_tokens, args.attempts, args.parallel, args.at_once, args.max_input)
    count = 4 if labelled else 3
    return (
        (not step.files, "names its prompt as its first file"),
        (not args.inputs, "shows the model one input or more"),
        (used != set(step.inputs), f"reads exactly the columns its arguments name: {', '.join(sorted(used))}"),
        (labelled != bool(args.labels), "states its labels if and only if it answers with labels"),
        (len(step.outputs) != count, "has the outputs prediction, probability (with labels only), error and usage"),
        (min(numbers) < 1 or args.timeout <= 0 or args.repair < 0, "has limits above 0"),
        (not 1 <= args.repeats <= MOST_REPEATS, f"repeats 1 to {MOST_REPEATS} times"),
        (args.probability != "none" and not labelled, "has probabilities only with labels"),
        (args.probability == "logprobs" and args.output.answer == "many", "has log-probabilities of one label only"),
        (args.how == "text" and args.reasoning == "field", "gives its reasoning in a field of JSON only"),
        (args.how == "text" and args.output.answer in ("many", "structure"), "answers lists and objects as JSON"),
    )
