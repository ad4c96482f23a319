"""Plain plots as SVG text: values as strips of dots, lines over another figure, and intervals.

Written by hand: three kinds of plot are not worth a plotting library in the install. Nothing is
smoothed or left out; every axis begins at zero.
"""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from blastoff_pipecat.conductor.latency import nearest_rank

_WIDTH = 760
_LEFT, _RIGHT, _TOP = 130, 30, 56
_ROW = 86
_HIGH = 320
_NAMES, _SERIES = 190, 15  # of intervals: how wide their names are, how far they are apart
_COLOURS = (
    *("#0b7a75", "#c8553d", "#4a6fbd", "#8a6d1d"),
    *("#7b4fa8", "#3f7d2c", "#b13a78", "#6b6b6b"),
)
_COLOURS_IN_THE_DARK = (
    *("#3dbfb7", "#ee8f79", "#8fb2f5", "#d9bd55"),
    *("#c3a0ea", "#93cf7c", "#f08fc0", "#b5b5b5"),
)
_IN_A_ROW, _LEGEND_ROW = 4, 18  # of a legend: how many names, how high
_height = re.compile(r' height="(\d+)" role="img"')
_DASHES = ("none", "none", "9 4", "2 5")  # where lines lie on each other, each is seen
_STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#222}.title{font-size:16px;font-weight:600}"
    ".small{font-size:11px;fill:#555}.grid{stroke:#ddd}.axis{stroke:#888}.paper{fill:#fff}"
    + "".join(f".c{index}{{color:{colour}}}" for index, colour in enumerate(_COLOURS))
    + "@media (prefers-color-scheme:dark){text{fill:#ddd}.small{fill:#aaa}.grid{stroke:#333}"
    ".paper{fill:#0d1117}"
    + "".join(f".c{index}{{color:{colour}}}" for index, colour in enumerate(_COLOURS_IN_THE_DARK))
    + "}"
)


@dataclass(frozen=True)
class Line:
    """One line of a plot: its name and its points."""

    name: str
    points: Sequence[tuple[float, float]]


@dataclass(frozen=True)
class Interval:
    """A value, and the lower and the upper end of what it may be."""

    value: float
    low: float
    high: float


def strips(title: str, rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    """Draw every value as a dot, one row a mode, with the quartiles, the median and the p95.

    Args:
        title: What is shown.
        rows: A name and its values in seconds, each.
    """
    most, step = _scale(max((value for _, values in rows for value in values), default=0.0))
    height = _TOP + _ROW * len(rows) + 62
    wide = _WIDTH - _LEFT - _RIGHT
    bottom = height - 62

    def x(value: float) -> float:
        return _LEFT + wide * value / most

    parts = [*_opening(title, height), *_across(x, most, step, bottom, "seconds")]
    for index, (name, values) in enumerate(rows):
        middle = _TOP + _ROW * index + _ROW / 2 - 6
        colour = _colour(index)
        parts.append(_text(12, middle + 1, name))
        parts.append(_text(12, middle + 17, f"n = {len(values)}", "small"))
        ordered = sorted(values)
        if not ordered:
            parts.append(_text(_LEFT + 6, middle + 4, "no answer", "small"))
            continue
        q1, p50, q3, p95 = (nearest_rank(ordered, part) for part in (0.25, 0.5, 0.75, 0.95))
        parts.append(
            f'<rect x="{x(q1):.1f}" y="{middle - 24:.1f}" width="{max(x(q3) - x(q1), 1):.1f}" '
            f'height="48" {colour} fill="currentColor" fill-opacity="0.14"/>'
        )
        for number, value in enumerate(values):  # spread evenly by order, so that none is hidden
            y = middle - 18 + 36 * ((number * 7) % 13) / 12
            parts.append(
                f'<circle cx="{x(value):.1f}" cy="{y:.1f}" r="3" {colour} '
                'fill="currentColor" fill-opacity="0.6"/>'
            )
        for value, width in ((p50, 3), (p95, 1.5)):
            parts.append(
                f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{middle - 28:.1f}" '
                f'y2="{middle + 28:.1f}" {colour} stroke="currentColor" stroke-width="{width}"/>'
            )
        parts.append(
            _text(
                _LEFT + 2, middle + 42, f"p50 {p50 * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms", "small"
            )
        )
    legend = "dots: single answers; band: quartiles; thick line: p50; thin line: p95 (nearest rank)"
    parts.append(_text(12, height - 10, legend, "small"))
    return _closed(parts)


def lines(
    title: str,
    unit: str,
    drawn: Sequence[Line],
    *,
    across: str = "sessions at once",
    most: float | None = None,
) -> str:
    """Draw lines over another figure.

    Args:
        title: What is shown.
        unit: What is counted upwards.
        drawn: The lines.
        across: What is counted to the right.
        most: Where the axis upwards ends; None for a little above the highest point.
    """
    points = [point for line in drawn for point in line.points]
    most_x, step_x = _scale(max((x for x, _ in points), default=1.0))
    most_y, step_y = _scale(max((y for _, y in points), default=1.0))
    if most is not None:
        most_y, step_y = most, most / 5
    height, below = _HIGH, 84
    wide, high = _WIDTH - 80 - _RIGHT, height - _TOP - below

    def at(x: float, y: float) -> tuple[float, float]:
        return 80 + wide * x / most_x, _TOP + high * (1 - y / most_y)

    parts = _opening(title, height)
    for tick in _ticks(most_y, step_y):
        left, y = at(0, tick)
        parts.append(_line(left, y, left + wide, y, "grid"))
        parts.append(_text(left - 6, y + 4, f"{tick:g}", "small", "end"))
    for tick in _ticks(most_x, step_x):
        x, y = at(tick, 0)
        parts.append(_text(x, y + 16, f"{tick:g}", "small", "middle"))
    parts.append(_line(*at(0, 0), *at(most_x, 0), "axis"))
    parts.append(_text(80 + wide / 2, height - below + 34, across, "small", "middle"))
    parts.append(_text(12, _TOP - 12, unit, "small"))
    for index, line in enumerate(drawn):
        colour, dashes = _colour(index), _DASHES[index % len(_DASHES)]
        placed = [at(x, max(y, 0.0)) for x, y in line.points]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in placed)
        parts.append(
            f'<polyline points="{path}" {colour} fill="none" stroke="currentColor" '
            f'stroke-width="2.5" stroke-dasharray="{dashes}"/>'
        )
        parts += [
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" {colour} fill="currentColor"/>'
            for x, y in placed
        ]
    parts += _legend([line.name for line in drawn], height - 26)
    return _closed(parts)


def intervals(
    title: str,
    unit: str,
    names: Sequence[str],
    rows: Sequence[tuple[str, Sequence[Interval | None]]],
) -> str:
    """Draw values with the intervals in which they are known to be.

    Args:
        title: What is shown.
        unit: What is counted to the right.
        names: Whose values they are.
        rows: What is known, and a value for each name; None where there is none.
    """
    ends = (known.high for _, values in rows for known in values if known)
    most, step = _scale(max(ends, default=0.0))
    row = _SERIES * len(names) + 14
    bottom, wide = _TOP + row * len(rows), _WIDTH - _NAMES - _RIGHT

    def x(value: float) -> float:
        return _NAMES + wide * value / most

    below = 58 + _LEGEND_ROW * math.ceil(len(names) / _IN_A_ROW)
    parts = [*_opening(title, bottom + below), *_across(x, most, step, bottom, unit)]
    for place, (what, values) in enumerate(rows):
        top = _TOP + row * place
        parts.append(_text(12, top + row / 2 - 3, what))
        for index, known in enumerate(values):
            y = top + 6 + _SERIES * index
            if known is None:
                continue
            parts.append(
                f'<line x1="{x(known.low):.1f}" x2="{x(known.high):.1f}" y1="{y}" y2="{y}" '
                f'{_colour(index)} stroke="currentColor" stroke-width="2" stroke-opacity="0.6"/>'
                f'<circle cx="{x(known.value):.1f}" cy="{y}" r="4" {_colour(index)} '
                'fill="currentColor"/>'
            )
    parts += _legend(names, bottom + 50)
    return _closed(parts)


def stacked(plots: Sequence[str]) -> str:
    """Put plots below each other."""
    heights = [int(found[1]) for drawn in plots if (found := _height.search(drawn))]
    whole, parts = sum(heights), list[str]()
    parts.append(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {whole}" '
        f'width="{_WIDTH}" height="{whole}" role="img">'
    )
    parts += [
        drawn.replace("<svg ", f'<svg y="{sum(heights[:number])}" ', 1).rstrip()
        for number, drawn in enumerate(plots)
    ]
    return _closed(parts)


def _legend(names: Sequence[str], top: float) -> list[str]:
    parts: list[str] = []
    for index, name in enumerate(names):
        if not name:  # a line that the title tells of
            continue
        x, y = 80 + index % _IN_A_ROW * 168, top + index // _IN_A_ROW * _LEGEND_ROW
        parts.append(
            f'<rect x="{x}" y="{y:g}" width="12" height="12" {_colour(index)} fill="currentColor"/>'
        )
        parts.append(_text(x + 18, y + 11, name, "small"))
    return parts


def _colour(index: int) -> str:
    return f'class="c{index % len(_COLOURS)}"'


def _scale(highest: float) -> tuple[float, float]:
    """Return the end of an axis and the distance of its ticks."""
    if highest <= 0:
        return 1.0, 0.25
    raw = highest * 1.05 / 6
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if raw <= power * factor)
    return step * math.ceil(highest * 1.05 / step), step


def _ticks(most: float, step: float) -> list[float]:
    return [round(number * step, 9) for number in range(round(most / step) + 1)]


def _opening(title: str, height: float) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height:g}" '
        f'width="{_WIDTH}" height="{height:g}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        '<rect width="100%" height="100%" class="paper"/>',
        _text(12, 26, title, "title"),
    ]


def _across(
    x: Callable[[float], float], most: float, step: float, bottom: float, unit: str
) -> Iterator[str]:
    """Draw an axis to the right, with a line up from each of its ticks."""
    for tick in _ticks(most, step):
        yield _line(x(tick), _TOP - 8, x(tick), bottom, "grid")
        yield _text(x(tick), bottom + 16, f"{tick:g}", "small", "middle")
    yield _text(x(most / 2), bottom + 34, unit, "small", "middle")


def _closed(parts: Sequence[str]) -> str:
    return "\n".join((*parts, "</svg>", ""))


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">{escape(text)}</text>'
    )
