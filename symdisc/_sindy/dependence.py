"""Candidates that depend on each other on the data, so that many equations fit."""

import numpy as np

from symdisc._sindy.best_subset import best_subsets, fit_subset, triangle

# A relation may miss by so many times the least that it has to.
LOOSE = 3.0
# Relations of more terms say little.
MOST_TERMS = 5
# Noise larger than this, relative to a variable, hides which candidates depend.
MAX_NOISE = 0.01
# Candidates of unit size nearer than this to others depend on these. The errors of the
# rates, up to a limit, and noise add to that.
EXACT, MOST_RATE_ERROR, TIMES_NOISE = 1e-5, 1e-3, 3.0


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
    tolerance = EXACT + TIMES_NOISE * (relative + min(rate_error, MOST_RATE_ERROR))
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
