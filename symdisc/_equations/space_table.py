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
    space       x    x_dot  terms  distortion  seconds
    Conv()  0.002     0.01      4         1.2        3  taken: alone
    """

    def __repr__(self):
        width = max([5, *(len(row.strategy) for row in self)])
        head = f"{'space':{width}}{'x':>7}{'x_dot':>9}  terms  distortion  seconds"
        return "\n".join([head, *(_line(row, width) for row in self)])


def _line(row, width):
    terms = "-" if row.n_coefficients is None else row.n_coefficients
    numbers = [_number(v) for v in (row.x, row.x_dot, row.distortion, row.seconds)]
    x, x_dot, distortion, seconds = numbers
    verdict = f"taken: {row.why}" if row.taken else row.why
    return (
        f"{row.strategy:{width}}{x:>7}{x_dot:>9}{terms:>7}{distortion:>12}"
        f"{seconds:>9}  {verdict}"
    )


def _number(value):
    return "-" if np.isnan(value) else f"{value:.2g}"
