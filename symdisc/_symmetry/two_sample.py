"""Evidence of a symmetry: a classifier two-sample test of data and moved data.

Held-out latents are split at random into a half that stays and a half that random
group elements move. If the group is a symmetry of their distribution, both halves have
the same distribution, and a classifier separates them no better than random labels
(Lopez-Paz and Oquab, ICLR 2017, arXiv:1610.06545). The null is by permutation.
"""

from dataclasses import dataclass
from numbers import Integral

import numpy as np
from scipy import linalg
from scipy.stats import rankdata

from symdisc._data.trajectories import check_time, differentiate, transition_pairs

# Largest coefficients of canonical generators: angles where the spectrum is imaginary.
TURN, SHORT = np.pi, 1.0
N_ELEMENTS = 8
N_FOLDS = 5
N_FEATURES = 200
RIDGE = 1.0
MAX_ROWS = 2000


@dataclass(frozen=True)
class Evidence:
    """Evidence for and against each generator.

    Parameters
    ----------
    of : {"states", "transitions", "derivatives", "dynamics"}
        What was moved.
    auc : ndarray of shape (c,)
        Area under the ROC curve of the classifier: the probability that a moved sample
        has a higher score than an original one, 0.5 by chance. nan for "dynamics".
    baseline : ndarray of shape (c, n_permutations)
        The same with labels permuted.
    p_values : ndarray of shape (c,)
        Fraction of permutations with at least this AUC, the identity included: small
        where the classifier separates moved samples, that is, for no symmetry. nan for
        "dynamics".
    equivariance_error : ndarray of shape (c,)
        For "dynamics", where bounded data need not be invariant: how much g F(z) and
        F(g z) differ, see `symdisc.metrics.equivariance_error`. nan for others.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import Evidence
    >>> print(Evidence("states", np.array([0.51]), np.full((1, 3), 0.5),
    ...                np.array([0.4]), np.array([np.nan])))
    generator   auc  by chance  p-value
            0  0.51       0.50     0.40
    """

    of: str
    auc: np.ndarray
    baseline: np.ndarray
    p_values: np.ndarray
    equivariance_error: np.ndarray

    def __repr__(self):
        """Return the table."""
        return str(self)

    def __str__(self):
        """Return a table, one line for each generator."""
        if self.of == "dynamics":
            rows = [f"{i:9d}  {e:18.2g}" for i, e in enumerate(self.equivariance_error)]
            return "\n".join(["generator  equivariance error", *rows])
        columns = zip(self.auc, self.baseline.mean(axis=1), self.p_values, strict=True)
        rows = [
            f"{i:9d} {auc:5.2f} {chance:10.2f} {p:8.2f}"
            for i, (auc, chance, p) in enumerate(columns)
        ]
        return "\n".join(["generator   auc  by chance  p-value", *rows])


def evidence_of(est, X, X_dot, t, groups, n_permutations, random):
    """Gather the evidence for each generator of a fitted estimator.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
    X, X_dot : ndarray of shape (n_samples, n_features), or None for X_dot
    t, groups
        See ``fit``.
    n_permutations : int
    random : numpy.random.RandomState

    Returns
    -------
    Evidence
    """
    if not isinstance(n_permutations, Integral) or n_permutations < 1:
        raise ValueError(
            f"n_permutations={n_permutations!r} is no number of permutations; pass an "
            "int of at least 1."
        )
    slots, of = _held_out(est, X, X_dot, t, groups)
    if of != "dynamics" and len(slots[0]) < N_FOLDS:
        raise ValueError(
            f"X has {len(slots[0])} {of} to move, and the test needs {N_FOLDS}. Pass "
            "more rows; transitions are between those that follow each other by groups "
            "and t."
        )
    c = len(est.lie_algebra_)
    auc, p_values, errors = (np.full(c, np.nan) for _ in range(3))
    baseline = np.full((c, n_permutations), np.nan)
    for i in range(c):
        if of == "dynamics":
            errors[i] = _equivariance_error(est, slots, i, random)
            continue
        rows = random.permutation(len(slots[0]))[:MAX_ROWS]
        moved = np.arange(len(rows)) % 2 == 0
        table = _move(
            [slot[rows] for slot in slots], est.lie_algebra_.matrices[i], moved, random
        )
        auc[i], baseline[i] = _two_sample_test(table, moved, n_permutations, random)
        p_values[i] = (1 + (baseline[i] >= auc[i]).sum()) / (1 + n_permutations)
    return Evidence(of, auc, baseline, p_values, errors)


def _held_out(est, X, X_dot, t, groups):
    """Return latents that one group element moves together, and what they are."""
    of, t = est.symmetry_of_, check_time(t, groups, len(X))
    if of == "labels":
        raise ValueError(
            'evidence is for distributions and motions, but symmetry_of="labels". '
            "Compare what a classifier makes of X and of act(X, theta)."
        )
    if of in ("states", "transitions"):
        latents = est._apply(est.encoder_, X).astype(float)
        if of == "states":
            return [latents], of
        return [latents[rows] for rows in transition_pairs(t, groups, len(X))], of
    if X_dot is None:
        if t is None:
            raise ValueError(
                f"The symmetry is one of {of}, whose evidence needs time derivatives: "
                "pass X_dot as y, or t."
            )
        X_dot = differentiate(X, t, groups)
    return [z.astype(float) for z in est._push(est.encoder_, X, X_dot)], of


def _coefficients(matrix, n, random):
    """Draw coefficients of a canonical generator: angles, if it is a rotation."""
    values = np.linalg.eigvals(matrix)
    turns = np.abs(values.real).max() < 0.1 * np.abs(values.imag).max()
    return random.uniform(-1, 1, n) * (TURN if turns else SHORT)


def _equivariance_error(est, slots, index, random):
    """Root mean square of the error over random group elements."""
    z, rates = slots
    matrix, errors = est.lie_algebra_.matrices[index], []
    for theta in _coefficients(matrix, N_ELEMENTS, random):
        element = linalg.expm(theta * matrix)
        gap = rates @ element.T - est.equations_(z @ element.T)
        errors.append(np.mean(gap**2) / np.mean(rates**2))
    return np.sqrt(np.mean(errors))


def _move(slots, matrix, moved, random):
    """Table of samples, of which some are moved by elements of their own."""
    theta = _coefficients(matrix, len(moved), random) * moved
    elements = linalg.expm(theta[:, None, None] * matrix)
    return np.hstack([np.einsum("nij,nj->ni", elements, slot) for slot in slots])


def _two_sample_test(table, labels, n_permutations, random):
    """AUC of a cross-fitted classifier, and those with permuted labels.

    Kernel ridge regression on random features: its predictions are linear in the
    labels, so that all permutations cost little more than one.
    """
    deviation = table.std(axis=0)
    table = (table - table.mean(axis=0)) / np.where(deviation > 1e-9, deviation, 1.0)
    frequencies = random.standard_normal((table.shape[1], N_FEATURES))
    frequencies *= random.choice([0.5, 1.0, 2.0], N_FEATURES) / np.sqrt(table.shape[1])
    features = np.cos(table @ frequencies + random.uniform(0, 2 * np.pi, N_FEATURES))
    labels = np.column_stack(
        [labels, *(random.permutation(labels) for _ in range(n_permutations))]
    ).astype(float)
    folds, scores = random.permutation(len(table)) % N_FOLDS, np.empty(labels.shape)
    for fold in range(N_FOLDS):
        held, known = folds == fold, folds != fold
        centre, mean = features[known].mean(axis=0), labels[known].mean(axis=0)
        design = features[known] - centre
        gram = design.T @ design + RIDGE * np.eye(N_FEATURES)
        weights = np.linalg.solve(gram, design.T @ (labels[known] - mean))
        scores[held] = (features[held] - centre) @ weights
    ranks = rankdata(scores, axis=0)
    n_moved = labels.sum(axis=0)
    above = (ranks * labels).sum(axis=0) - n_moved * (n_moved + 1) / 2
    aucs = above / (n_moved * (len(table) - n_moved))
    return aucs[0], aucs[1:]
