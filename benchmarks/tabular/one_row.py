"""What is deployed: its size, and the time one row and a batch take. From the cells, of the tables both tools have.

Every tool is asked with a pandas frame of one row; Smeaton also with a mapping, as its service and its manual do, and
AutoGluon also with its models kept in memory (`persist`).
"""

import argparse
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from benchmarks.tabular.cells import Key, read_cells
from benchmarks.tabular.summary import OURS
from benchmarks.tabular.tables import Set

#: Title, the peer's figure, Smeaton's.
FIGURES = {
    "one row: frame against mapping": ("one_row_seconds", "mapping_one_row_seconds"),
    "one row: frame against frame": ("one_row_seconds", "one_row_seconds"),
    "one row: kept in memory against mapping": ("warm_one_row_seconds", "mapping_one_row_seconds"),
    "one row: kept in memory against frame": ("warm_one_row_seconds", "one_row_seconds"),
    "size": ("size", "size"),
    "10,000 rows": ("batch_seconds", "batch_seconds"),
    "10,000 rows, kept in memory": ("warm_batch_seconds", "batch_seconds"),
}


def flat(cell: Mapping[str, Any]) -> dict[str, Any]:
    """A cell with what its note holds."""
    return {**cell, **cell.get("note", {})}


def ratios(cells: Mapping[Key, dict[str, Any]], tool: str, preset: str, seconds: float) -> dict[str, dict[str, Any]]:
    """The peer's figure over Smeaton's: geometric mean, least, most, and the table of the least."""
    pairs = []
    for key, cell in cells.items():
        ours = cells.get(Key(key.table, key.seed, OURS, "", seconds))
        if (key.tool, key.preset, key.seconds) == (tool, preset, seconds) and ours:
            pairs.append((key.table, flat(cell), flat(ours)))
    found = {}
    for title, (theirs, own) in FIGURES.items():
        each = [(peer[theirs] / one[own], table) for table, peer, one in pairs if theirs in peer and own in one]
        if each:
            values = np.array([ratio for ratio, _ in each])
            found[title] = {
                "cells": len(each), "mean": float(np.exp(np.log(values).mean())), "least": float(values.min()),
                "most": float(values.max()), "least_table": min(each)[1],
            }  # fmt: skip
    return found


def main(args: argparse.Namespace, tables: list[Set]) -> int:
    """Print how many times each peer's figure is Smeaton's."""
    names = {one.name for one in tables}
    cells = {key: cell for key, cell in read_cells(args.results).items() if key.table in names}
    peers = sorted({(key.tool, key.preset, key.seconds) for key in cells if key.tool != OURS})
    found = {f"{tool} {preset} {seconds:g} s": ratios(cells, tool, preset, seconds) for tool, preset, seconds in peers}
    (args.results / "one_row.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    for peer, own in found.items():
        for title, one in own.items():
            print(
                f"{peer:34} {title:42} {one['mean']:8.1f}x (least {one['least']:.1f}x on {one['least_table']}, "
                f"most {one['most']:.1f}x, {one['cells']} cells)"
            )
    return 0
