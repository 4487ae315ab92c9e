"""Parts of a page of HTML that needs nothing from elsewhere."""

from base64 import b64encode
from html import escape
from io import BytesIO
from pathlib import Path
from uuid import uuid4

STYLE = """
body { font: 16px/1.5 Georgia, serif; color: #111; background: #fff;
  max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { font-family: Helvetica, Arial, sans-serif; line-height: 1.2; }
h2 { margin-top: 2.2rem; border-bottom: 1px solid #999; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid #ccc; padding: .3rem .8rem; text-align: left;
  vertical-align: top; overflow-wrap: anywhere; }
td.number { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
figure { margin: 1.5rem 0; }
figure img { max-width: 100%; height: auto; }
figcaption { font-size: .9rem; color: #333; }
caption { text-align: left; font-style: italic; }
math { font-size: 1.15rem; margin: .6rem 0; }
mtable { border: solid; border-width: 0 .08em; border-radius: .5em;
  padding: 0 .3em; }
.math { overflow: auto hidden; padding-bottom: .2rem; }
.algebra { display: flex; flex-wrap: wrap; gap: 0 2rem; }
.doubts { border: 2px solid #111; padding: .5rem 1rem; }
.doubts li { margin: .5rem 0; }
code { overflow-wrap: anywhere; }
@media print {
  body { max-width: none; margin: 0; font-size: 11pt; }
  figure, tr, .doubts li { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""


def page(title, body):
    """Return a whole page.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML.

    Returns
    -------
    str
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{escape(title)}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def section(title, *parts):
    """Return a heading and what follows it."""
    return "\n".join([f"<section>\n<h2>{escape(title)}</h2>", *parts, "</section>"])


def paragraph(text):
    """Return plain text as a paragraph."""
    return f"<p>{escape(text)}</p>"


def table(caption, header, rows):
    """Return a table of plain texts; numbers are set to the right.

    Parameters
    ----------
    caption : str
    header : sequence of str
    rows : iterable of sequences of str, Numeral or float
        The first of each is the header of its row.

    Returns
    -------
    str
    """
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in header)
    lines = [
        f'<tr><th scope="row">{escape(str(first))}</th>{"".join(map(_cell, rest))}</tr>'
        for first, *rest in rows
    ]
    return "\n".join(
        [
            f"<table>\n<caption>{escape(caption)}</caption>",
            f"<thead><tr>{head}</tr></thead>\n<tbody>",
            *lines,
            "</tbody>\n</table>",
        ]
    )


def picture(draw, alt, caption, size=(7, 4.5), dpi=130):
    """Draw a picture and return it as part of the page.

    Parameters
    ----------
    draw : callable
        Draws into the axes that it is given.
    alt : str
        What the picture shows, for those who cannot see it.
    caption : str
    size : tuple of (float, float)
        Width and height in inches.
    dpi : int
        Pixels an inch.

    Returns
    -------
    str
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    draw(figure.add_subplot())
    file = BytesIO()
    figure.savefig(file, format="png", dpi=dpi, bbox_inches="tight")
    data = b64encode(file.getvalue()).decode()
    return (
        f'<figure>\n<img src="data:image/png;base64,{data}" alt="{escape(alt)}">\n'
        f"<figcaption>{escape(caption)}</figcaption>\n</figure>"
    )


def write_atomically(text, path):
    """Write a file that is never half there: aside first, then under its name."""
    path = Path(path)
    aside = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        aside.write_text(text, encoding="utf-8")
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


class Numeral(str):
    """Text of a number, which a table sets to the right."""

    __slots__ = ()


def _cell(value):
    if isinstance(value, Numeral):
        return f'<td class="number">{escape(value)}</td>'
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    return f'<td class="number">{value:.4g}</td>'
