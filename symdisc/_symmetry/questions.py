"""What is to be invariant: from latents to the residuals of affine maps."""

import numpy as np
from scipy.linalg import expm
from scipy.spatial import cKDTree

from symdisc._symmetry.distribution_residuals import DistributionResiduals
from symdisc._symmetry.field_residuals import motion_residuals
from symdisc._symmetry.function_class import FunctionClass
from symdisc._symmetry.label_invariance import label_residuals

# Constant coordinate of each slot: 1 for points, 0 for rates.
CONSTANTS = {"distribution": [1.0], "pairs": [1.0, 1.0], "derivatives": [1.0, 0.0]}
# Fields and labels are fitted to so many rows, evenly spaced.
MAX_FITTED = 20000
WAVES = "waves of 3 to 6 standard deviations"
# How far points are moved, in standard deviations; rows that are; and the part of the
# way, or multiple of the distance between rows, within which there are data.
WAYS, MAX_MOVED, PART, NEAR = (0.25, 0.5, 1.0), 1000, 0.5, 2.0


def whiten(latents):
    """Return white latents and rates of unit variance, the mean, and what undid it.

    Parameters
    ----------
    latents : list of ndarray of shape (n_samples, k)
        Latents and, where known, their rates.

    Returns
    -------
    white : list of ndarray of shape (n_samples, k)
    mean : ndarray of shape (k,)
    factor : ndarray of shape (k, k)
        Latents are ``mean + factor @ white``.
    """
    mean, k = latents[0].mean(axis=0), latents[0].shape[1]
    factor = np.linalg.cholesky(np.cov(latents[0].T).reshape(k, k))
    white = [np.linalg.solve(factor, (latents[0] - mean).T).T]
    rates = [np.linalg.solve(factor, rate.T).T for rate in latents[1:2]]
    white += [rate / max(np.sqrt(np.mean(rate**2)), 1e-300) for rate in rates]
    return white, mean, factor


def residuals_of(white, snapshots, question=None, degree="auto", candidate=None):
    """Return the residuals of affine maps of white latents.

    Parameters
    ----------
    white : list of ndarray of shape (n_samples, k)
        See `whiten`.
    snapshots : Snapshots
    question : str, optional
        See `symdisc._lie.discovered.CHANGED`; that of the snapshots by default.
    degree : int or "auto"
        Of the polynomials that a motion or labels are fitted by; "auto" chooses a class
        of functions by cross-validation.
    candidate : Candidate, optional
        Labels are then fitted by functions of its invariants, too.

    Returns
    -------
    Residuals
        With `question` and `within`.
    """
    question, groups = question or snapshots.symmetry_of, snapshots.groups
    function_class = None if degree == "auto" else FunctionClass(degree)
    step = -(-len(white[0]) // MAX_FITTED)
    thin = None if groups is None else np.asarray(groups)[::step]
    if question == "motion":
        curve = (part[::step] for part in white)
        found = motion_residuals(*curve, thin, function_class)
    elif question == "labels":
        rows = white[0][::step], snapshots.labels[::step], thin
        found = label_residuals(*rows, function_class, candidate)
    else:
        slots = white
        if question == "distribution":
            slots = white[:1]
        elif question == "pairs":
            first, second = (rows.cpu().numpy() for rows in snapshots.successors)
            slots = [white[0][first], white[0][second]]
            groups = None if groups is None else np.asarray(groups)[first]
        found = DistributionResiduals(slots, CONSTANTS[question], groups)
    found.question, found.within = question, WAVES
    if question not in CONSTANTS:
        found.within = f"within {found.functions.function_class}"
    return found


def moves_within(latents, matrices, centre):
    """Say whether maps move the data to where there are others.

    A symmetry of a motion that moves them elsewhere, as scalings move a single orbit,
    is one of the polynomials that the motion was fitted by.

    Parameters
    ----------
    latents : ndarray of shape (n_samples, k)
    matrices : ndarray of shape (c, k, k)
        Generators.
    centre : ndarray of shape (k,)
        Their fixed point.

    Returns
    -------
    bool

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.questions import moves_within
    >>> angle = np.linspace(0, 6, 300)
    >>> ring = np.column_stack([np.cos(angle), np.sin(angle)])
    >>> rotation, scaling = np.array([[[0.0, -1.0], [1.0, 0.0]], np.eye(2)])
    >>> moves_within(ring, [rotation], [0, 0]), moves_within(ring, [scaling], [0, 0])
    (True, False)
    """
    (white,), mean, factor = whiten([latents])
    tree, rows = cKDTree(white), white[:: -(-len(white) // MAX_MOVED)]
    apart = np.median(tree.query(rows, k=2)[0][:, 1])
    shift = np.linalg.solve(factor, np.asarray(centre) - mean)
    return all(
        any(
            np.median(tree.query((rows - shift) @ expm(way * each).T + shift)[0])
            <= max(PART * abs(way), NEAR * apart)
            for way in (*WAYS, *np.negative(WAYS))
        )
        for each in _of_unit_speed(matrices, factor, rows - shift)
    )


def _of_unit_speed(matrices, factor, rows):
    """Return generators of white data that move rows by 1, in the mean square."""
    white = [np.linalg.solve(factor, each @ factor) for each in matrices]
    speeds = [np.sqrt(np.mean(np.sum((rows @ e.T) ** 2, axis=1))) for e in white]
    return [e / max(speed, 1e-300) for e, speed in zip(white, speeds, strict=True)]
