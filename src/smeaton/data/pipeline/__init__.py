"""A pipeline: named steps of SQL with checks. Each step's rows are kept, and made again only where something changed.

A step is known by its query, by what the tables and steps that it reads hold, and by the version of DuckDB: the same
three give the same rows, which stand in `.smeaton/steps/` (as a build system keeps what it made: Mokhov, Mitchell,
Peyton Jones, Build systems à la carte, ICFP 2018, "constructive traces"). What a step holds is known by the hash of its
file, so that a step whose query changed and whose rows did not leaves those after it as they are.
"""

from smeaton.data.pipeline.run import run_steps

__all__ = ["run_steps"]
