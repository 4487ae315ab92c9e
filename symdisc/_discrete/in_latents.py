"""The finite group of latents, as it is reported."""

import numpy as np

from symdisc._discrete.candidate_maps import affine, signed_permutations
from symdisc._discrete.direction_maps import DirectionMaps
from symdisc._discrete.discovery import find_group
from symdisc._discrete.field_maps import FieldMaps, fitted_labels
from symdisc._discrete.finite_group import FiniteGroup
from symdisc._symmetry.field_residuals import motion_residuals
from symdisc._symmetry.function_class import FunctionClass
from symdisc._symmetry.questions import MAX_FITTED, whiten

# Most latent dimensions that are searched: starts do not cover the maps of more.
MOST_DIMENSIONS = 6
# Most dimensions that are searched without having been asked for.
CHEAP = 3


def finite_group_of(latents, snapshots, n_components, standard, residuals=None):
    """Find the finite group of symmetries of latents.

    Parameters
    ----------
    latents : list of ndarray of shape (n_samples, k)
        Latents and, where known, their rates.
    snapshots : Snapshots
        Say what is to be invariant; where rates are known, it is the motion.
    n_components : int
        Dimension that elements are padded to: they leave the rest in place.
    standard : Standard
        What is asked of a symmetry.
    residuals : FieldResiduals, optional
        Those of the motion of white latents, where they are known.

    Returns
    -------
    FiniteGroup or None
        None for more than six or, of a distribution, less than two dimensions.
    """
    k, question = latents[0].shape[1], snapshots.symmetry_of
    if question == "derivatives":
        question = "motion"
    if question == "motion" and not latents[1].any():
        question = "distribution"
    if k > MOST_DIMENSIONS or (question == "distribution" and k < 2):
        return None
    white, mean, factor = whiten(latents)
    step = -(-len(white[0]) // MAX_FITTED)
    white = [part[::step] for part in white]
    problem = _problem(white, snapshots, question, standard, step, residuals)
    given = None
    if question != "distribution":
        # Rotations of white data miss permutations of columns that correlate.
        linear = signed_permutations(k)
        into = np.linalg.inv(factor)
        moved = (linear @ mean - mean) @ into.T
        given = affine(into @ linear @ factor, moved)
    found = find_group(problem, standard.max_defect, given)
    return _as_latents(found, problem, question, mean, factor, n_components, standard)


def _problem(white, snapshots, question, standard, step, residuals):
    groups = snapshots.groups
    groups = None if groups is None else np.asarray(groups)[::step]
    if question == "distribution":
        return DirectionMaps(white[0], groups, standard.max_defect)
    if question == "labels":
        functions = fitted_labels(white[0], snapshots.labels[::step], groups)
        return FieldMaps(white[0], functions, turns=False)
    z, v = white[0], white[-1]
    if question == "pairs":
        # A map of states commutes with the step to the next as with a rate.
        first, second = (rows.cpu().numpy() for rows in snapshots.successors)
        first, second = (rows[rows % step == 0] // step for rows in (first, second))
        z, v = z[first], z[second] - z[first]
        v = v / max(np.sqrt(np.mean(v**2)), np.finfo(float).tiny)
        groups = None if groups is None else groups[first]
    if question != "motion" or residuals is None:
        kind = None if standard.degree == "auto" else FunctionClass(standard.degree)
        residuals = motion_residuals(z, v, groups, kind)
    errors, maps = residuals.solve()
    # Rounding may turn the orthonormal functions of other rows.
    z = residuals.functions.data[0]
    # Along continuous symmetries every map is one.
    continuous = maps[np.sqrt(errors) <= standard.max_defect]
    return FieldMaps(z, residuals.functions, turns=True, continuous=continuous)


def _as_latents(found, problem, question, mean, factor, n_components, standard):
    """Return a group of white data as one of latents."""
    k, order = len(mean), len(found.elements)
    linear = found.elements[:, :k, :k]
    shift = found.elements[:, :k, k]
    moves = (np.eye(k) - linear).reshape(-1, k)
    centre = np.linalg.lstsq(moves, shift.ravel(), rcond=1e-6)[0]
    linear = factor @ linear @ np.linalg.inv(factor)
    elements = np.tile(np.eye(n_components), (order, 1, 1))
    elements[:, :k, :k] = _rounded(linear)
    at = np.zeros(n_components)
    at[:k] = mean + factor @ centre if order > 1 else 0.0
    defects = np.array(found.defects).reshape(-1, 3).max(axis=0, initial=0.0)
    options = {"question": question, "within": problem.within, "centre": at}
    if order > 1:
        certain = defects[1] <= standard.max_defect
        verdict = "certified" if certain else "undecided"
        if certain and standard.condition:
            verdict = "conditional"
        options |= {"verdict": verdict, "condition": standard.condition}
        options |= {"max_defect": standard.max_defect}
        names = "defect", "defect_upper", "defect_lower"
        options |= dict(zip(names, defects, strict=True))
    return FiniteGroup(
        elements, name=found.name, generators=found.generators, **options
    )


def _rounded(matrices):
    """Return matrices without what rounding left of integers."""
    near = np.round(matrices)
    return np.where(np.abs(matrices - near) < 1e-9, near, matrices) + 0.0
