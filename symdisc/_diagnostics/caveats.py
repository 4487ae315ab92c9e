"""Reasons not to believe a result, in plain words, computed from its figures."""

from typing import NamedTuple

import numpy as np

from symdisc._lie.discovered import DiscoveredAlgebra
from symdisc._sindy.dependence import say_relation

# A coefficient within so many standard errors of zero is not significant.
N_ERRORS = 2
# A second object in the data can have a twentieth of the variance. A latent space that
# lost one of two bumps kept 40 % and had a perfect rotation.
RECONSTRUCTION = 0.05
# POD is optimal for noisy planar data, and no autoencoder is better: at 1 % of noise
# these lost 1.4e-4 and 1.0e-4, at 5 % 0.0024 both.
WORSE, NOTABLE = 1.1, 5e-4
# The default of `tol`, at which fits warn.
AGREEMENT = 0.99
# A single adversary may fail to converge, since the consensus is that of the better
# half; an agreement below this is reported nevertheless.
WORST_RESTART = 0.9
# The energy distance is one over the number of latents by chance, and 0.014 by uneven
# sampling of orbits (ten trajectories of a true symmetry, each of 1.5 periods).
ENERGY = 0.02
# Exact symmetries of exact equations leave 1e-3 and less.
EQUIVARIANCE = 0.1
# Equations in suitable coordinates leave 0.001 of the rates, and noise adds some.
EQUATION_SCORE = 0.95
# A damped oscillation without its damping left 0.006 of the rates, and 4e-7 with it.
SMALL, DROPPED = 1e-3, 10.0
# Equations with nearly all candidates are a fit, not a law.
DENSE = 0.9
# On a circle 1, z0^2 and z1^2 are dependent up to the error of the latents; the seven
# terms of the Lorenz equations are at 0.2.
INDEPENDENCE = 0.02


class Caveat(NamedTuple):
    """A reason for doubt: an identifier and a sentence."""

    name: str
    text: str


def find_caveats(est, figures, n_samples, *, curve=None, noise=None):
    """List reasons to doubt a result.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer or LatentSINDy
        Fitted.
    figures : dict of float
        Result of `quality_figures`.
    n_samples : int
        Number of samples that these were measured on.
    curve : list of ndarray of shape (n_samples, n_components), default=None
        Their latents and derivatives of these, see `sample_curve`. With them, the
        relation between candidates is found that `fit` warns of.
    noise : ndarray of shape (n_components,), default=None
        Standard deviation of the noise on latents, see `latent_noise`.

    Returns
    -------
    list of Caveat
        Those of the latent space first: the others depend on it.
    """
    return [
        *_space_caveats(figures),
        *_algebra_caveats(est, figures),
        *_condition_caveats(est.lie_algebra_),
        *_symmetry_caveats(figures),
        *_orbit_caveats(figures, n_samples),
        *_equation_caveats(est, figures),
        *_dependence_caveats(est, figures, curve, noise),
        *_coefficient_caveats(est.equations_),
    ]


def _space_caveats(figures):
    lost, pod = figures["reconstruction_error"], figures.get("pod_error")
    if lost > RECONSTRUCTION:
        yield Caveat(
            "reconstruction",
            f"The latent space loses {lost:.1%} of the variance of the data. All "
            "results below concern the rest alone.",
        )
    if pod is not None and lost > max(WORSE * pod, pod + NOTABLE):
        yield Caveat(
            "pod",
            f"The reconstruction is worse than POD with as many modes: {lost:.3g} of "
            f"the variance is lost, and {pod:.3g} by POD. The autoencoder has not "
            "learned the data.",
        )
    n_components = figures["n_components"]
    if figures["rank"] < n_components:
        yield Caveat(
            "empty",
            f"Latent directions are empty: of {n_components}, {figures['rank']} carry "
            "information. Lower n_components.",
        )


def _algebra_caveats(est, figures):
    if est.lie_algebra_ is None:
        return
    if not est.lie_algebra_:
        yield Caveat(
            "no_symmetry",
            "No symmetry was found: no linear map of the latent space is certified to "
            f"leave the data unchanged. {_open_question(est.lie_algebra_)}".rstrip(),
        )
        return
    if est.lie_algebra_.name == "unidentified":
        nearest, tol = est.lie_algebra_.nearest
        yield Caveat(
            "unidentified",
            "The generators are no Lie algebra that has a name: a part of "
            f"{figures['bracket_residual']:.2g} of their brackets is not spanned by "
            f"them. Taken with a tolerance of {tol:.2g} they are {nearest}.",
        )


def _open_question(algebra):
    undecided = getattr(algebra, "undecided", None)
    if undecided is None:
        return ""
    return (
        f"The data do not decide on {undecided.name}, whose defect is at most "
        f"{undecided.defect_upper.max():.2g}."
    )


def _condition_caveats(algebra):
    if not isinstance(algebra, DiscoveredAlgebra):
        return
    if algebra.condition:
        yield Caveat(
            "conditional",
            f"The symmetry is conditional: {algebra.condition}.",
        )
    if algebra.certified and algebra.is_broken:
        yield Caveat(
            "broken",
            "The symmetry is approximate: the data exclude that all generators are "
            f"exact (defects {algebra.defect.round(3).tolist()}).",
        )


def _symmetry_caveats(figures):
    agreement = figures.get("agreement", 1.0)
    if agreement < AGREEMENT:
        yield Caveat(
            "disagreement",
            "Independently trained adversaries disagree on the symmetry (agreement "
            f"{agreement:.3f}, wanted {AGREEMENT}). Increase max_iter, or the data may "
            "not have such a symmetry.",
        )
    if figures.get("worst_restart", 1.0) < WORST_RESTART:
        yield Caveat(
            "restart",
            "At least one adversary found something else (agreement with the result "
            f"{figures['worst_restart']:.3f}).",
        )
    if figures.get("n_refuted"):
        yield Caveat(
            "refuted",
            f"The data refute {figures['n_refuted']} of {figures['n_generators']} "
            'generators that were asked for. n_generators="auto" with '
            'solver="spectral" reports only symmetries.',
        )
    if figures.get("n_undecided"):
        yield Caveat(
            "undecided",
            f"The data do not decide on {figures['n_undecided']} of "
            f"{figures['n_generators']} generators: their defect is at most "
            f"{figures['defect_upper']:.2g}, which is above max_defect. More rows, or "
            "less noise, would.",
        )


def _orbit_caveats(figures, n_samples):
    # Several times the value by chance.
    if figures.get("energy_distance", 0.0) > ENERGY + 5 / min(n_samples, 2000):
        yield Caveat(
            "energy",
            "Orbits leave the data: moved latents are not distributed as latents "
            f"(energy distance {figures['energy_distance']:.3f}).",
        )
    if figures.get("equivariance_error", 0.0) > EQUIVARIANCE:
        yield Caveat(
            "equivariance",
            "The symmetry does not map motions to motions, according to the equations: "
            f"{figures['equivariance_error']:.1%} of the rates break it.",
        )


def _equation_caveats(est, figures):
    if est.equations_ is None:
        return
    fitted = figures["training_score"]
    score = figures.get("equation_score", fitted)
    if score < EQUATION_SCORE:
        yield Caveat(
            "equations",
            f"The equations explain only {max(score, 0):.1%} of the rates.",
        )
    unseen = figures.get("held_out_rate_error", 0.0)
    if unseen > 1 - EQUATION_SCORE:
        yield Caveat(
            "held_out",
            f"On rows that were not fitted, the equations leave {unseen:.1%} of the "
            "rates unexplained.",
        )
    left, least = 1 - fitted, 1 - figures["dense_score"]
    if left > max(SMALL, DROPPED * least):
        yield Caveat(
            "dropped",
            f"The threshold drops terms that matter: the equations leave {left:.2%} of "
            f"the rates of the training data unexplained, and all candidates together "
            f"{least:.2%}. Lower threshold.",
        )
    if figures["n_terms"] > DENSE * figures["n_candidates"]:
        yield Caveat(
            "dense",
            f"The equations use {figures['n_terms']} of {figures['n_candidates']} "
            "candidates: these are not the coordinates of simple equations, or "
            "threshold is too low.",
        )


def _dependence_caveats(est, figures, curve, noise):
    """Name the relation between candidates, or say that there is one within terms."""
    relation = "" if curve is None else _relation(est, curve, noise)
    if relation:
        yield Caveat("dependent", relation)
    elif figures.get("independence", 1.0) < INDEPENDENCE:
        yield Caveat(
            "dependent",
            "On these data some terms of an equation are a combination of others, so "
            "that their coefficients mean nothing. Lower degree, or give more varied "
            "trajectories.",
        )


def _relation(est, curve, noise):
    """Return the relation between candidates in words, as `fit` does."""
    equations = est.equations_
    if equations is None or len(curve) < equations.order:
        return ""
    noise = np.zeros(1) if noise is None else noise
    scores = getattr(est, "equation_scores_", est.equation_score_)
    rate_error = np.sqrt(max(1 - np.nanmax(scores, initial=0.0), 0.0))
    if equations.order == 2:
        rate_error = np.inf
    state = np.hstack(curve[: equations.order]).astype(float)
    return say_relation(equations.library, state, noise, rate_error)


def _coefficient_caveats(equations):
    if equations is None or equations.errors is None:
        return
    table = equations.to_table()
    errors = np.delete(equations.errors, equations.inputs, axis=0)
    small = (table.coefficients != 0) & (np.abs(table.coefficients) < N_ERRORS * errors)
    terms = [
        f"{table.terms[term]} in {table.equations[equation]}"
        for equation, term in np.argwhere(small)
    ]
    if terms:
        yield Caveat(
            "coefficients",
            "Coefficients are smaller than twice their standard error, hence not "
            f"significant: {', '.join(terms)}.",
        )
