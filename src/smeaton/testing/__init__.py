"""The public conformance kit and the fakes that go with it.

`check_family`, `check_op` and `check_protocol` say what a part promises; `smeaton.testing.tables` holds small tables to
check a family on, `smeaton.testing.fakes` families that need no model. `smeaton new-family` copies
`smeaton.testing.example_family`, with a test of it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smeaton.testing.conformance import check_answers, check_family, check_op, check_program_files
    from smeaton.testing.wires import check_protocol

__all__ = ["check_answers", "check_family", "check_op", "check_program_files", "check_protocol"]


def __getattr__(name: str) -> Any:
    """The checks, imported on first use: a service that runs a fake op must not load the building side."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name == "check_protocol":
        from smeaton.testing import wires

        return getattr(wires, name)
    from smeaton.testing import conformance

    return getattr(conformance, name)
