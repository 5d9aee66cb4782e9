"""`RowDecoder`: a body of plain rows, decoded and checked in one pass from the model's own types."""

from collections.abc import Mapping
from typing import Any

import msgspec

from smeaton.service.body import has_spaced_key
from smeaton.task.natural import Cells, has_reserved, row_form
from smeaton.task.types import Type


class RowDecoder:
    """Decodes `{key: [{column: value, ...}, ...]}` with optional other keys of given types.

    It takes what is right beyond doubt and says nothing about the rest: a body in another form, or with a fault, is
    read again by the careful readers, which take all that may be right and name what is wrong.
    """

    def __init__(self, types: Mapping[str, Type], key: str, longest: int, **more: Any) -> None:
        row, self._cells = row_form(types, longest)
        fields: list[Any] = [(key, list[row])]  # type: ignore[valid-type]
        fields += [(name, kind | msgspec.UnsetType, msgspec.UNSET) for name, kind in more.items()]
        form = msgspec.defstruct("Body", fields, forbid_unknown_fields=True, gc=False)
        self._decode = msgspec.json.Decoder(form).decode
        self._key, self._more, self._columns = key, tuple(more), len(types)

    def __call__(self, body: bytes) -> tuple[list[Cells], dict[str, Any]] | None:
        """The cells of each row and the other keys that were given; None where the careful readers must look."""
        if has_reserved(body):
            return None
        try:
            given = self._decode(body)
            rows = getattr(given, self._key)
            cells = [self._cells(row) for row in rows]
        except (msgspec.DecodeError, ValueError, RecursionError):
            return None
        more = {name: getattr(given, name) for name in self._more} if self._more else {}
        others = {name: value for name, value in more.items() if value is not msgspec.UNSET}
        keys = 1 + len(others) + len(rows) * self._columns
        if body.count(b":") != keys and (body.count(b'":') != keys or has_spaced_key(body)):
            return None  # a key came twice, or a text looks like one
        return cells, others
