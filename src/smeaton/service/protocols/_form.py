"""`Form`: a model as tensors; made once for each model that answers."""

from typing import NamedTuple

from smeaton.service.hosted import Hosted
from smeaton.service.protocols._datatypes import ELEMENTS, FLOATS, INTEGERS, TAKES, datatype_of, output_datatype
from smeaton.service.settings import Limits
from smeaton.task.forms import form_of
from smeaton.task.table import PREDICTION, PROBABILITY, USAGE
from smeaton.task.types import Type

_JSON = frozenset({"json", "series"})


class Input(NamedTuple):
    """An input column as a tensor. `width` is the length of a vector, -1 where it is open, and 1 for all else;
    `json`: its text is JSON that must be read first. `plain` are the Python types of its elements in JSON, None where
    they need more than that look."""

    datatype: str
    takes: frozenset[str]
    width: int
    vector: bool
    json: bool
    plain: frozenset[type] | None


class Output(NamedTuple):
    """An output as a tensor. `width` is 1, or the number of labels of `probability`; `nested`: its values are lists or
    objects, sent as JSON text."""

    datatype: str
    width: int
    labels: tuple[str, ...]
    nested: bool


class Form:
    """The tensors that a model takes and gives, in the order of its metadata.

    A *table tensor* holds all inputs of type number or integer as one matrix [n, k], in the order of `table`, under any
    name that is no input's. `table_takes` are the datatypes it may have; `table` is empty where a model takes none: k
    must be 2 or more, so that a misspelt column is never taken for one, or the model's only input.
    """

    def __init__(self, model: Hosted) -> None:
        types = {name: model.task.input_types[name] for name in model.engine.program.inputs}
        self.model = model.name
        self.version = model.version
        self.limits: Limits = model.limits
        self.inputs = {name: _input(kind) for name, kind in types.items()}
        numbers = tuple(name for name, kind in types.items() if kind.type in ("number", "integer"))
        self.table = numbers if len(numbers) > 1 or len(types) == 1 else ()
        self.table_takes = _table_takes([types[name] for name in numbers])
        #: what an answer took is given to those who name it
        self.usual = tuple(name for name in model.engine.program.outputs if name != USAGE)
        self.outputs = {name: _output(model, name) for name in model.engine.program.outputs}


def _input(kind: Type) -> Input:
    datatype = datatype_of(kind)
    vector = kind.type == "vector"
    width = int(form_of(kind).layout or -1) if vector else 1
    json = kind.type in _JSON
    plain = None if vector or json else ELEMENTS[datatype]
    return Input(datatype, TAKES[datatype], width, vector, json, plain)


def _table_takes(kinds: list[Type]) -> frozenset[str]:
    """Whole numbers fit all; fractions where no integer column may be null: its nulls have a form of their own."""
    nullable = any(kind.type == "integer" and kind.optional for kind in kinds)
    return INTEGERS if nullable else FLOATS | INTEGERS


def _output(model: Hosted, name: str) -> Output:
    task = model.task
    nested = name == PREDICTION and task.answer in ("many", "structure")
    labels = task.output_type.text_labels() if name == PROBABILITY else ()
    return Output(output_datatype(task, name), len(labels) if name == PROBABILITY else 1, labels, nested)
