"""The figures: ratios of losses by table, their mean with a 95 % interval over tables, wins, time kept, failures.

A table's log-ratio is the mean over the splits that both tools have of log(Smeaton's loss / the peer's). Where a peer
has several presets, the one that was better on that table counts: a choice in hindsight that nobody could have made.
"""

import argparse
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from benchmarks.tabular.cells import Key, read_cells
from benchmarks.tabular.tables import Set, value

Array = npt.NDArray[Any]
Cells = Mapping[Key, dict[str, Any]]
OURS = "smeaton"
REPLICATES = 2_000
LATE = 1.10


@dataclass(frozen=True)
class Against:
    """Smeaton against one tool on one table: the preset that was taken, splits, mean losses, mean log-ratio, and the
    mean difference (ours less theirs) with its 95 % interval over test rows."""

    table: str
    preset: str
    splits: tuple[int, ...]
    ours: float
    theirs: float
    log_ratio: float
    difference: tuple[float, float, float]

    @property
    def verdict(self) -> str:
        """Better or worse where the whole interval says so."""
        _, low, high = self.difference
        return "worse" if low > 0 else "better" if high < 0 else ""


def rows_of(results: Path, key: Key) -> tuple[Array, Array]:
    """Places and losses of a cell's test rows."""
    with np.load(results / "rows" / f"{key.name}.npz") as kept:
        return kept["row"], kept["loss"].astype(np.float64)


def paired(one: Set, pairs: Sequence[tuple[Key, Key]], results: Path) -> tuple[float, float, float]:
    """Mean difference over splits with its 95 % interval: Poisson bootstrap over the table's rows, a row counting the
    same in every split it was tested in."""
    kept = [(rows_of(results, own), rows_of(results, peer)) for own, peer in pairs]
    size = 1 + max(int(own[0].max()) for own, _ in kept)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(REPLICATES // 50):
        weight = rng.poisson(1.0, (50, size)).astype(np.float64)
        each = [
            value(one.classes, own, weight[:, place]) - value(one.classes, peer, weight[:, place])
            for (place, own), (_, peer) in kept
        ]
        found.append(np.mean(each, axis=0))
    low, high = np.quantile(np.concatenate(found), [0.025, 0.975])
    flat = np.mean([value(one.classes, own) - value(one.classes, peer) for (_, own), (_, peer) in kept])
    return float(flat), float(low), float(high)


def compare(
    one: Set, cells: Cells, results: Path, tool: str, presets: Sequence[str], seconds: float, peer_seconds: float
) -> Against | None:
    """Smeaton at `seconds` against a tool at `peer_seconds` on a table; None where they share no split."""
    best: Against | None = None
    for preset in presets:
        pairs = []
        for key, cell in cells.items():
            peer = Key(one.name, key.seed, tool, preset, peer_seconds)
            ours = (key.table, key.tool, key.seconds) == (one.name, OURS, seconds)
            if ours and "loss" in cell and "loss" in cells.get(peer, {}):
                pairs.append((key, peer))
        if not pairs:
            continue
        ours_losses, theirs = (np.array([cells[pair[i]]["loss"] for pair in pairs]) for i in (0, 1))
        ratio = float(np.mean(np.log(np.maximum(ours_losses, 1e-12) / np.maximum(theirs, 1e-12))))
        if best is None or ratio > best.log_ratio:
            splits = tuple(sorted(own.seed for own, _ in pairs))
            means = float(ours_losses.mean()), float(theirs.mean())
            best = Against(one.name, preset, splits, *means, ratio, paired(one, pairs, results))
    return best


def over_tables(found: Sequence[Against]) -> dict[str, float]:
    """Mean log-ratio with its interval from resampled tables, as ratios; wins."""
    logs = np.array([one.log_ratio for one in found])
    picks = np.random.default_rng(0).integers(0, len(logs), (10_000, len(logs)))
    low, high = np.quantile(logs[picks].mean(axis=1), [0.025, 0.975])
    return {
        "tables": len(logs),
        "ratio": math.exp(logs.mean()),
        "low": math.exp(low),
        "high": math.exp(high),
        "median": math.exp(float(np.median(logs))),
        "wins": int((logs < 0).sum()),
        "better": sum(one.verdict == "better" for one in found),
        "worse": sum(one.verdict == "worse" for one in found),
    }


def duel(title: str, found: Sequence[Against]) -> list[str]:
    """A section of the report: one tool, table by table."""
    if not found:
        return [f"## {title}", "", "No table that both have.", ""]
    every = over_tables(found)
    lines = [
        f"## {title}", "",
        f"Mean ratio **{every['ratio']:.4f}** ({every['low']:.4f} to {every['high']:.4f}) over "
        f"{every['tables']} tables, median {every['median']:.4f}; lower loss on {every['wins']} of {every['tables']}; "
        f"by the interval over rows better on {every['better']}, worse on {every['worse']}.", "",
        "| table | peer's preset | splits | Smeaton | peer | ratio | difference (95 % interval) | |",
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for one in sorted(found, key=lambda one: one.log_ratio):
        mean, low, high = one.difference
        lines.append(
            f"| {one.table} | {one.preset or '-'} | {len(one.splits)} | {one.ours:.5g} | {one.theirs:.5g} | "
            f"{math.exp(one.log_ratio):.4f} | {mean:+.4g} ({low:+.4g} to {high:+.4g}) | {one.verdict} |"
        )
    return [*lines, ""]


def clocks(cells: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """For each tool, preset and budget: cells, those without a model, and the share of the budget that was used."""
    found: dict[tuple[str, str, float], list[dict[str, Any]]] = {}
    for cell in cells:
        found.setdefault((cell["tool"], cell["preset"], cell["seconds"]), []).append(cell)
    lines = []
    for (tool, preset, seconds), own in sorted(found.items()):
        used = np.array([cell["fit_seconds"] / seconds for cell in own if "fit_seconds" in cell] or [math.nan])
        lines.append({
            "tool": tool, "preset": preset, "seconds": seconds, "cells": len(own),
            "failed": [f"{one['table']} split {one['seed']}: {one['outcome']}" for one in own if "loss" not in one],
            "median_used": float(np.median(used)), "most_used": float(used.max()), "late": int((used > LATE).sum()),
            "others": float(np.mean([cell["other_cores"] for cell in own if "other_cores" in cell] or [math.nan])),
        })  # fmt: skip
    return lines


def clock_report(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """The section on time kept and failures."""
    text = [
        "## Time kept, and failures", "",
        "Time is that of the fit alone (Smeaton: of the whole command), as a share of the budget.", "",
        "| tool | preset | budget | cells | without a model | median used | most used | over 1.10 | cores others had |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    text += [
        f"| {one['tool']} | {one['preset'] or '-'} | {one['seconds']:g} s | {one['cells']} | {len(one['failed'])} "
        f"| {one['median_used']:.2f} | {one['most_used']:.2f} | {one['late']} | {one['others']:.2f} |"
        for one in lines
    ]
    text += ["", *(f"- {one['tool']} {one['preset']}: {what}" for one in lines for what in one["failed"])]
    return [*text, ""]


def duels(seconds: Sequence[float], cells: Cells) -> list[tuple[str, str, tuple[str, ...], float, float]]:
    """Title, tool, presets, our seconds and theirs of every comparison there are cells for."""
    found = []
    for own in seconds:
        peers = sorted({(key.tool, key.seconds) for key in cells if key.tool != OURS and key.seconds >= own})
        for tool, theirs in peers:
            presets = tuple(sorted({key.preset for key in cells if (key.tool, key.seconds) == (tool, theirs)}))
            clock = f"{own:g} s" if own == theirs else f"Smeaton {own:g} s, peer {theirs:g} s"
            if len(presets) > 1:
                found.append((f"{tool}, the better preset of each table, {clock}", tool, presets, own, theirs))
            found += [
                (f"{tool} {preset}, {clock}".replace(" ,", ","), tool, (preset,), own, theirs) for preset in presets
            ]
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the report goes."""
    parser.add_argument("--report", type=Path, help="file to write (default report.md among the results)")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the report")


def main(args: argparse.Namespace, tables: list[Set]) -> int:
    """Write and print the report."""
    names = {one.name for one in tables}
    cells = {key: cell for key, cell in read_cells(args.results).items() if key.table in names}
    seconds = sorted({key.seconds for key in cells if key.tool == OURS})
    sections, figures = [], {}
    for title, tool, presets, own, theirs in duels(seconds, cells):
        every = [compare(one, cells, args.results, tool, presets, own, theirs) for one in tables]
        found = [one for one in every if one is not None]
        if found:
            sections += duel(title, found)
            figures[title] = over_tables(found) | {"by_table": {one.table: math.exp(one.log_ratio) for one in found}}
    clock = clocks(cells.values())
    head = ["# Tabular quality at short budgets", "", "Written by `python -m benchmarks.tabular summary`. "
            "Ratios are Smeaton's log-loss or RMSE over the peer's: below 1, Smeaton is better.", ""]  # fmt: skip
    report = "\n".join([*head, *sections, *clock_report(clock)])
    path = args.report or args.results / "report.md"
    path.write_text(report.rstrip() + "\n", encoding="utf-8")
    print(json.dumps({"duels": figures, "clocks": clock}) if args.json else report)
    return 0
