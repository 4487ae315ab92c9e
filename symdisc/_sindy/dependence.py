"""Candidates that depend on each other on the data, so that many equations fit."""

import numpy as np

from symdisc._numerics.triangular import triangle
from symdisc._sindy.best_subset import best_subsets, fit_subset

# A relation may miss by so many times the least that it has to.
LOOSE = 3.0
# Relations of more terms say little.
MOST_TERMS = 5
# Noise larger than this, relative to a variable, hides which candidates depend.
MAX_NOISE = 0.01
# Candidates of unit size nearer than this to others depend on these. The errors of the
# rates, up to a limit, and noise add to that.
EXACT, MOST_RATE_ERROR, TIMES_NOISE = 1e-5, 1e-3, 3.0
# Half the square of an angle: columns that differ by less are the same.
MULTIPLE = 1e-12
# A variable that varies by less than this part of its size is constant.
STILL = 1e-6


def say_relation(library, state, noise, rate_error):
    """Say in words which candidates depend on each other on the data.

    Parameters
    ----------
    library : CandidateLibrary
    state : ndarray of shape (n_samples, order * k)
        Variables of the library.
    noise : ndarray of shape (k,)
        Standard deviation of the noise on the first of these.
    rate_error : float
        Root of the part of the rates that the equations leave.

    Returns
    -------
    str
        Empty where no candidates do, or noise hides it.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import CandidateLibrary
    >>> from symdisc._sindy.dependence import say_relation
    >>> t = np.linspace(0, 6, 100)
    >>> circle = np.column_stack([np.cos(t), np.sin(t)])
    >>> library = CandidateLibrary.polynomial(2, 2)
    >>> say_relation(library, circle, np.zeros(2), 0.0)
    'Candidates depend on each other on these data: z0**2 + z1**2 = 1. ...'
    """
    sizes = np.sqrt(np.mean(state[:, : len(noise)] ** 2, axis=0))
    relative = float((noise / np.where(sizes > 0, sizes, 1.0)).max(initial=0.0))
    if relative > MAX_NOISE:
        return ""
    tolerance = tolerance_of(rate_error, relative)
    relation, n_dependent = find_relation(
        library.evaluate(state), library.names, tolerance
    )
    if relation:
        return (
            f"Candidates depend on each other on these data: {relation}. Other "
            "equations fit as well, of which the one with the fewest terms is given. "
            "Data with other starts tell them apart."
        )
    if n_dependent:
        return (
            f"{n_dependent} of {len(library)} candidates are combinations of others on "
            "these data: other equations fit as well. Lower degree, or pass data with "
            "other starts."
        )
    return ""


def distinct(features):
    """Say which columns are no multiples of columns before them.

    On data with a constant coordinate, 1, z2 and z2^2 are the same function. Least
    squares would split a coefficient evenly between them, and each part could fall
    below the threshold.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_terms)
        Columns of unit root mean square, or 0.

    Returns
    -------
    ndarray of bool, of shape (n_terms,)

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.dependence import distinct
    >>> x = np.linspace(-1, 1, 50)
    >>> features = np.column_stack([np.ones(50), x, -np.ones(50), x**2])
    >>> distinct(features / np.sqrt(np.mean(features**2, axis=0))).tolist()
    [True, True, False, True]
    """
    cosines = np.abs(features.T @ features) / len(features)
    repeats = np.tril(cosines > 1 - MULTIPLE, k=-1)
    return ~repeats.any(axis=1)


def tolerance_of(rate_error, noise=0.0):
    """Distance of a unit column from the span of others below which it depends on them.

    Parameters
    ----------
    rate_error : float
        Root of the part of the rates that is not explained.
    noise : float, default=0.0
        Noise of the variables, relative to them.

    Returns
    -------
    float
    """
    return EXACT + TIMES_NOISE * (noise + min(rate_error, MOST_RATE_ERROR))


def sparsest_of_dependent(columns, target, threshold):
    """Return the fewest columns that explain a target, if some depend on others.

    Any multiple of a sum that cancels may be added to a fit, and a threshold on the
    terms cannot tell it from what is real.

    Parameters
    ----------
    columns : ndarray of shape (n_samples, n_columns)
        Of unit root mean square.
    target : ndarray of shape (n_samples,)
        Likewise.
    threshold : float
        Columns that are left out may explain as much together.

    Returns
    -------
    list of int or None
        None where the columns are independent.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.dependence import sparsest_of_dependent
    >>> t = np.linspace(0, 20, 200)
    >>> x, y = np.sqrt(2) * np.cos(t), np.sqrt(2) * np.sin(t)
    >>> columns = np.column_stack([np.ones(200), x, y, x**2, y**2])
    >>> columns /= np.sqrt(np.mean(columns**2, axis=0))
    >>> sparsest_of_dependent(columns, y, 0.1)
    [2]
    """
    table = np.column_stack([columns, target]) / np.sqrt(len(columns))
    factor = triangle(table)
    tolerance = tolerance_of(_misfit(factor, range(columns.shape[1])))
    if _distances(factor[:, :-1]).min() > tolerance:
        return None
    subsets = best_subsets(factor)
    most = np.hypot(_misfit(factor, subsets[-1]), threshold)
    return next(each for each in subsets if _misfit(factor, each) <= most)


def _misfit(factor, subset):
    """Root of what a subset of columns leaves of the target, the last column."""
    subset = list(subset)
    weights = np.append(fit_subset(factor, subset), -1.0)
    return float(np.linalg.norm(factor[:, [*subset, -1]] @ weights))


def _distances(columns):
    """Distance of each column from the span of the others; none in fewer rows."""
    n_columns = columns.shape[1]
    columns = np.pad(columns, ((0, max(0, n_columns - len(columns))), (0, 0)))
    singular, right = np.linalg.svd(columns, full_matrices=False)[1:]
    least = np.finfo(float).eps * max(singular[0], np.finfo(float).tiny)
    weights = right / np.maximum(singular, least)[:, None]
    return 1 / np.sqrt(np.sum(weights**2, axis=0))


def depend_on_others(equations, state, rate_error):
    """Say whether terms of equations are sums of other candidates on the data.

    Parameters
    ----------
    equations : EquationSystem
    state : ndarray of shape (n_samples, order * k)
    rate_error : float
        Root of the part of the rates that the equations leave.

    Returns
    -------
    bool
    """
    features = equations.library.evaluate(state)
    sizes = np.sqrt(np.mean(features**2, axis=0))
    unit = features / np.where(sizes > 0, sizes, 1.0)
    used = (sizes > 0) & distinct(unit) & _varies(equations.library, state)
    distances = _distances(triangle(unit[:, used]) / np.sqrt(len(unit)))
    terms = (equations.coefficients != 0).any(axis=0)[used]
    return bool((distances[terms] <= tolerance_of(rate_error)).any())


def varying(library, state):
    """Return the candidates without variables that are constant, which are 1 again.

    Parameters
    ----------
    library : CandidateLibrary
    state : ndarray of shape (n_samples, n_variables)

    Returns
    -------
    CandidateLibrary
    """
    pairs = zip(library.expressions, _varies(library, state), strict=True)
    return type(library)([e for e, varies in pairs if varies], library.symbols)


def _varies(library, state):
    """Say which candidates have no variable that is constant."""
    still = np.ptp(state, axis=0) <= STILL * np.abs(state).max(axis=0)
    constant = {s for s, each in zip(library.symbols, still, strict=True) if each}
    return np.array([not (e.free_symbols & constant) for e in library.expressions])


def find_relation(features, names, tolerance):
    """Find the sparsest relation between candidates, of the lowest degree.

    Parameters
    ----------
    features : ndarray of shape (n_samples, n_terms)
        Candidate functions at the samples, the constant first if it is one of them.
    names : list of str
        Their names.
    tolerance : float
        Columns of unit size nearer than this to the span of others are dependent.

    Returns
    -------
    relation : str
        Empty where there is none, or none of few terms.
    n_dependent : int
        Number of candidates that depend on those before them.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.dependence import find_relation
    >>> t = np.linspace(0, 20, 200)
    >>> x, y = np.cos(t), np.sin(t)
    >>> features = np.column_stack([np.ones(200), x, y, x**2, x * y, y**2])
    >>> find_relation(features, ["1", "x", "y", "x**2", "x*y", "y**2"], 1e-6)
    ('x**2 + y**2 = 1', 1)
    """
    sizes = np.sqrt(np.mean(features**2, axis=0))
    used = np.flatnonzero(sizes > 0)
    unit = features[:, used] / sizes[used] / np.sqrt(len(features))
    factor = triangle(unit)
    independent, relation = [], ""
    for column in range(len(used)):
        part = factor[:, [*independent, column]]
        distance = _distance(part)
        if distance > tolerance:
            independent.append(column)
        elif not relation:
            subset, weights = _sparsest(part, max(LOOSE * distance, tolerance))
            kept = [independent[i] for i in subset] + [column]
            if len(kept) <= MOST_TERMS:
                places = used[kept]
                weights = np.append(-weights, 1.0) / sizes[places]
                relation = _text(weights, [names[i] for i in places])
    return relation, len(used) - len(independent)


def _distance(part):
    """Distance of the last column from the span of the others."""
    if len(part) < part.shape[1]:
        return 0.0
    return abs(triangle(part)[-1, -1])


def _sparsest(part, tolerance):
    """Smallest subset of columns that reproduces the last one."""
    for subset in best_subsets(part):
        weights = fit_subset(part, subset)
        misfit = part[:, [*subset, -1]] @ np.append(weights, -1.0)
        if np.linalg.norm(misfit) <= tolerance:
            break
    return subset, weights


def _text(weights, names):
    """Relation with its constant on the right, its first weight 1."""
    order = np.argsort([name == "1" for name in names], kind="stable")
    weights, names = weights[order], [names[i] for i in order]
    weights = weights / weights[0]
    right = "0"
    if names[-1] == "1" and len(names) > 1:
        right = f"{-weights[-1]:.4g}"
        weights, names = weights[:-1], names[:-1]
    text = ""
    for weight, name in zip(weights, names, strict=True):
        sign = " - " if weight < 0 else " + "
        number = "" if round(abs(weight), 3) == 1 else f"{abs(weight):.4g}*"
        text += f"{sign if text else ''}{number}{name}"
    return f"{text} = {right}"
