"""Sections of the report. A part makes one section of a build, or says why it does not apply."""

from typing import Protocol

from smeaton.reporting.build import Build
from smeaton.reporting.forms import Section


class Part(Protocol):
    """One section. `order` is its place on the page (the answer first: 10; see the parts), `title` its name where it
    does not apply."""

    order: int
    title: str

    def applies(self, build: Build) -> str:
        """Why this build has no such section, '' if it has."""
        ...

    def make(self, build: Build) -> Section:
        """The section. It looks at `build.left()` before work that can take long, and says what it left out.

        Raises:
            SmeatonError: what it needs of the build is gone or damaged.
        """
        ...
