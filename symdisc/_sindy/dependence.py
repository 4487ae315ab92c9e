"""Candidates that depend on each other on the data, so that many equations fit."""

import numpy as np

from symdisc._sindy.best_subset import best_subsets, fit_subset, triangle

# A relation may miss by so many times the least that it has to.
LOOSE = 3.0
# Relations of more terms say little.
MOST_TERMS = 5


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
