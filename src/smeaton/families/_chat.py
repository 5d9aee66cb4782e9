"""What the families that ask language models share: which models may be asked, the program around a chat step, and its
calibration on rows of their own."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from smeaton.data.fold import Fold, Rows
from smeaton.families import Run
from smeaton.llm import prices, providers
from smeaton.llm.endpoint import LOCAL
from smeaton.llm.purse import Purse
from smeaton.runtime.call import Call
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import save_program
from smeaton.runtime.ops._chat_cell import as_json
from smeaton.runtime.ops._chat_prompt import Prompt, write_prompt
from smeaton.runtime.ops.examples import Example, write_examples
from smeaton.runtime.program import Program, Step
from smeaton.task.profile import Profile
from smeaton.task.table import ERROR, PREDICTION, PROBABILITY, USAGE, Array, Table, rows_in, take
from smeaton.task.task import Task
from smeaton.task.types import label_text

ASKED_ROWS = 400  #: held-out rows a candidate is judged on in all: each of them is paid for
MOST_STOP = 100  #: rows a calibration is learnt from
_INSTRUCTION_TOKENS, _SHORT, _LONG = 150, 20, 200
_MAX_TOKENS = {"class": 60, "many": 120, "number": 40, "structure": 600, "other": 600, "text": 600}
_REASON_TOKENS = 300
_PRIOR = 8.0  # rows that a table of said labels starts from
MAX_INPUT = 24_000  #: bytes of a row with its examples that are sent at most


def models(task: Task, profile: Profile) -> tuple[tuple[str, ...], dict[str, str]]:
    """The models that may be asked now, and for each other one what it needs and what it would cost.

    They are those that the task names in `solutions.add`, else one cheap model of each provider. A model of this
    machine that nobody named is used only where a server was started for Smeaton.
    """
    named = [reference for reference in task.solutions.add if providers.is_model(reference)]
    usable, refused = [], {}
    for reference in named or providers.DEFAULTS:
        why = _obstacle(task, profile, reference, bool(named))
        if why:
            refused[reference] = why
        else:
            usable.append(reference)
    return tuple(usable), refused


def _obstacle(task: Task, profile: Profile, reference: str, named: bool) -> str:
    """What stands in the way of asking a model, '' if nothing does."""
    from smeaton.llm import local

    if providers.host(reference) == LOCAL:
        missing = providers.missing(reference)
        server = local.address() if not missing and not named else None
        if server is not None and not _ours(server.url):
            return f'a server runs at {server.url}: add "{reference}" to solutions.add to try it'
        return missing
    needs = [providers.missing(reference)]
    if task.limits.offline:
        return "the task wants to stay offline (limits.offline)"
    if not task.privacy.external:
        needs.append("set privacy.external: true (or --external)")
    if task.budget.money <= 0:
        needs.append("set budget.money (or --money)")
    if prices.rate(reference) is None:
        needs.append(f'state its price in llm.toml: [prices."{reference}"]')
    needs = [need for need in needs if need]
    return f"{'; '.join(needs)}; {_cost(task, profile, reference)}" if needs else ""


def _ours(url: str) -> bool:
    import os

    from smeaton.llm.local import LOCAL_LLM

    return os.environ.get(LOCAL_LLM, "").rstrip("/") == url.rstrip("/")


def _cost(task: Task, profile: Profile, reference: str) -> str:
    """What a first try would send, and its price."""
    rows = min(profile.rows, ASKED_ROWS)
    row = sum(column.mean_length or 8.0 for column in profile.columns) / 4 + 6 * len(profile.columns)
    given = rows * (_INSTRUCTION_TOKENS + row)
    said = rows * (_SHORT if task.answer in ("class", "number", "many") else _LONG)
    price, each = prices.estimate(reference, given, said), prices.estimate(reference, given / rows, said / rows)
    sent = f"a first try would send about {rows:,} rows, {round(given + said, -3):,.0f} tokens"
    if price is None or each is None:
        return f"{sent}; its price is unknown"
    return f"{sent}, for about ${price:.2f}; ${1000 * each:.2f} per 1,000 answers"


def hosts(references: Sequence[str]) -> tuple[str, ...]:
    """The hosts of models that are not on this machine."""
    return tuple(sorted({host for one in references if (host := providers.host(one)) != LOCAL}))


def instruction(task: Task) -> str:
    """The plain instruction that follows from a task's own words."""
    kind = task.output_type
    goal = task.goal.strip() if task.goal else ""
    goal = f"{goal}{'' if not goal or goal[-1] in '.?!' else '.'} ".lstrip()
    inputs = ", ".join(f"{name} ({form.about})" if form.about else name for name, form in task.input_types.items())
    about = f" ({kind.about})" if kind.about else ""
    verb = {
        "class": "Choose the label of",
        "many": "Choose all labels that apply to",
        "number": "Estimate",
        "structure": "Extract",
    }
    return f"{goal}{verb.get(task.answer, 'Write')} {task.target!r}{about} from the data: {inputs}."


def label_words(task: Task) -> dict[str, str]:
    """The labels with nothing said of them yet."""
    return {label_text(label): "" for label in task.labels}


@dataclass(slots=True)
class Asking:
    """How a model is asked: everything of a chat step besides the task."""

    reference: str
    prompt: Prompt
    examples: Sequence[Mapping[str, Any]] = ()
    shots: int = 0
    nearest: bool = True
    how: str = "json"
    reasoning: str = "off"
    probability: str = "none"
    max_tokens: int = 0
    evidence: Mapping[str, Any] = field(default_factory=dict)
    calibration: Mapping[str, Any] | None = None


def program(task: Task, asking: Asking, salt: str) -> tuple[Program, dict[str, bytes]]:
    """The program with its files: masks where rows leave and columns are to be masked, examples, the chat step.

    `salt` (hex) is what masks are made with; examples are masked with it too.
    """
    host = providers.host(asking.reference)
    steps: list[Step] = []
    columns = {name: name for name in task.input_types}
    masked = masked_columns(task, asking.reference)
    if masked:
        columns |= {name: f"masked:{name}" for name in masked}
        outputs = tuple(columns[name] for name in masked)
        steps.append(Step(op="mask", inputs=masked, outputs=outputs, args={"columns": list(masked), "salt": salt}))
    files = {"prompt.md": write_prompt(asking.prompt).encode()}
    files["evidence.json"] = msgspec.json.format(msgspec.json.encode(asking.evidence), indent=1)
    if asking.calibration is not None:
        files["calibration.json"] = msgspec.json.encode(asking.calibration)
    own = tuple(files)
    inputs = tuple(columns.values())
    if asking.shots:
        args = {
            "columns": list(columns),
            "k": asking.shots,
            "how": "nearest" if asking.nearest else "fixed",
            "exclude_same": True,
        }
        step = Step(op="examples", inputs=inputs, outputs=("examples",), args=args, files=("examples.jsonl",))
        steps.append(step)
        files["examples.jsonl"] = write_examples([msgspec.convert(one, Example) for one in asking.examples])
        inputs = (*inputs, "examples")
    outputs = (PREDICTION, *((PROBABILITY,) if task.labels else ()), ERROR, USAGE)
    args = _chat_args(task, asking, columns, host)
    steps.append(Step(op="chat", inputs=inputs, outputs=outputs, args=args, files=own))
    return Program(inputs=tuple(task.input_types), steps=tuple(steps), outputs=outputs), files


def masked_columns(task: Task, reference: str) -> tuple[str, ...]:
    """The inputs that are replaced by tokens before they are sent to a model: none where it is on this machine."""
    if providers.host(reference) == LOCAL:
        return ()
    return tuple(name for name in task.privacy.mask if name in task.input_types)


def _chat_args(task: Task, asking: Asking, columns: Mapping[str, str], host: str) -> dict[str, Any]:
    kind = task.output_type
    kind_name = task.answer
    limit = asking.max_tokens or _MAX_TOKENS[kind_name] + (_REASON_TOKENS if asking.reasoning != "off" else 0)
    local = host == LOCAL
    # A server that answers one call after the other is given few: what it holds it computes though the caller left.
    single = local and providers.resolve(asking.reference).dialect == "llama-cpp-python"
    return {
        "model": asking.reference,
        "host": host,
        "price": most(asking.reference, limit, len(asking.prompt.instruction)),
        "output": msgspec.to_builtins(kind),
        "labels": list(task.labels),
        "inputs": [
            {"name": name, "type": msgspec.to_builtins(form), "column": columns[name]}
            for name, form in task.input_types.items()
        ],
        "examples": "examples" if asking.shots else "",
        "how": asking.how,
        "reasoning": asking.reasoning,
        "probability": asking.probability,
        "max_tokens": limit,
        "temperature": 0.0,
        "parallel": 2 if single else 8,
        "at_once": 2 if single else 1000,
        "timeout": 180.0 if local else 60.0,  # a server of this machine answers one after the other
        "max_input": MAX_INPUT,
    }


def most(reference: str, limit: int, instruction: int) -> float:
    """The most one call may cost in dollars: a row of `MAX_INPUT` bytes, an instruction of so many characters and a
    full answer; 0 on this machine. As JSON inside JSON a byte may take two."""
    found = prices.estimate(reference, 2 * MAX_INPUT + 4 * instruction + 8192, limit)
    return found or 0.0


@dataclass(slots=True)
class ChatFitted:
    """A program with its files in memory. What it answers costs what its program costs. `steps` as `Fitted` says."""

    program: Program
    files: Mapping[str, bytes]
    scratch: Path
    purse: Purse | None
    seed: int
    note: str = ""
    steps: int = 0

    def predict(self, rows: Table) -> Table:
        """The program's own answers."""
        folder = self.scratch / "fitted"
        self.export(folder)
        names = {str(step.args["host"]) for step in self.program.steps if "host" in step.args}
        with Engine(self.program, folder, allow_external=names) as engine:
            return engine.run(rows, Call(purse=self.purse, seed=self.seed))

    def export(self, folder: Path) -> Program:
        """Write the files and `program.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            (folder / name).write_bytes(content)
        save_program(self.program, folder)
        return self.program


#: What the board says where rows have weights.
UNWEIGHTED = "weights of rows are not used: a language model is shown rows, not fitted to them"


def fitted(task: Task, asking: Asking, fold: Fold, run: Run, note: str = "") -> ChatFitted:
    """The program of a way of asking, its probabilities calibrated on some of the fold's stop rows.

    They are answered once without a calibration; those answers are paid for.
    """
    salt = salt_of(fold)
    made, files = program(task, asking, salt)
    plain = ChatFitted(made, files, run.scratch, run.purse, run.seed)
    if task.is_class and len(fold.stop):
        some = np.linspace(0, len(fold.stop) - 1, min(MOST_STOP, len(fold.stop))).astype(np.int64)
        rows = take(fold.stop.x, np.unique(some))
        answers = plain.predict(rows)
        calibration = learnt(task, answers, fold.stop.y[np.unique(some)], asking.probability)
        asking = replace(asking, calibration=calibration)
        made, files = program(task, asking, salt)
    note = "; ".join(filter(None, (note, UNWEIGHTED if fold.train.weight is not None else "")))
    return ChatFitted(made, files, run.scratch, run.purse, run.seed, note)


def learnt(task: Task, answers: Table, y: Array, probability: str) -> dict[str, Any]:
    """What the answers to labelled rows teach of the probabilities: a temperature where the model told some, else how
    often a said label is the true one, shrunk toward one accuracy for all labels and the labels' shares."""
    labels = len(task.labels)
    chance = np.clip(np.asarray(answers[PROBABILITY], dtype=np.float64), 1e-9, 1.0)
    if probability == "logprobs":
        logs = np.log(chance)

        def loss(a: float) -> float:
            scaled = logs / a
            scaled -= scaled.max(axis=1, keepdims=True)
            return float(np.mean(np.log(np.exp(scaled).sum(axis=1)) - scaled[np.arange(len(y)), y]))

        return {"kind": "temperature", "a": float(min(np.geomspace(0.25, 20, 60), key=loss))}
    codes = {label: code for code, label in enumerate(task.labels)}
    pairs = [
        (codes[said], true)
        for said, true in zip(answers[PREDICTION].tolist(), y.tolist(), strict=True)
        if said in codes
    ]
    right = sum(said == true for said, true in pairs)
    accuracy = (right + 1.0) / (len(pairs) + 2.0)
    shares = np.bincount(y, minlength=labels) + 1.0
    table = np.zeros((labels, labels))
    for said in range(labels):
        rest = shares.copy()
        rest[said] = 0.0
        base = (1.0 - accuracy) * rest / rest.sum() if labels > 1 else rest
        base[said] = accuracy if labels > 1 else 1.0
        seen = np.bincount([true for one, true in pairs if one == said], minlength=labels)
        table[said] = (seen + _PRIOR * base) / (seen.sum() + _PRIOR)
    return {"kind": "said", "table": table.tolist()}


def salt_of(fold: Fold) -> str:
    """The salt of a fold's masks: of the rows it may see, so that it is the same in every run and nowhere else."""
    digest = hashlib.sha256(repr((len(fold.train), fold.train.index[:50].tolist())).encode())
    for column in fold.train.x.values():
        digest.update(repr(column[:200].tolist()).encode())
    return digest.hexdigest()[:32]


def shown_examples(task: Task, rows: Rows, reference: str, salt: str, most_rows: int = 2_000) -> list[dict[str, Any]]:
    """Rows with their answers as examples, evenly chosen, masked as the model will see others."""
    from smeaton import plugins

    index = np.unique(np.linspace(0, len(rows) - 1, min(most_rows, len(rows))).astype(np.int64))
    table = dict(take(rows.x, index))
    masked = masked_columns(task, reference)
    if masked:
        step = Step(op="mask", inputs=masked, outputs=masked, args={"columns": list(masked), "salt": salt})
        table |= plugins.load("ops", "mask").load(step, Path(), None)({name: table[name] for name in masked}, Call())
    answers = _answers(task, rows.y[index])
    names = list(task.input_types)
    return [
        {"inputs": {name: as_json(table[name][row]) for name in names}, "answer": answers[row]}
        for row in range(rows_in(table))
    ]


def _answers(task: Task, y: Array) -> list[Any]:
    if task.is_class:
        return [task.labels[code] for code in y.tolist()]
    if task.answer == "many":
        return [[label for label, has in zip(task.labels, row, strict=True) if has] for row in y.tolist()]
    return [as_json(value) for value in y]
