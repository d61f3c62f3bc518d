"""Figures as rows, in Markdown."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: what, of how many, and its figures by column."""

    what: str
    count: int
    cells: Mapping[str, str]


def markdown(rows: Iterable[Row], counted: str) -> str:
    """A table; `counted` heads the column of counts."""
    rows = list(rows)
    columns = list(dict.fromkeys(name for row in rows for name in row.cells))
    lines = [["", counted, *columns]]
    lines += [[row.what, str(row.count), *(row.cells.get(name, "") for name in columns)] for row in rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    texts = [_line(line, widths) for line in lines]
    ruler = "|" + "|".join("-" * (width + 1) + (":" if index else "-") for index, width in enumerate(widths))
    return "\n".join([texts[0], ruler + "|", *texts[1:]])


def _line(cells: list[str], widths: list[int]) -> str:
    padded = [
        cell.rjust(width) if index else cell.ljust(width)
        for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "| " + " | ".join(padded) + " |"


def seconds(value: float) -> str:
    """Such as `1.24 s`."""
    return f"{value:.2f} s"


def milliseconds(value: float) -> str:
    """Of seconds."""
    return f"{value * 1000:.1f} ms"


def microseconds(value: float) -> str:
    """Of seconds."""
    return f"{value * 1e6:.0f} µs"


def megabytes(value: int) -> str:
    """Of bytes."""
    return f"{value / 1e6:.0f} MB"
