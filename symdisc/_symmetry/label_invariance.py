"""Which maps leave labels unchanged: symmetries of a function of the data.

Labels y = f(z), classes or numbers, are invariant under exp(wL) where
grad f(z) . L z = 0. This is LieGAN's condition for classification and regression
(Yang, Walters, Dehmamy and Yu, ICML 2023, arXiv:2302.00236), with f estimated first. No
distribution has to be invariant, so noncompact groups are found as well.
"""

import warnings

import numpy as np
import torch
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import type_of_target

from symdisc._numerics.features import Monomials
from symdisc._symmetry.invariance import MAX_ROWS, Forms

# The lowest degree of polynomials is taken that predicts as well as any.
DEGREES = (1, 2, 3, 4)
# Labels without noise need next to no penalty, noisy ones some.
INVERSE_PENALTIES = (1.0, 1e2, 1e4, 1e6)
PENALTIES = 10.0 ** np.arange(-8, 3)
N_FOLDS = 5
# Errors that do not differ, however exact the labels are.
CHANCE = 1e-7
# Maps that change labels by more than so many times the error by chance are none.
MAX_OF_CHANCE = 4.0


def check_labels(y, n_samples):
    """Return labels, one a sample, or raise."""
    if y is None:
        raise ValueError(
            'symmetry_of="labels" needs labels: pass as y one class or number a row.'
        )
    labels = column_or_1d(y, warn=True)
    if len(labels) != n_samples:
        raise ValueError(f"y has {len(labels)} labels, but X has {n_samples} rows.")
    _check_complete(labels)
    if (labels == labels[0]).all():
        raise ValueError(
            f"y is {labels[0]!r} in every row: any map leaves it unchanged. Pass "
            "labels that differ."
        )
    if type_of_target(labels) in ("binary", "multiclass"):
        counts = np.unique(labels, return_counts=True)[1]
        if counts.min() < 2 * N_FOLDS:
            raise ValueError(
                f"y has a class of {counts.min()} rows, but {2 * N_FOLDS} are needed. "
                "Leave rare classes out, or pass numbers with a decimal point to be "
                "taken for values."
            )
    return labels


def _check_complete(labels):
    if labels.dtype.kind == "f":
        assert_all_finite(labels, input_name="y")
    for row, label in enumerate(labels if labels.dtype.kind == "O" else ()):
        if label is None or label != label:
            raise ValueError(
                f"y is {label!r} in row {row}. Leave out rows without a label, or give "
                "them a class of their own."
            )


def label_forms(slots):
    """Measure how much each affine map changes the labels.

    Parameters
    ----------
    slots : (points, labels)
        Data of about unit variance, ndarray of shape (n_samples, k), and their
        classes or numbers, of shape (n_samples,).

    Returns
    -------
    Forms
        Of maps of shape (k, k + 1): the last column is a translation.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.label_invariance import label_forms
    >>> z = np.random.default_rng(0).standard_normal((2000, 2))
    >>> found = label_forms([z, (z**2).sum(axis=1) > 1]).solve()
    >>> (found.errors < 0.01).tolist()
    [True, False, False, False, False, False]
    >>> np.abs(found.maps[0]).round(1)
    array([[0. , 0.7, 0. ],
           [0.7, 0. , 0. ]])
    """
    points, labels = slots
    model = _best_model(points, labels)
    # The error of halves of the data is about twice that of the whole.
    halves = (clone(model).fit(points[i::2], labels[i::2]) for i in range(2))
    one, other = (_slopes(half, points)[0] for half in halves)
    chance = max(_disagreement(one, other) / 4, CHANCE)
    slopes, weights = _slopes(model.fit(points, labels), points)
    step = -(-len(points) // MAX_ROWS)
    points, slopes, weights = points[::step], slopes[:, ::step], weights[:, ::step]
    n, k = points.shape
    extended = np.hstack([points, np.ones((n, 1))])
    change = np.einsum("cni,nj->cnij", slopes, extended)
    change = (weights[..., None, None] * change).reshape(-1, k * (k + 1))
    # On average over directions, what a map of the same size would change.
    steep = (weights * np.linalg.norm(slopes, axis=2)) ** 2 / k
    moved = np.einsum("cn,ni,nj->ij", steep, extended, extended)
    size = np.kron(np.eye(k), moved)
    return Forms(change.T @ change, size, (k, k + 1), chance, MAX_OF_CHANCE * chance)


def _slopes(model, points):
    """Gradients (n_functions, n, k) of a function of points, and their weights."""
    monomials, scaler, linear = (step for _, step in model.steps)
    coefficients = np.atleast_2d(linear.coef_) / scaler.scale_
    z = torch.tensor(points)
    slopes = np.empty((len(coefficients), *points.shape))
    for j, axis in enumerate(torch.eye(points.shape[1], dtype=z.dtype)):
        moved = monomials.func.slope(z, axis.expand_as(z))
        slopes[:, :, j] = coefficients @ moved.T
    if not hasattr(model, "decision_function"):
        return slopes, np.ones(slopes.shape[:2])
    return slopes, _nearness(np.atleast_2d(model.decision_function(points).T))


def _disagreement(slopes, others):
    """Mean squared sine of the angles between gradients."""
    dots = np.einsum("cni,cni->cn", slopes, others) ** 2
    sizes = np.einsum("cni,cnj,cni,cnj->cn", slopes, others, slopes, others)
    return float(np.mean(1 - dots / np.maximum(sizes, np.finfo(float).tiny)))


def _nearness(odds):
    """Weights that fall off with the distance from the boundary of a class.

    The slope of a probability is p (1 - p) times that of its logarithmic odds. For
    well-separated classes these weights would be zero at nearly all points.
    """
    width = np.maximum(np.median(np.abs(odds), axis=1, keepdims=True), 1.0)
    return 1 / np.cosh(np.clip(odds / (2 * width), -300, 300)) ** 2


def _best_model(points, labels):
    """Regression on monomials of the lowest degree that does as well as the best."""
    found, classes = [], type_of_target(labels) in ("binary", "multiclass")
    for degree in DEGREES:
        monomials = _Monomials(points.shape[1], degree)
        if len(monomials.monomials) > len(points) // N_FOLDS:
            break
        models = [
            make_pipeline(FunctionTransformer(monomials), StandardScaler(), linear)
            for linear in _linear_models(classes)
        ]
        scoring = "neg_log_loss" if classes else "neg_mean_squared_error"
        scores = [_scores(model, points, labels, scoring) for model in models]
        best = int(np.argmax([score.mean() for score in scores]))
        found.append((models[best], scores[best].mean(), scores[best].std()))
    if not found:
        dim = points.shape[1]
        raise ValueError(
            f'X has too few rows for symmetry_of="labels", which compares two halves: '
            f"{dim} latent dimensions need {2 * N_FOLDS * (dim + 1)}. Pass more rows, "
            "or fewer dimensions."
        )
    models, means, stds = zip(*found, strict=True)
    best = int(np.argmax(means))
    enough = np.array(means) >= means[best] - stds[best] / np.sqrt(N_FOLDS)
    return models[np.flatnonzero(enough)[0]]


def _scores(model, points, labels, scoring):
    with warnings.catch_warnings():
        # Where a penalty is too weak for convergence, the score is low.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return cross_val_score(model, points, labels, cv=N_FOLDS, scoring=scoring)


def _linear_models(classes):
    if not classes:
        return [RidgeCV(PENALTIES)]
    return [LogisticRegression(C=c, max_iter=2000) for c in INVERSE_PENALTIES]


class _Monomials:
    """Monomials without the constant, as a function of arrays."""

    def __init__(self, dim, degree):
        self.monomials = Monomials(dim, degree)

    def __call__(self, points):
        return self.monomials(torch.tensor(points))[:, 1:].numpy()

    def slope(self, points, direction):
        """Differentiate along a direction."""
        return self.monomials.push_forward(points, direction)[1][:, 1:].numpy()
