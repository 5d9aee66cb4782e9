"""`Registry`: the models that answer here, by name; loaded, swapped and unloaded while requests go on."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from smeaton.errors import InputError
from smeaton.service.exchange import Ask
from smeaton.service.hosted import Hosted
from smeaton.service.protocols import Chooser

if TYPE_CHECKING:
    from smeaton.service.protocols import Wire

Opener = Callable[[Path], Hosted]  #: opens, verifies and warms up a bundle


class Registry(Mapping[str, Hosted]):
    """Models in the order given; the first also answers where no name is said.

    `asks` leads from an exact POST path to the wire, its handler and the model (None: the body names it). It is
    replaced whole on each change, so a request sees one state of it. A model that is swapped out finishes what it has.
    """

    def __init__(self, models: Sequence[Hosted], wires: "Mapping[str, Wire]", opener: Opener | None = None) -> None:
        self._models = {model.name: model for model in models}
        if len(self._models) < len(models):
            raise InputError("two bundles have the same name", fix="rename one of the tasks and build it again")
        self._folders = {model.name: model.bundle.path for model in models}
        self._wires, self._opener = wires, opener
        self.changes = 0  #: grows with each change
        self.asks: dict[str, tuple[str, Wire, Ask, Hosted | None]] = {}
        self._lay()

    def __getitem__(self, name: str) -> Hosted:
        return self._models[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)

    def first(self) -> Hosted | None:
        """The model that answers where no name is said."""
        return next(iter(self._models.values()), None)

    def names_known(self) -> tuple[str, ...]:
        """Every model of this service, loaded or not."""
        return tuple(self._folders)

    async def prepare(self, names: Sequence[str]) -> list[Hosted]:
        """Open bundles anew beside those that answer; nothing that is seen changes.

        Raises:
            InputError: a name that is not of this service, a model with a state, another bundle in its place, or one
                that cannot be served; all that was opened is closed again.
        """
        opened: list[Hosted] = []
        try:
            for name in names:
                model = await self._open(name)
                opened.append(model)
        except BaseException:
            for model in opened:
                model.close()
            raise
        return opened

    def commit(self, opened: Sequence[Hosted]) -> list[Hosted]:
        """Let prepared models answer; those they replace finish what they have. Returns these."""
        old = [self._models[model.name] for model in opened if model.name in self._models]
        new = {**self._models, **{model.name: model for model in opened}}
        self._models = {name: new[name] for name in self._folders if name in new}
        self._lay()
        for model in old:
            model.retire()
        return old

    def unload(self, name: str) -> Hosted | None:
        """Stop answering for a model; None if it did not."""
        model = self._models.pop(name, None)
        if model is not None:
            self._lay()
            model.retire()
        return model

    def close(self) -> None:
        """Close every model."""
        for model in self._models.values():
            model.close()

    async def _open(self, name: str) -> Hosted:
        folder = self._folders.get(name)
        if folder is None or self._opener is None:
            raise InputError("no bundle of this name is served here", fix="name one that the service was started with")
        before = self._models.get(name)
        if before is not None and before.states:
            raise InputError(
                "this model keeps a state, which belongs to its bundle", fix="start the service again with the new one"
            )
        model = await asyncio.get_running_loop().run_in_executor(None, self._opener, folder)
        fault = ""
        if model.name != name:
            fault = f"the bundle in its place is called {model.name!r}"
        elif not model.ready:
            fault = model.why
        if fault:
            model.close()
            raise InputError(f"{name} was not swapped: {fault}", fix="put the right bundle in its place")
        return model

    def _lay(self) -> None:
        asks: dict[str, tuple[str, Wire, Ask, Hosted | None]] = {}
        for name, wire in self._wires.items():
            if isinstance(wire, Chooser):
                asks |= {path: (name, wire, ask, None) for path, ask in wire.shared().items()}
        for number, model in enumerate(self._models.values()):
            for name, wire in self._wires.items():
                for path, ask in wire.asks(model, number == 0).items():
                    asks[path] = (name, wire, ask, model)
        self.asks = asks
        self.changes += 1
