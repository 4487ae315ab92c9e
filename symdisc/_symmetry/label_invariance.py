"""Which maps leave labels unchanged: symmetries of a function of the data.

Labels y = f(z), classes or numbers, are invariant under exp(wL) where
grad f(z) . L z = 0. The defect is the cosine of the angle between grad f and L z, in
which all rows count alike. This is LieGAN's condition for classification and regression
(Yang, Walters, Dehmamy and Yu, ICML 2023, arXiv:2302.00236), with f estimated first. No
distribution has to be invariant, so noncompact groups are found as well.
"""

import warnings

import numpy as np
from scipy.special import expit
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import type_of_target

from symdisc._data.splits import held_out_folds
from symdisc._symmetry.field_residuals import (
    FieldResiduals,
    FittedFunctions,
    noise_of_slopes,
)
from symdisc._symmetry.function_class import (
    FunctionClass,
    choose_class,
    held_out_error,
    orthonormal_functions,
)
from symdisc._symmetry.invariant_functions import choose_invariant_class

# The lowest degree of polynomials is taken that predicts classes as well as any, or one
# more where that does, too.
DEGREES = (1, 2, 3, 4, 5)
# Labels without noise need next to no penalty, noisy ones some.
INVERSE_PENALTIES = (1.0, 1e2, 1e4, 1e6)
N_FOLDS = 5
# Most functions that numbers are fitted by: they have one column, rates several.
MOST_FUNCTIONS = 600
# Gradients whose square is this part of the mean square count half.
SHALLOW = 1e-3


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


def label_residuals(points, labels, groups=None, function_class=None, candidate=None):
    """Residuals of affine maps of labels: grad f . L z.

    Parameters
    ----------
    points : ndarray of shape (n, k)
        White data.
    labels : ndarray of shape (n,)
        Classes or numbers.
    groups : array-like of shape (n,), optional
    function_class : FunctionClass, optional
        By default chosen by cross-validation.
    candidate : Candidate, optional
        Numbers are then fitted by functions of its invariants, too.

    Returns
    -------
    FieldResiduals
        With what was fitted as `functions`.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.label_invariance import label_residuals
    >>> z = np.random.default_rng(0).standard_normal((2000, 2))
    >>> errors, maps = label_residuals(z, (z**2).sum(axis=1) > 1).solve()
    >>> (errors < 0.01).tolist()
    [True, False, False, False, False, False]
    >>> np.abs(maps[0, :, :2] / np.linalg.norm(maps[0])).round(1)
    array([[0. , 0.7],
           [0.7, 0. ]])
    """
    if type_of_target(labels) in ("binary", "multiclass"):
        functions = FittedClasses(points, labels, function_class)
    else:
        values = np.asarray(labels, dtype=float)[:, None]
        values = (values - values.mean()) / max(values.std(), np.finfo(float).tiny)
        if function_class is None:
            function_class = _class_of_numbers(points, values, groups, candidate)
        functions = FittedFunctions(points, values, function_class, groups)
        functions.weights = np.ones(values.shape)
    weights = functions.weights * _steepness_and_distance(points, functions)
    found = FieldResiduals(points, functions, turns=False, weights=weights)
    found.functions = functions
    return found


def _class_of_numbers(points, values, groups, candidate):
    """Choose the functions that numbers are fitted by."""
    _check_enough(points)
    data, most = (points, values), MOST_FUNCTIONS
    invariant = None
    if candidate is not None:
        invariant = choose_invariant_class(*data, candidate, groups, most)
    if invariant is not None and not candidate.refuted:
        return invariant
    usual = choose_class(*data, groups, most=most)
    if invariant is None:
        return usual
    folds = held_out_folds(values, groups)
    errors = [
        held_out_error(each.values(points), values, folds)
        for each in (invariant, usual)
    ]
    return invariant if errors[0] <= errors[1] else usual


def _steepness_and_distance(points, functions):
    """Return weights with which all rows count alike, whatever |grad f| and |z| are.

    Where a gradient is not known, it counts less.
    """
    jacobian = np.matmul(functions.coefficients.T, functions.slopes)
    steep = np.sum(jacobian**2, axis=2)
    noise = noise_of_slopes(functions.slopes, functions.errors)
    least = noise + SHALLOW * steep.mean(axis=0)
    distance = 1 + np.sum(points**2, axis=1, keepdims=True)
    return 1 / np.sqrt((steep + least) * distance)


class FittedClasses:
    """Logarithmic odds of classes, by logistic regression on orthonormal functions.

    Parameters
    ----------
    z : ndarray of shape (n, k)
    labels : ndarray of shape (n,)
    function_class : FunctionClass, optional

    Attributes
    ----------
    values, slopes, vanishing, faint, coefficients, errors, dof
        As of `FittedFunctions`; there is a column for each class, or one for two.
    weights : ndarray of shape (n, m)
        They fall off with the distance from the boundary of a class. The slope of a
        probability is p (1 - p) times that of its logarithmic odds: for well-separated
        classes these weights would be zero at nearly all points.
    """

    root = None

    def __init__(self, z, labels, function_class=None):
        classes = np.unique(labels)
        inverse = INVERSE_PENALTIES[-1]
        if function_class is None:
            function_class, inverse = _best_logistic(z, labels)
        self.function_class = function_class
        found = orthonormal_functions(z, function_class)
        self.values, self.slopes, self.vanishing, self.faint = found
        targets = [labels == c for c in (classes[1:] if len(classes) == 2 else classes)]
        fits = [self._fit(target, inverse) for target in targets]
        self.coefficients = np.stack([fit[0] for fit in fits], axis=1)
        p, m = self.coefficients.shape
        self.errors = np.zeros((m, p, p, m))
        for i, (_, root) in enumerate(fits):
            self.errors[i, :, :, i] = root
        self.errors, self.dof = self.errors.reshape(m * p, p, m), len(z)
        odds = self.values @ self.coefficients
        width = np.maximum(np.median(np.abs(odds), axis=0), 1.0)
        self.weights = 1 / np.cosh(np.clip(odds / (2 * width), -300, 300)) ** 2

    def _fit(self, target, inverse):
        """Coefficients of one class, and rows whose outer products are their errors."""
        model = _logistic(inverse, fit_intercept=False)
        with warnings.catch_warnings():
            # Where a penalty is too weak for convergence, the weights are large.
            warnings.simplefilter("ignore", ConvergenceWarning)
            coefficients = model.fit(self.values, target).coef_[0]
        odds = self.values @ coefficients
        weights = np.maximum(expit(odds) * expit(-odds), 1e-12)
        hessian = (self.values * weights[:, None]).T @ self.values
        values, vectors = np.linalg.eigh(hessian + np.eye(len(hessian)) / inverse)
        return coefficients, (vectors / np.sqrt(values)).T


def _logistic(inverse, **options):
    return LogisticRegression(C=inverse, max_iter=2000, **options)


def _check_enough(points):
    dim = points.shape[1]
    if len(points) < 2 * N_FOLDS * (dim + 1):
        raise ValueError(
            f'X has too few rows for symmetry_of="labels", which fits them by functions'
            f" of X: {dim} latent dimensions need {2 * N_FOLDS * (dim + 1)}. Pass more "
            "rows, or fewer dimensions."
        )


def _best_logistic(points, labels):
    """Return the class of logarithmic odds, and its penalty."""
    _check_enough(points)
    found, k = [], points.shape[1]
    for degree in DEGREES:
        own = FunctionClass(degree)
        if own.n_functions(k) > len(points) / N_FOLDS:
            break
        values = orthonormal_functions(points, own)[0]
        scores = [_scores(_logistic(c), values, labels) for c in INVERSE_PENALTIES]
        best = int(np.argmax([score.mean() for score in scores]))
        found.append((own, INVERSE_PENALTIES[best], scores[best]))
    if not found:
        return FunctionClass(1), 1.0
    means = np.array([scores.mean() for *_, scores in found])
    best = found[int(means.argmax())][2]
    enough = means >= best.mean() - best.std() / np.sqrt(N_FOLDS)
    lowest = int(np.flatnonzero(enough)[0])
    own, inverse, _ = found[lowest + bool(enough[lowest + 1 : lowest + 2].any())]
    return own, inverse


def _scores(model, values, labels):
    with warnings.catch_warnings():
        # Where a penalty is too weak for convergence, the score is low.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return cross_val_score(
            model, values, labels, cv=N_FOLDS, scoring="neg_log_loss"
        )
