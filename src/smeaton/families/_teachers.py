"""Which language models a task lets teach or back up small ones."""

from smeaton.llm import providers
from smeaton.llm.endpoint import LOCAL
from smeaton.task.task import Task


def teachers(task: Task) -> tuple[tuple[str, ...], dict[str, str]]:
    """Those that can be asked now (of the task's `solutions.add`, else one of each provider), and what each of the
    others needs. The user's own families count as models that can be asked: what they ask, they say themselves."""
    named = [name for name in task.solutions.add if providers.is_model(name)]
    own = [name for name in task.solutions.add if ".py:" in name]
    wanted = named or ([] if own else list(providers.DEFAULTS))
    missing = {name: why for name in wanted if (why := providers.missing(name))}
    return (*(name for name in wanted if name not in missing), *own), missing


def hosts(usable: tuple[str, ...]) -> tuple[str, ...]:
    """The machines, other than this one, that rows go to."""
    found = dict.fromkeys(providers.host(name) for name in usable if providers.is_model(name))
    return tuple(host for host in found if host != LOCAL)
