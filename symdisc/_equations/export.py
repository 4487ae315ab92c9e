"""Equations and latent trajectories in the form that other programs use."""

from typing import NamedTuple

import numpy as np
import sympy

from symdisc._data.trajectories import check_time, trajectory_slices
from symdisc._equations.library import CandidateLibrary
from symdisc._equations.names import default_names
from symdisc._equations.parsing import feature_formula, parse_expression


class CoefficientTable(NamedTuple):
    """Coefficients with the names of their terms; prints as a table.

    Attributes
    ----------
    terms : list of str
        Candidate functions, as in the `names` of the library.
    equations : list of str
        Left-hand sides.
    coefficients : ndarray of shape (n_equations, n_terms)
        Not rounded.
    shown : list of list of str
        The coefficients as text, in the same order.

    Examples
    --------
    >>> from symdisc._equations.export import CoefficientTable
    >>> print(CoefficientTable(["1", "z0"], ["dz0/dt"], [[0.0, -0.5]], [["0", "-0.5"]]))
        dz0/dt
    1        0
    z0    -0.5
    """

    terms: list
    equations: list
    coefficients: np.ndarray
    shown: list

    def __str__(self):
        columns = zip(self.equations, *zip(*self.shown, strict=True), strict=True)
        cells = [["", *self.terms], *columns]
        widths = [max(map(len, column)) for column in cells]
        rows = [
            [row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]
            for row in zip(*cells, strict=True)
        ]
        return "\n".join("  ".join(row) for row in rows)


def read_pysindy(model):
    """Return coefficients and library of a fitted model of pysindy.

    Parameters
    ----------
    model : pysindy.SINDy
        Anything with its ``get_feature_names()``, ``coefficients()`` and
        ``feature_names``; a model in continuous time without control inputs.

    Returns
    -------
    coefficients : ndarray of shape (k, n_terms)
    library : CandidateLibrary
        In the variables of the model, under its names.

    Raises
    ------
    ValueError
        If the model is not of that kind, or a feature is not a formula.
    """
    kind = type(model).__name__
    if "Discrete" in kind or getattr(model, "discrete_time", False):
        raise ValueError(
            f"model is a {kind} in discrete time, a map and not a differential "
            "equation; fit a pysindy.SINDy."
        )
    if getattr(model, "n_control_features_", 0):
        raise ValueError(
            f"model has n_control_features_={model.n_control_features_} control "
            "inputs, which equations of this package do not have; fit one without u."
        )
    symbols = [sympy.Symbol(name) for name in model.feature_names]
    library = getattr(model, "feature_library", None)
    if library is None:
        names, by_name = model.get_feature_names(), {s.name: s for s in symbols}
    else:
        # By position: names of variables such as "x [m]" are no part of a formula.
        positions = default_names(len(symbols))
        names = library.get_feature_names(positions)
        by_name = dict(zip(positions, symbols, strict=True))
    try:
        terms = [parse_expression(feature_formula(name), by_name) for name in names]
    except ValueError as error:
        raise ValueError(
            f"model has the features {names}, which cannot all be "
            f"read as formulas of the variables {list(by_name)}; name functions "
            "of a CustomLibrary as in 'sin(x)', and variables by identifiers."
        ) from error
    return np.asarray(model.coefficients()), CandidateLibrary(terms, symbols)


def latent_trajectories(latents, rates, t, groups, names):
    """Return latents, one array a trajectory, as arguments of ``pysindy.SINDy.fit``.

    Parameters
    ----------
    latents : ndarray of shape (n_samples, k)
    rates : ndarray of shape (n_samples, k) or None
        Their time derivatives.
    t : array-like of shape (n_samples,), float or None
        Times or step, see `symdisc._data.trajectories.check_time`; a step of 1 without.
    groups : array-like of shape (n_samples,) or None
        Trajectory of each row.
    names : sequence of str
        Names of the latents.

    Returns
    -------
    dict
        With "x", "t", "feature_names" and, with rates, "x_dot".

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._equations.export import latent_trajectories
    >>> data = np.zeros((5, 2)), None, 0.1, [0, 0, 1, 1, 1]
    >>> found = latent_trajectories(*data, ["x", "y"])
    >>> [x.shape for x in found["x"]], found["feature_names"]
    ([(2, 2), (3, 2)], ['x', 'y'])
    """
    slices = trajectory_slices(groups, len(latents))
    times = check_time(1.0 if t is None else t, groups, len(latents))
    arguments = {
        "x": [latents[rows] for rows in slices],
        "t": [times[rows] for rows in slices],
        "feature_names": list(names),
    }
    if rates is not None:
        arguments["x_dot"] = [rates[rows] for rows in slices]
    return arguments
