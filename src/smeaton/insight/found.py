"""`found`: what a build's own answers say about its data, as a plain structure. No row leaves the machine."""

import time
from pathlib import Path

from smeaton.bundle.read import open_bundle
from smeaton.data.split import open_folds
from smeaton.insight.confusable import confusions
from smeaton.insight.decided import decided
from smeaton.insight.evidence import Evidence, open_evidence, read_board
from smeaton.insight.forms import SECONDS, LabelWords, Report
from smeaton.insight.inspection import inspection
from smeaton.insight.rows import conflicting
from smeaton.insight.suspects import judged
from smeaton.insight.uncovered import uncovered
from smeaton.insight.words import Held, held, over_represented
from smeaton.leaderboard.forms import BOARD_FILE, Board
from smeaton.quality.parts import split_of
from smeaton.runtime.check import effect_of
from smeaton.trials.reject import ships

_WORDS = 8


def found(root: Path, bundle: Path, *, rows: int = 20, seconds: float = SECONDS) -> Report:
    """Read a build: labels that are mixed up, rows that look mislabelled or contradict each other, near-copies across
    the split, drift between parts, words that decide, phrases that no label covers.

    Args:
        root: the build's folder.
        bundle: what it shipped; it may be gone.
        rows: how many suspects to name.
        seconds: about how long it may take; the shipped program is asked until then.

    Raises:
        DataError: the build chose nothing, or its answers are gone.
    """
    start = time.monotonic()
    board = read_board(root / BOARD_FILE)
    evidence = open_evidence(root, board)
    texts = evidence.texts() if evidence.text_columns else []
    words = held(texts) if texts else None
    left_out, notes = _left_out(evidence), [f"looked at {len(evidence.rows):,} rows that were held out of the fits"]
    kept = ships(root / "trials" / evidence.trial)
    if kept is not None:
        notes.append(f"rejection: {kept.said}; learnt from {kept.examples:,} examples")
    named, suspected, expected = ((), 0, 0.0) if "suspects" in left_out else judged(evidence, rows)
    folds = open_folds(root / "data")
    looked = inspection(root, evidence.dataset, folds)
    notes += looked.notes
    conflicts, conflicted, attainable = conflicting(evidence.dataset, split_of(evidence.dataset, folds)[0])
    classes = evidence.task.answer == "class" and evidence.probability is not None
    mixed = confusions(evidence, words) if "confusions" not in left_out else ()
    open_ = uncovered(evidence, texts) if classes and texts else ()
    telling = _telling(evidence, words) if words is not None and "telling" not in left_out else ()
    deciding: tuple[LabelWords, ...] = ()
    if "deciding" not in left_out:
        left = max(0.5, seconds - (time.monotonic() - start))
        deciding, why = _deciding(evidence, bundle, board, left)
        (notes.append(why) if deciding else left_out.update(deciding=why))
    return Report(
        task=evidence.task.name,
        target=evidence.task.target,
        solution=evidence.solution,
        trial=evidence.trial,
        rows=len(evidence.rows),
        confusions=mixed,
        suspects=named,
        suspected=suspected,
        expected=round(expected, 3),
        conflicts=conflicts,
        conflicting=conflicted,
        attainable=attainable,
        near=looked.near,
        drifts=looked.drifts,
        deciding=deciding,
        telling=telling,
        uncovered=open_,
        left_out=left_out,
        notes=tuple(notes),
        seconds=round(time.monotonic() - start, 3),
    )


def _left_out(evidence: Evidence) -> dict[str, str]:
    """The parts that do not apply to such a task, and why."""
    answer, found = evidence.task.answer, dict[str, str]()
    if answer != "class":
        rows = {"number": "numbers have", "many": "rows with any number of labels have", "text": "texts have"}
        of = rows.get(answer, "structures have")
        found["confusions"] = found["uncovered"] = f"{of} no single label to mix up"
    if answer in ("structure", "text", "other"):
        what = "texts" if answer == "text" else "structures"
        found["suspects"] = f"{what} have no probability to be doubted by"
    if not evidence.text_columns:
        for part in ("uncovered", "telling", "deciding"):
            found.setdefault(part, "the inputs hold no text")
    elif answer not in ("class", "many"):
        found["telling"] = found["deciding"] = "words are counted for labels, and the answer is none"
    if evidence.probability is None:
        for part in ("uncovered", "deciding", *(("suspects",) if answer in ("class", "many") else ())):
            found.setdefault(part, "the answers hold no probabilities")
    return found


def _telling(evidence: Evidence, found: Held) -> tuple[LabelWords, ...]:
    """Words over-represented in the rows of each label."""
    shown = []
    for code, label in enumerate(evidence.labels):
        mine = evidence.target == code if evidence.target.ndim == 1 else evidence.target[:, code] == 1
        words = over_represented(found, mine, ~mine, _WORDS)
        if words:
            shown.append(LabelWords(label=label, rows=int(mine.sum()), words=words))
    return tuple(shown)


def _deciding(evidence: Evidence, path: Path, board: Board, seconds: float) -> tuple[tuple[LabelWords, ...], str]:
    """Words that decided, asked of the bundle; or nothing, and why."""
    if not path.exists():
        return (), f"there is no bundle {path.name} to ask"
    bundle = open_bundle(path)
    if bundle.manifest.winner.key != board.winner:
        return (), f"{path.name} is of another build"
    if effect_of(bundle.program) != "pure":
        return (), "the program is not pure: asking it often may cost, or change it"
    with bundle.engine() as engine:
        found, said = decided(evidence, engine.run, seconds)
    return found, said if found else f"no word was seen in enough rows ({said})"
