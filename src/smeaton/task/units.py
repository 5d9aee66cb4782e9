"""Times, money and sizes as people write them: `50ms`, `$0.20`, `3MB`.

One plain decimal number and one unit, nothing else: no sums (`1h30m`), no exponents, no thousands separators.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

TIME = {
    "us": Decimal("0.000001"), "ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600),
}  # fmt: skip
AGE = TIME | {"d": Decimal(86_400), "w": Decimal(604_800)}
SIZE = {
    "B": Decimal(1), "KB": Decimal(10**3), "MB": Decimal(10**6), "GB": Decimal(10**9),
    "KiB": Decimal(2**10), "MiB": Decimal(2**20), "GiB": Decimal(2**30),
}  # fmt: skip
_AMOUNT = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,18})?) ?([A-Za-z]*)")
_MONEY = re.compile(r"\$([0-9]{1,18}(?:\.[0-9]{1,18})?)")


def show_number(value: float, digits: int = 3) -> str:
    """A number with so many digits that count, and all of a large one's whole part: `0.0123`, `3,950`."""
    return f"{value:,.0f}" if 1_000 <= abs(value) < 1e15 else f"{value:.{digits}g}"


def show_range(low: float, high: float, digits: int = 3) -> str:
    """The ends of an interval: `0.0123 to 0.0456`."""
    return f"{show_number(low, digits)} to {show_number(high, digits)}"


def seconds(text: str) -> float:
    """Seconds from `20us`, `50ms`, `3s`, `2m` or `1h`.

    Raises:
        ValueError: it is not one number with one of these units.
    """
    return float(_amount(text, TIME, "a time such as 50ms, 3s, 2m or 1h"))


def age(text: str) -> float:
    """Seconds from a time that may be long: `30m`, `12h`, `7d`, `2w`.

    Raises:
        ValueError: it is not one number with one of these units.
    """
    return float(_amount(text, AGE, "an age such as 12h, 7d or 2w"))


def size_bytes(text: str) -> int:
    """Bytes from `512B`, `3MB` (powers of ten: KB MB GB) or `2GiB` (powers of two: KiB MiB GiB).

    Raises:
        ValueError: it is not one number with one of these units, or not a whole number of bytes.
    """
    amount = _amount(text, SIZE, "a size such as 512KB, 3MB or 2GiB")
    if amount != int(amount):
        raise ValueError(f"expected a whole number of bytes, got {text!r}")
    return int(amount)


def dollars(text: str) -> float:
    """Dollars from `$5` or `$0.20`.

    Raises:
        ValueError: it is not a dollar sign and a number.
    """
    found = _MONEY.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"expected dollars such as $5 or $0.20, got {text!r}")
    return float(found[1])


def show_seconds(value: float) -> str:
    """A time for people, three digits: `50 ms`, `1.25 s`, `2 m 05 s`, `1 h 10 m`."""
    if value < 0.9995e-3:
        return f"{_short(value * 1e6)} us"
    if value < 0.9995:
        return f"{_short(value * 1e3)} ms"
    if value < 59.95:
        return f"{_short(value)} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} m" + (f" {rest:02} s" if rest else "")
    hours, minutes = divmod(round(value / 60), 60)
    return f"{hours} h" + (f" {minutes:02} m" if minutes else "")


def show_bytes(value: float) -> str:
    """A size for people, three digits, powers of ten: `3.2 MB`."""
    for unit, bound in (("B", 999.5), ("KB", 999.5e3), ("MB", 999.5e6)):
        if value < bound:
            return f"{_short(value / float(SIZE[unit]))} {unit}"
    return f"{_short(value / 1e9)} GB"


def show_dollars(value: float) -> str:
    """Money for people: cents from ten cents up (`$0.20`, `$12.00`), below that two digits that count (`$0.0012`)."""
    if value == 0 or value >= 0.1:
        return f"${value:,.2f}"
    return "$" + format(Decimal(f"{value:.2g}"), "f")


def exact_seconds(value: float) -> str:
    """The shortest text that `seconds` reads back as the same float."""
    return _exact(value, TIME, seconds, "s")


def exact_age(value: float) -> str:
    """The shortest text that `age` reads back as the same float."""
    return _exact(value, AGE, age, "s")


def exact_bytes(value: int) -> str:
    """The shortest text that `size_bytes` reads back as the same size."""
    return _exact(value, SIZE, size_bytes, "B")


def exact_dollars(value: float) -> str:
    """A text that `dollars` reads back as the same float."""
    plain = _plain(Decimal(repr(value)))
    cents = f"{value:.2f}"
    return f"${cents}" if "." in plain and float(cents) == value else f"${plain}"


def _amount(text: str, units: Mapping[str, Decimal], expected: str) -> Decimal:
    found = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if found is None or found[2] not in units:
        alike = [unit for unit in units if found and unit.lower() == found[2].lower()]
        hint = f" (write the unit {alike[0]})" if alike else ""
        raise ValueError(f"expected {expected}, got {text!r}{hint}")
    return Decimal(found[1]) * units[found[2]]


def _exact(value: float, units: Mapping[str, Decimal], read: Callable[[str], float], base: str) -> str:
    amount = Decimal(repr(value))
    texts = [_plain(amount) + base]
    for unit, factor in units.items():
        text = _plain((amount / factor).normalize()) + unit
        if len(text) <= len(texts[0]) and _AMOUNT.fullmatch(text) and read(text) == value:
            texts.append(text)
    return min(reversed(texts), key=len)


def _plain(amount: Decimal) -> str:
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _short(value: float) -> str:
    return format(Decimal(f"{value:.3g}"), "f")
