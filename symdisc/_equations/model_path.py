"""The models of every size that terms were chosen from."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from symdisc._equations.equations import EquationSystem


class PathRow(NamedTuple):
    """One model of one equation.

    Attributes
    ----------
    equation : int
        Number of the equation.
    n_terms : int
        Number of its terms.
    error : float
        Mean squared error of its rate on blocks that were not fitted, relative to the
        mean square of the rate.
    chosen : bool
        Whether it is the one in ``equations_``.
    terms : tuple of str
        Names of its terms.
    coefficients : ndarray of shape (n_candidates,)
        Coefficients of all candidates.
    """

    equation: int
    n_terms: int
    error: float
    chosen: bool
    terms: tuple
    coefficients: np.ndarray


class ModelPath(Sequence):
    """Models by number of terms, with their errors on rows that were not fitted.

    A sequence of `PathRow`, equation after equation; prints as a table. Few terms at a
    small error are wanted: the error falls steeply down to the true number of terms,
    and hardly beyond.

    Parameters
    ----------
    equations : EquationSystem
        The equations chosen.
    models : list of k lists of (float, ndarray of shape (n_terms,))
        Held-out error and coefficients of each model, for each equation.

    Attributes
    ----------
    equations : EquationSystem
        As given.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import LatentSINDy
    >>> t = np.linspace(0, 10, 500)
    >>> X = np.exp(-0.1 * t)[:, None] * np.column_stack([np.cos(t), -np.sin(t)])
    >>> est = LatentSINDy(autoencoder="none", degree=1).fit(X, t=t)
    >>> [(row.n_terms, row.chosen) for row in est.path_ if row.equation == 0]
    [(0, False), (1, False), (2, True), (3, False)]
    >>> print(est.path_.select({"z0": 1}))
    dz0/dt = 0.992*z1
    dz1/dt = -z0 - 0.1*z1
    """

    def __init__(self, equations, models):
        self.equations = equations
        self._rows = [
            self._row(i, error, coefficients)
            for i, path in enumerate(models)
            for error, coefficients in path
        ]

    @classmethod
    def of(cls, equations, parts, unit):
        """Join the models of parts; None where something else chose the terms.

        Parameters
        ----------
        equations : EquationSystem
        parts : list of (list of lists as `models`, or None)
            Of some equations each.
        unit : ndarray of shape (k, 1)
            What coefficients are multiplied by.

        Returns
        -------
        ModelPath or None
        """
        if None in parts:
            return None
        models = [models for each in parts for models in each]
        units = zip(models, unit.ravel(), strict=True)
        return cls(equations, [[(e, w * u) for e, w in m] for m, u in units])

    def _row(self, equation, error, coefficients):
        names = self.equations.library.names
        kept = np.flatnonzero(coefficients)
        own = np.flatnonzero(self.equations.coefficients[equation])
        return PathRow(
            equation,
            len(kept),
            error,
            np.array_equal(kept, own),
            tuple(names[i] for i in kept),
            coefficients,
        )

    @property
    def models(self):
        """Held-out error and coefficients of each model, for each equation."""
        models = [[] for _ in self.equations.coefficients]
        for row in self:
            models[row.equation].append((row.error, row.coefficients))
        return models

    def __len__(self):
        return len(self._rows)

    def __getitem__(self, index):
        return self._rows[index]

    def select(self, n_terms):
        """Return equations with other numbers of terms.

        Parameters
        ----------
        n_terms : dict
            Name of a variable -> number of terms of its equation; the others stay.

        Returns
        -------
        EquationSystem

        Raises
        ------
        ValueError
            If there is no such variable, or no model of so many terms.
        """
        system = self.equations
        names = [symbol.name for symbol in system.library.symbols]
        coefficients = system.coefficients.copy()
        names = names[: len(coefficients)]
        for name, count in n_terms.items():
            if name not in names:
                raise ValueError(f"n_terms names {name!r}; the variables are {names}.")
            rows = [row for row in self if row.equation == names.index(name)]
            fitting = [row for row in rows if row.n_terms == count]
            if not fitting:
                sizes = [row.n_terms for row in rows]
                raise ValueError(
                    f"n_terms asks for {count} terms of the equation of {name}, and "
                    f"there are models of {sizes}."
                )
            coefficients[names.index(name)] = fitting[0].coefficients
        return EquationSystem(
            coefficients,
            system.library,
            system.digits,
            order=system.order,
            inputs=system.inputs,
            discrete=system.discrete,
        )

    def __str__(self):
        symbols = self.equations.library.symbols
        lines = ["equation  terms  held-out error"]
        for row in self:
            mark = " <" if row.chosen else ""
            name = symbols[row.equation].name
            lines.append(f"{name:8}  {row.n_terms:5}  {row.error:14.3g}{mark}")
        return "\n".join(lines)

    def __repr__(self):
        return f"<ModelPath: {len(self)} models of {len(self.equations)} equations>"
