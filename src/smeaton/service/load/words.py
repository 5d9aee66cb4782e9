"""What a load test found, as lines for people: a table of the steps, the claim, and what limits it."""

from smeaton.service.load.sample import Sample, quantile
from smeaton.service.load.search import Step, kept_schedule
from smeaton.task.units import show_seconds

HEAD = f"{'asked/s':>9}  {'reached/s':>9}  {'p50':>9}  {'p99':>9}  {'errors':>6}"
_FULL = 0.85  # of the CPU there is: what uses this much is limited by it


def show_rate(rate: float) -> str:
    """A rate for people: three digits below 1,000, whole above."""
    return f"{rate:,.0f}" if rate >= 1000 else f"{rate:.3g}"


def show(seconds: float | None) -> str:
    """A time for people, or a dash."""
    return "-" if seconds is None else show_seconds(seconds)


def line(step: Step, limit: float) -> str:
    """A step as a line of the table under `HEAD`."""
    sample = step.sample
    note = {
        "": "confirmed" if step.confirming else "",
        "errors": "errors: " + errors(sample),
        "generator": "the load generator could not keep up",
        "late": f"p99 over {show_seconds(limit)}",
        "behind": "requests pile up",
    }[step.cause]
    numbers = f"{show_rate(step.rate):>9}  {show_rate(sample.rate):>9}  {show(sample.quantile(0.5)):>9}"
    return f"{numbers}  {show(sample.quantile(0.99)):>9}  {sample.failed:>6,}  {note}".rstrip()


def errors(sample: Sample) -> str:
    """The errors of a run, the most frequent first."""
    return ", ".join(f"{count:,} x {name}" for name, count in sample.errors.items())


def percentiles(sample: Sample) -> str:
    """p50 to the highest; p99.9 only where at least 1,000 answers stand behind it."""
    shares = [("p50", 0.5), ("p95", 0.95), ("p99", 0.99)]
    shares += [("p99.9", 0.999)] if len(sample.latencies) >= 1000 else []
    return ", ".join(f"{name} {show(sample.quantile(share))}" for name, share in [*shares, ("highest", 1.0)])


def limiter(step: Step | None, cores: int, workers: int | None) -> str:
    """What stood in the way of more, from the lowest step that broke the limit. `cores` are those of this machine,
    `workers` the processes that answer; None where the service was not started here."""
    if step is None:
        return "no limit was reached"
    sample = step.sample
    at = f"at {show_rate(step.rate)}/s"
    if step.cause == "errors":
        return f"errors {at}: {errors(sample)}"
    generator = sample.cpu / sample.seconds
    if step.cause == "generator":
        late = show(quantile(sample.lateness, 0.99))
        return (
            f"the load generator itself {at} (late by {late} at its p99, {generator:.0%} of a core), not the service, "
            "which may hold more"
        )
    if sample.service_cpu is None or workers is None:
        return f"unknown {at}: the CPU of a service can be read only where bench-serve starts it"
    service = sample.service_cpu / sample.seconds
    workers = max(1, workers)
    used = f"{at} the service used {service:.2f} of {cores} cores, the load generator {generator:.2f}"
    if service >= _FULL * workers:
        more = "; more --workers may hold more" if cores - workers >= 1 + generator else ""
        return f"the CPU of its {'worker' if workers == 1 else f'{workers} workers'}: {used}{more}"
    if service + generator >= _FULL * cores:
        return f"the CPU of this machine: {used}"
    return f"not CPU: {used}; the model waits for something, or other programs kept the machine busy"


def schedule(sample: Sample, limit: float) -> str:
    """Whether the generator kept its schedule."""
    late = show(quantile(sample.lateness, 0.99))
    if kept_schedule(sample, limit):
        return f"the load generator kept its schedule (p99 of its lateness {late})"
    return f"the load generator was late or busy itself (p99 of its lateness {late}): the latencies are upper bounds"
