"""The latent spaces that were tried, as a table to read beside the equations."""

from dataclasses import dataclass

import numpy as np


@dataclass
class TriedSpace:
    """One row of `SpaceTable`.

    Parameters
    ----------
    strategy : str
    x, x_dot : float
        Shares of snapshots and rates that are left unexplained of rows held out; nan
        where none were found, or no rates are known.
    n_coefficients : int or None
        Of the equations.
    distortion : float
        E|grad z|^2 of white latents over the least that so many can have.
    seconds : float
    taken : bool
    why : str
        Why it was taken or not.
    """

    strategy: str
    x: float = np.nan
    x_dot: float = np.nan
    n_coefficients: int | None = None
    distortion: float = np.nan
    seconds: float = 0.0
    taken: bool = False
    why: str = ""


class SpaceTable(tuple):
    """The latent spaces that were tried, a `TriedSpace` each; prints as a table.

    Examples
    --------
    >>> from symdisc._equations.space_table import SpaceTable, TriedSpace
    >>> SpaceTable([TriedSpace("Conv()", 2e-3, 0.01, 4, 1.2, 3.0, True, "alone")])
    space       x  x_dot  terms  distortion  seconds
    Conv()  0.002   0.01      4         1.2        3  taken: alone
    """

    def __repr__(self):
        heads = ["space", "x", "x_dot", "terms", "distortion", "seconds", ""]
        cells = [heads, *self.cells()]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(_line(row, widths) for row in cells)

    def cells(self):
        """Return the table as text, one list for each space.

        Returns
        -------
        list of list of str
            Strategy, x, x_dot, number of terms, distortion, seconds, and why it was
            taken or not.
        """
        return [
            [
                row.strategy,
                _number(row.x),
                _number(row.x_dot),
                "-" if row.n_coefficients is None else str(row.n_coefficients),
                _number(row.distortion),
                _number(row.seconds),
                f"taken: {row.why}" if row.taken else row.why,
            ]
            for row in self
        ]


def _line(row, widths):
    name, *numbers, why = row
    shown = [
        f"{number:>{width}}"
        for number, width in zip(numbers, widths[1:-1], strict=True)
    ]
    return "  ".join([f"{name:{widths[0]}}", *shown, why]).rstrip()


def _number(value):
    return "-" if np.isnan(value) else f"{value:.2g}"
