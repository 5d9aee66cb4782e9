"""What is kept and learnt, for people."""

import numpy as np
from benchmarks.portfolio.candidates import CANDIDATES
from benchmarks.portfolio.evidence import gather
from benchmarks.portfolio.results import Results

from smeaton.families import _portfolio


def show(results: Results) -> str:
    """Each candidate's mean log ratio, seconds and tables, by kind; then the learnt orders."""
    tables = gather(results)
    kinds = sorted({table.kind for table in tables})
    lines = [f"{len(results.lines)} cells on {len(tables)} tables; log ratio to one LightGBM, seconds of a fit, tables"]
    lines.append(" " * 24 + "".join(f"{kind:>26}" for kind in kinds))
    for name in CANDIDATES:
        cells = []
        for kind in kinds:
            own = [table for table in tables if table.kind == kind and name in table.names]
            gain = np.mean([table.gain([name]) for table in own]) if own else np.nan
            spent = np.mean([table.seconds[table.names.index(name)] for table in own]) if own else np.nan
            cells.append(f"{gain:+.3f} {spent:6.2f} s {len(own):3}" if own else "-")
        lines.append(f"{name:24}" + "".join(f"{cell:>26}" for cell in cells))
    for one in _portfolio.read_portfolio(_portfolio.FILE).classes:
        size = "more rows" if one.rows is None else f"below {one.rows:,} rows"
        budget = "longer" if one.seconds is None else f"up to {one.seconds:g} s"
        lines.append(f"{one.kind}, {size}, {budget}: {', '.join(one.order)}")
    return "\n".join(lines)
