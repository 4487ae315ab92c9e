"""Names of the variables of equations, which may be any text."""

from numbers import Integral
from unicodedata import normalize

import numpy as np
import sympy

# Longer names are refused, here and in files.
MAX_NAME = 200


def column_names(est, feature_names):
    """Return the names of the latent coordinates that a LatentSINDy starts from.

    Parameters
    ----------
    est : LatentSINDy
        With `n_features_in_` and, where X has string names, `feature_names_in_`.
    feature_names : sequence of str or None
        Names of the columns given to `fit`, instead of those of X.

    Returns
    -------
    names : list of str or None
        None where the latent coordinates are no columns of X, or these have no names.

    Raises
    ------
    ValueError
        If there are not as many names as columns, or names are empty, too long, the
        same or no text.
    """
    names = feature_names
    if names is None and est.autoencoder == "none":
        names = getattr(est, "feature_names_in_", None)
    if names is None:
        return None
    if isinstance(names, str) or np.ndim(names) != 1:
        raise ValueError(
            f"feature_names={names!r} is not a sequence of names. Pass a list of "
            f"{est.n_features_in_} str, one for each column of X."
        )
    names = _checked(list(names), est.n_features_in_, est.order)
    return names if est.autoencoder == "none" else None


def input_columns(est, names=None):
    """Return the numbers of the columns of X that have no equation.

    Parameters
    ----------
    est : LatentSINDy
        With `n_features_in_`.
    names : list of str, optional
        Names of the columns.

    Returns
    -------
    columns : tuple of int
        In ascending order.

    Raises
    ------
    ValueError
        If there is no such column, or none is left, or latents are no columns.
    """
    if est.inputs is None or not len(est.inputs):
        return ()
    if est.autoencoder != "none":
        raise ValueError(
            f"inputs={est.inputs!r} are columns of X, which are latent coordinates "
            'with autoencoder="none" alone. Pass that, or drop inputs.'
        )
    if est.symmetry is not None:
        raise ValueError(
            f"inputs={est.inputs!r} and symmetry={est.symmetry!r}: a symmetry does not "
            "say how it acts on inputs. Drop one of them."
        )
    names = list(names or ())
    found = [_column(name, names, est.n_features_in_) for name in est.inputs]
    if len(set(found)) < len(found) or len(found) == est.n_features_in_:
        raise ValueError(
            f"inputs={est.inputs!r} has a column twice, or all columns of X. Pass the "
            "columns that have no equation, once each."
        )
    return tuple(sorted(found))


def _column(name, names, n_columns):
    if isinstance(name, str):
        known = names or default_names(n_columns)
        if name not in known:
            raise ValueError(f"inputs has {name!r}; the columns of X are {known}.")
        return known.index(name)
    if not isinstance(name, Integral) or not -n_columns <= name < n_columns:
        raise ValueError(
            f"inputs has {name!r}; pass names of columns, or numbers from 0 to "
            f"{n_columns - 1}."
        )
    return int(name) % n_columns


def _checked(names, n_columns, order):
    if len(names) != n_columns:
        raise ValueError(
            f"feature_names has {len(names)} names, {names!r}, but X has {n_columns} "
            "columns. Pass one name for each column."
        )
    for name in names:
        if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME:
            raise ValueError(
                f"feature_names has {name!r}, but variables of equations need names of "
                f"1 to {MAX_NAME} characters. Pass feature_names with a str for each "
                "column of X."
            )
    names = list(map(str, names))
    everything = [*names, *map(velocity_name, names)] if order == 2 else names
    twice = [name for name in names if everything.count(name) > 1]
    if twice:
        velocity = "" if names.count(twice[0]) > 1 else ", as a column and a velocity"
        raise ValueError(
            f"feature_names has {twice[0]!r} twice{velocity}. Pass feature_names that "
            "differ, also from each other with _dot at the end if order=2."
        )
    return names


def velocity_name(name):
    """Return the name of the velocity of a variable, in equations of second order."""
    return f"{name}_dot"


def default_names(n_variables, order=1):
    """Return names of variables by their position, those of velocities at the end.

    Examples
    --------
    >>> from symdisc._equations.names import default_names
    >>> default_names(2, order=2)
    ['z0', 'z1', 'z0_dot', 'z1_dot']
    """
    names = [f"z{i}" for i in range(n_variables)]
    return [*names, *map(velocity_name, names)] if order == 2 else names


def make_symbols(names, order=1):
    """Return sympy symbols of these names and, for the second order, of velocities."""
    everything = [*names, *map(velocity_name, names)] if order == 2 else names
    # Not sympy.symbols, which reads blanks, colons and commas in names.
    return tuple(map(sympy.Symbol, everything))


def symbols_by_name(symbols, order=1):
    """Return the variables by all names that formulas may use for them.

    Parameters
    ----------
    symbols : sequence of sympy.Symbol
    order : {1, 2}, default=1
        With 2 the second half are velocities.

    Returns
    -------
    names : dict of str to sympy.Symbol
        Their own names first, which go before those by position.

    Examples
    --------
    >>> import sympy
    >>> from symdisc._equations.names import symbols_by_name
    >>> symbols_by_name(sympy.symbols("angle z0"))
    {'angle': angle, 'z0': z0, 'z1': z0}
    """
    names = {symbol.name: symbol for symbol in symbols}
    # What Python's parser makes of letters that have more than one code.
    for symbol in symbols:
        names.setdefault(normalize("NFKC", symbol.name), symbol)
    positions = default_names(len(symbols) // order, order)
    for name, symbol in zip(positions, symbols, strict=True):
        names.setdefault(name, symbol)
    return names


def learns_latents(autoencoder):
    """Say whether latents are learned, and not columns or images under given maps.

    Parameters
    ----------
    autoencoder : object
        Parameter of `LatentSINDy`.

    Returns
    -------
    bool
    """
    if isinstance(autoencoder, str):
        return autoencoder != "none"
    return isinstance(autoencoder, list) or hasattr(autoencoder, "of_pixels")
