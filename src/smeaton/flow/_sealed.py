"""The sealed test: opened once for the Program that ships, and counted."""

import json
import os

import msgspec

from smeaton.errors import OutOfMoney
from smeaton.flow._finishing import Finish
from smeaton.leaderboard.outputs import OF_INTERVALS
from smeaton.metrics._defaults import load_metric, usual
from smeaton.metrics._intervals import interval
from smeaton.runtime.call import Call
from smeaton.runtime.check import externals
from smeaton.runtime.engine import Engine
from smeaton.runtime.files import durable_write, open_program
from smeaton.runtime.ops._embed_memory import on_threads
from smeaton.task.table import LOW, Table, take
from smeaton.trials.damage import aside
from smeaton.trials.later import later_score
from smeaton.trials.notice import Notice
from smeaton.trials.purse import LEDGER_FILE
from smeaton.trials.record import Interval
from smeaton.trials.verdict import models_of, salt_of, verdicts


def open_test(work: Finish, key: str) -> tuple[dict[str, Interval], int, Interval | None]:
    """Score the Program that ships on the sealed rows, count the opening, and say where a later score will lie for rows
    with a group or a time. No scores where the money ran out, or where no row was sealed."""
    from smeaton.llm.ledger import Ledger

    prepared = work.prepared
    if not len(prepared.test):
        return {}, 0, None
    folder = work.folder(key)
    rows = take(prepared.dataset.table, prepared.test)
    program = open_program(folder)
    hosts = {external.host for external in externals(program) if external.local or prepared.task.privacy.external}
    with Engine(
        program,
        folder,
        work.root / "ship" / f"{key}.state",
        types=prepared.task.input_types,
        allow_external=hosts,
        trust=program.files() if prepared.task.solutions.add else (),
    ) as engine:
        opened = _count_opening(work)
        try:
            with on_threads(os.cpu_count() or 1):
                ledger = Ledger(work.root / LEDGER_FILE)
                answers = engine.run(rows, Call(purse=ledger))
                if prepared.task.checks or prepared.task.judge is not None:
                    known = {prepared.task.target: prepared.dataset.target[prepared.test]}
                    answers = verdicts(
                        prepared.task,
                        {**rows, **(known if prepared.task.answer == "text" else {})},
                        answers,
                        purse=ledger,
                        reference=models_of(program),
                        salt=salt_of(program),
                    )
        except OutOfMoney:
            return {}, opened, None
    names = dict.fromkeys([prepared.metric, *prepared.task.bars, *usual(prepared.task)])
    if LOW in answers:
        names |= dict.fromkeys(OF_INTERVALS)
    scores = {name: _score(work, name, answers) for name in names}
    later = later_score(
        work.root, work.trial(key), prepared.dataset, prepared.metric, prepared.test, answers, prepared.seed
    )
    return scores, opened, later


def _score(work: Finish, name: str, answers: Table) -> Interval:
    prepared = work.prepared
    dataset, test = prepared.dataset, prepared.test
    metric = load_metric(name, prepared.task)
    weight = None if dataset.weight is None else dataset.weight[test]
    group = None if dataset.group is None else dataset.group[test]
    time = None if dataset.time is None else dataset.time[test]
    stats = metric.rows(answers, dataset.target[test], prepared.task.labels, weight, group)
    return Interval(*interval(metric, stats, weight, group, prepared.seed, time))


def _count_opening(work: Finish) -> int:
    """How often these test rows were opened, across all builds in this folder."""
    path = work.root.parent / "openings.json"
    try:
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, int]) if path.exists() else {}
    except msgspec.DecodeError:
        kept = aside(path.parent, [path.name], "damaged")
        said = f"the count of openings is damaged; it was moved to {path.parent / kept} and begins anew"
        work.listen(Notice("note", said))
        known = {}
    rows = work.prepared.dataset.rows_hash(work.prepared.test)
    known[rows] = known.get(rows, 0) + 1
    durable_write(path, json.dumps(known, indent=1).encode())
    return known[rows]
