"""Snapshots moved by random elements of a group, as more data."""

from numbers import Integral, Real

import numpy as np
from sklearn.utils import check_array, check_consistent_length, check_random_state
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import check_is_fitted

from symdisc._data.validation import as_samples
from symdisc._downstream.group_action import (
    SYMMETRY,
    check_not_trivial,
    resolve_action,
    warn_of_doubts,
)
from symdisc._downstream.group_elements import Drawn
from symdisc._downstream.label_rule import RULES, LabelRule
from symdisc._downstream.symmetric_estimator import (
    check_names,
    discoverer_of,
    warn_of_other_rows,
)
from symdisc._estimators.action import ActingEstimator

NOT_TRIVIAL = "Fit to more data, or leave augmentation out."
CONSTRAINTS = {
    "n_copies": [Interval(Integral, 0, None, closed="left")],
    "labels": [str, list, tuple, np.ndarray],
    "max_coefficient": [Interval(Real, 0, None, closed="neither")],
    "keep_residual": ["boolean"],
    "finite_group": ["boolean"],
    "random_state": ["random_state"],
}


@validate_params(
    {"est": [t for t in SYMMETRY if t is not None], **CONSTRAINTS},
    prefer_skip_nested_validation=True,
)
def augment(
    est,
    X,
    y=None,
    *,
    n_copies=5,
    labels="kept",
    max_coefficient=0.3,
    keep_residual=True,
    finite_group=True,
    random_state=None,
):
    r"""Add snapshots that are moved by random elements of a symmetry group.

    A copy of a snapshot x, with latents :math:`z = \varphi(x)`, is

    .. math:: x' = \psi(g z) + (x - \psi(z)).

    Parameters
    ----------
    est : LatentSymmetryDiscoverer, LieAlgebra, str or sequence of Block and Scalars
        The symmetry: a fitted discoverer; or what acts on the columns of `X`, an
        algebra, a name such as "so(3)" (of the first columns), weights such as
        "so(2): 1, 2", or blocks.
    X : array-like of shape (n_samples, n_features)
        Snapshots.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
        Labels.
    n_copies : int, default=5
        Number of copies of each snapshot, beside the snapshot itself; 0 adds none.
    labels : str, sequence of Block and Scalars or ndarray, default="kept"
        What a group element does to labels. "kept": nothing, as to a class. "moved":
        they are snapshots, such as the next ones, and are moved alike. "both": their
        first `n_features` columns are moved, and the others kept. "rates": they are
        time derivatives of the snapshots. Weights, "so(2): 1" for a vector in the
        plane: they turn in that representation of the group, see `LieAlgebra.weights`;
        or blocks, ``[Block("so(2): 1"), Scalars(1)]``; or an array (c, m, m), one
        generator for each of ``lie_algebra_.matrices``.
    max_coefficient : float, default=0.3
        Of a group that is not compact, the coefficients of generators that are no
        rotations are uniform between this and its negative: the rapidity of a boost,
        the logarithm of a factor. Ignored for compact groups, whose elements are drawn
        by the Haar measure.
    keep_residual : bool, default=True
        Whether to add what the autoencoder loses of a snapshot, x - psi(phi(x)), to
        its copies. Then a copy by the identity is the snapshot, and copies are as
        rough or noisy as snapshots are; but the residual is not moved. False leaves it
        out.
    finite_group : bool, default=True
        Whether elements of ``est.finite_group_`` are drawn, too, where one was found:
        with the rotations of a radial motion, its reflections. They are left out where
        `labels` turn in a representation, of which only the generators are known.
    random_state : int, RandomState instance or None, default=None
        Seed of the group elements.

    Returns
    -------
    X_more : ndarray of shape (n_samples * (n_copies + 1), n_features), or frames
        The snapshots, then the first copy of each, then the second, and so on.
    y_more : ndarray
        Only where `y` is given.

    Warns
    -----
    UserWarning
        If the generators are not all certified, or `X` is not like the rows that they
        were found in.

    Raises
    ------
    ValueError
        If there is no symmetry, or an argument has a bad shape or value, or `X` has
        other names of columns, or another order of them, than `est` was fitted to.
    NotFittedError
        If the discoverer is not fitted.

    Notes
    -----
    Noise is small in generators found, but a full turn multiplies it. Generators are
    used as they are printed, if these are an algebra; where weights are read off them,
    as those of these weights, along the same axes.

    References
    ----------
    G. Benton, M. Finzi, P. Izmailov and A. G. Wilson, "Learning invariances in neural
    networks", NeurIPS (2020). J. Yang, N. Dehmamy, R. Walters and R. Yu, "Latent space
    symmetry discovery", ICML (2024).

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import augment
    >>> X, y = np.array([[1.0, 0.0], [0.0, 2.0]]), np.array([0, 1])
    >>> X_more, y_more = augment("so(2)", X, y, n_copies=3, random_state=0)
    >>> np.linalg.norm(X_more, axis=1).round(6)
    array([1., 2., 1., 2., 1., 2., 1., 2.])
    >>> y_more
    array([0, 1, 0, 1, 0, 1, 0, 1])
    """
    if isinstance(discoverer_of(est), ActingEstimator):
        check_is_fitted(discoverer_of(est))
    check_names(est, X)
    X = as_samples(X, "X")
    action = resolve_action(est, X)
    finite = draws_finite(labels, finite_group)
    check_not_trivial(action, NOT_TRIVIAL, finite)
    warn_of_doubts(action, finite, labels if y is not None else "moved")
    warn_of_other_rows(action, X)
    if y is not None:
        y = check_array(y, ensure_2d=False, dtype=None, input_name="y")
        check_consistent_length(X, y)
    rng = check_random_state(random_state)
    how = n_copies, labels, max_coefficient, keep_residual, finite
    more, labels_more = moved_copies(action, X, y, *how, rng)
    shape = getattr(action.discoverer, "snapshot_shape_", (-1,))
    more = more.reshape(len(more), *shape)
    return more if y is None else (more, labels_more)


def draws_finite(labels, asked):
    """Return whether elements of a finite group are drawn."""
    return asked and isinstance(labels, str) and labels in RULES


def moved_copies(
    action,
    X,
    y,
    n_copies,
    labels,
    max_coefficient,
    keep_residual,
    finite,
    rng,
    number=None,
):
    """Return snapshots and labels with their copies.

    Parameters
    ----------
    action : GroupAction
    X : ndarray of shape (n_samples, n_features)
    y : ndarray or None
    n_copies, labels, max_coefficient, keep_residual
        See `augment`.
    finite : bool
        Whether elements of a finite group are drawn, where there is one.
    rng : numpy.random.RandomState
    number : ndarray of shape (n_samples,), optional
        Rows of the same number are moved by the same elements; by default each is by
        its own.

    Returns
    -------
    X_more, y_more : ndarray
    """
    rule = LabelRule(labels, action)
    if y is not None:
        rule.check(y, X.shape[1])
    sampler = action.sampler(max_coefficient)
    X_more, y_more = [X], [y]
    number = np.arange(len(X)) if number is None else number
    for _ in range(n_copies):
        drawn = action.drawn(sampler, number.max() + 1, rng, finite)
        drawn = Drawn(*(part[number] for part in drawn))

        def moved(rows, drawn=drawn):
            return _move(action, rows, drawn, keep_residual)

        X_more.append(moved(X))
        if y is not None:
            y_more.append(rule.move(X, y, moved, drawn, keep_residual))
    if y is not None:
        y_more[0] = y.astype(y_more[-1].dtype, copy=False)
    return np.concatenate(X_more), None if y is None else np.concatenate(y_more)


def _move(action, X, drawn, keep_residual):
    """Move each snapshot by an element of its own."""
    Z = action.encode(X)
    moved = action.decode(drawn.moved(Z))
    if keep_residual:
        moved = moved + (X - action.decode(Z))
    return moved.astype(X.dtype, copy=False)
