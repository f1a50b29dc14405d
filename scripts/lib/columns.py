# SPDX-License-Identifier: BSD-3-Clause
"""Numbers and tables for people: short units, aligned columns, nothing that steers a terminal."""

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-=+*%#"


def safe(text):
    """What a terminal shows as it is; names and causes should be that already."""
    return "".join(c if c.isprintable() else "?" for c in str(text))


def short(number):
    """At most six characters: 0, 12.5, 873, 12.5k, 3.10M; '-' for None."""
    if number is None:
        return "-"
    for unit, size in (("T", 1e12), ("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size * 0.9995:
            scaled = number / size
            return f"{scaled:.0f}{unit}" if scaled >= 99.95 else f"{scaled:.1f}{unit}"
    return f"{number:.0f}" if number >= 99.95 or number == int(number) else f"{number:.1f}"


def share(source):
    """203.0.113.5 83 %; nothing for None."""
    return f"{source[0]} {source[1] * 100:.0f} %" if source else ""


def seconds(number):
    """1 d 02 h, 3 h 07 min, 5 min 09 s, 12 s; '-' for None."""
    if number is None:
        return "-"
    number = int(number)
    for unit, size, below, part in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if number >= size:
            return f"{number // size} {unit} {number % size // part:02} {below}"
    return f"{number} s"


def sparkline(values, width, ascii_only=False):
    """The last `width` values, the highest one as a full block; a space for None."""
    blocks = ASCII_BLOCKS if ascii_only else BLOCKS
    values = list(values)[-width:]
    top = max((v for v in values if v), default=0)
    marks = [" " if v is None else blocks[min(7, int(v / top * 7.999))] if top else blocks[0] for v in values]
    return "".join(marks).rjust(width)


def table(names, rows, left=1):
    """Lines: a header and the rows, the first `left` columns aligned to the left."""
    cells = [[safe(cell) for cell in row] for row in (names, *rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    return ["  ".join(cell.ljust(width) if i < left else cell.rjust(width)
                      for i, (cell, width) in enumerate(zip(row, widths))).rstrip() for row in cells]
