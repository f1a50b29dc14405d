# SPDX-License-Identifier: BSD-3-Clause
"""Lines of text as a picture: what a terminal shows, for pages. The same lines give the same bytes."""

from xml.sax.saxutils import escape

CHARACTER_WIDTH, LINE_HEIGHT, FONT_SIZE, MARGIN = 8, 18, 13, 12
BACKGROUND, FOREGROUND, TITLE = "#16181d", "#d5d8de", "#ffffff"


def draw(lines, title_lines=0):
    """The first title_lines brighter."""
    width = 2 * MARGIN + CHARACTER_WIDTH * max((len(line) for line in lines), default=0)
    height = 2 * MARGIN + LINE_HEIGHT * len(lines)
    drawn = [
        "<!-- SPDX-License-Identifier: BSD-3-Clause -->",
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{FONT_SIZE}">',
        f'<rect width="{width}" height="{height}" rx="6" fill="{BACKGROUND}"/>',
    ]
    for number, line in enumerate(lines):
        if not line:
            continue
        colour = TITLE if number < title_lines else FOREGROUND
        # Whatever the font, a character is as wide as the next.
        drawn.append(f'<text x="{MARGIN}" y="{MARGIN + LINE_HEIGHT * number + FONT_SIZE}" fill="{colour}" '
                     f'textLength="{CHARACTER_WIDTH * len(line)}" xml:space="preserve">{escape(line)}</text>')
    return "\n".join([*drawn, "</svg>", ""])
