"""A group that acts on snapshots, from whatever it is given as."""

import re

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from symdisc._data.user_warning import warn_user
from symdisc._downstream.group_elements import Drawn, GroupSampler, elements
from symdisc._downstream.label_rule import MOVED
from symdisc._estimators.action import ActingEstimator
from symdisc._estimators.latent_symmetry import LatentSymmetryDiscoverer
from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.known import known_algebra
from symdisc._lie.layout import joined_algebra
from symdisc._lie.read_weights import Reading, exact_generators
from symdisc._lie.representation import Block, Scalars
from symdisc._lie.weights import Weights

SYMMETRY = [ActingEstimator, FrozenEstimator, LieAlgebra, str, list, tuple, None]
EXACT = 1e-8
TRIVIAL = (
    "symmetry is trivial: there is no generator that could move a snapshot. {remedy}"
)
FINITE = (
    "Its finite_group_ {name} is not used here, continuous symmetries alone are: it "
    "serves AugmentedRegressor, AugmentedClassifier and augment. "
)


class GroupAction:
    """A group, its latent coordinates, and generators there that are exact.

    Generators found in data are replaced by those of the representation whose weights
    are read off them, in the same coordinates: elements far from the identity are then
    elements of the group, and a full turn closes.

    Parameters
    ----------
    algebra : LieAlgebra
        Acts on the latents.
    discoverer : ActingEstimator or None
        Its encoder and decoder; None where the latents are the columns of `X`.
    weights : Weights or None
        The representation, where it is known to be this one in these coordinates.

    Attributes
    ----------
    finite : FiniteGroup or None
        One element of each component of the group, where there are others.
    generators : ndarray of shape (c, k, k)
    group : str or None
        Name of the group, where weights were read.
    combination : ndarray of shape (c, c)
        Rows combine ``algebra.matrices`` to `generators`.
    reading : Reading or None
        Irreducible parts of the latents.
    tol : float
        Largest singular value that counts as zero in conditions on equivariant maps:
        that of rounding, or of the noise of generators that are not exact.
    """

    def __init__(self, algebra, discoverer=None, weights=None):
        self.algebra, self.discoverer = algebra, discoverer
        finite = getattr(discoverer, "finite_group_", None)
        self.finite = finite if finite is not None and finite.order > 1 else None
        self.generators, self.exact, self.reading = exact_generators(algebra)
        if weights is not None:
            self.reading = _given(weights, algebra)
            self.generators = self.reading.exact()
        self.group, self.combination = None, np.eye(len(algebra))
        if self.reading is not None:
            self.group = self.reading.weights.group
            self.combination = self.reading.combination

    @property
    def tol(self):
        return EXACT if self.exact else self.algebra.tol

    def encode(self, X):
        """Return latents of snapshots."""
        est = self.discoverer
        return X if est is None else est._apply(est.encoder_, X)

    def decode(self, Z):
        """Return snapshots of latents."""
        est = self.discoverer
        return Z if est is None else est._apply(est.decoder_, Z)

    def push(self, X, X_dot):
        """Return latents and their rates."""
        est = self.discoverer
        return (X, X_dot) if est is None else est._push(est.encoder_, X, X_dot)

    def pull(self, Z, Z_dot):
        """Return snapshots and their rates."""
        est = self.discoverer
        return (Z, Z_dot) if est is None else est._push(est.decoder_, Z, Z_dot)

    def drawn(self, sampler, n, rng, finite):
        """Draw elements.

        Parameters
        ----------
        sampler : GroupSampler
        n : int
        rng : numpy.random.RandomState
        finite : bool
            Whether of all components of the group, where there are others.

        Returns
        -------
        Drawn
        """
        coefficients = sampler.draw(n, rng)
        linear = elements(coefficients, self.generators)
        if not finite or self.finite is None:
            return Drawn(coefficients, linear, np.zeros(linear.shape[:2]))
        group = self.finite
        others = group.elements[rng.randint(group.order, size=n)]
        shift = group.centre - others @ group.centre
        shift = np.einsum("nij,nj->ni", linear, shift)
        return Drawn(coefficients, linear @ others, shift)

    def sampler(self, max_coefficient):
        """Return what draws elements."""
        return GroupSampler(self.generators, self.group, max_coefficient)


def resolve_action(symmetry, X, y=None, *, rates=False, random_state=None):
    """Return the action of what `symmetry` is, fitting a discoverer that is not fitted.

    Parameters
    ----------
    symmetry : discoverer, LieAlgebra, str, sequence of Block and Scalars, or None
    X : ndarray of shape (n_samples, n_features)
        Validated snapshots.
    y : ndarray, optional
        Labels, for a discoverer of symmetries of labels; or rates.
    rates : bool
        Whether y are rates.
    random_state : int, RandomState instance or None

    Returns
    -------
    GroupAction
    """
    if symmetry is None:
        symmetry = LatentSymmetryDiscoverer(random_state=random_state)
    if isinstance(symmetry, FrozenEstimator):
        symmetry = symmetry.estimator
    if isinstance(symmetry, ActingEstimator):
        if not is_fitted(symmetry):
            symmetry = _discover(clone(symmetry), X, y, rates)
        return _of_discoverer(symmetry, X)
    if not isinstance(symmetry, LieAlgebra):
        algebra = algebra_of(symmetry, X.shape[1])
        return GroupAction(algebra, weights=weights_of(symmetry, X.shape[1]))
    if symmetry.basis.shape[1] != X.shape[1]:
        raise ValueError(
            f"symmetry acts on {symmetry.basis.shape[1]} coordinates, but X has "
            f"n_features = {X.shape[1]}. Pass an algebra on all columns of X, or a "
            "fitted LatentSymmetryDiscoverer."
        )
    return GroupAction(symmetry)


def algebra_of(given, dim, argument="symmetry"):
    """Return the algebra on R^dim that a name, weights or blocks say.

    Coordinates beyond those named stay as they are.

    Examples
    --------
    >>> from symdisc._downstream.group_action import algebra_of
    >>> algebra_of("so(2): 1, 2", 5).weights
    'so(2): 1, 2, 0'
    """
    if isinstance(given, str) and given == "trivial":
        return LieAlgebra(np.zeros((0, dim, dim)))
    if isinstance(given, str) and ":" not in given:
        _check_room(given, dim, argument)
        return known_algebra(given, dim, argument=argument)
    if isinstance(given, str):
        basis = Weights.parse(given, argument).generators()
    else:
        basis = _joined(list(given), argument)
    if basis.shape[1] > dim:
        raise ValueError(
            f"{argument}={given!r} acts on {basis.shape[1]} coordinates, but there are "
            f"n_features = {dim} columns. Leave out parts of it."
        )
    rest = dim - basis.shape[1]
    return LieAlgebra(np.pad(basis, ((0, 0), (0, rest), (0, rest))))


def weights_of(given, dim):
    """Return the weights of what is given as a text that has or means some, or None."""
    if not isinstance(given, str) or given == "trivial":
        return None
    if given in ("so(2)", "so(3)"):
        given = f"{given}: 1"
    if ":" not in given:
        return None
    weights = Weights.parse(given, "symmetry")
    still = (0,) * weights.count if weights.is_torus else 0
    rest = (still,) * (dim - weights.dim)
    return Weights(weights.group, weights.weights + rest)


def _given(weights, algebra):
    """Return the reading of generators that are those of weights."""
    flat = [
        m.reshape(len(algebra), -1).T for m in (algebra.matrices, weights.generators())
    ]
    combination = np.linalg.lstsq(*flat, rcond=None)[0].T
    return Reading(weights, np.eye(weights.dim), combination)


def _check_room(name, dim, argument):
    needed = name == "scaling" or sum(map(int, re.findall(r"\d+", name)))
    if needed > dim:
        raise ValueError(
            f"{argument}={name!r} needs more columns: X has n_features = {dim}."
        )


def is_fitted(est):
    """Check whether a discoverer has been fitted."""
    return hasattr(est, "lie_algebra_")


def warn_of_doubts(action, finite=False, labels="moved"):
    """Warn where generators, or the finite group that is used, are in doubt.

    Parameters
    ----------
    action : GroupAction
    finite : bool
        Whether the finite group is used.
    labels : str or other
        What is done with labels, see `augment`.
    """
    _warn_of_motion(action, labels)
    algebra = action.algebra
    found = [(algebra, set(getattr(algebra, "verdict", ())))]
    if finite and action.finite is not None:
        found.append((action.finite, {action.finite.verdict}))
    for group, verdicts in found:
        if verdicts <= {"certified"}:
            continue
        mild = verdicts <= {"certified", "conditional"}
        said = "; ".join(group.evidence)
        warn_user(
            f"The symmetry {group.name} is {'conditional' if mild else 'in doubt'}: "
            f"{said}. Labels may not have it. Compare errors of validation with and "
            "without it."
        )


def _warn_of_motion(action, labels):
    """Warn where labels are kept by what is a symmetry of the motion alone.

    A scaling of a linear motion takes the snapshots of a ring to where there are none.
    """
    distribution = getattr(action.discoverer, "distribution_algebra_", None)
    of_motion = getattr(action.algebra, "question", None) == "motion"
    moves_along = isinstance(labels, str) and labels in MOVED
    if not of_motion or moves_along or distribution is None:
        return
    if len(distribution) < len(action.algebra):
        warn_user(
            f"The symmetry {action.algebra.name} is of the motion, and is not known to "
            "be one of the snapshots: copies may be where there are none, and labels "
            'need not be kept. Pass labels="rates" or "moved" for what moves along, or '
            'LatentSymmetryDiscoverer(symmetry_of="distribution"), or compare errors '
            "of validation with and without it."
        )


def check_not_trivial(action, remedy, finite=False):
    """Raise where there is no generator, nor a finite group that is used."""
    if len(action.algebra) or (finite and action.finite is not None):
        return
    if action.finite is not None:
        remedy = FINITE.format(name=action.finite.name) + remedy
    raise ValueError(TRIVIAL.format(remedy=remedy))


def _discover(est, X, y, rates):
    if est.symmetry_of == "labels" or rates:
        return est.fit(X, y)
    return est.fit(X)


def _of_discoverer(est, X):
    check_is_fitted(est)
    if X.shape[1] != est.n_features_in_:
        raise ValueError(
            f"X has n_features = {X.shape[1]}, but symmetry was fitted to "
            f"{est.n_features_in_}. Pass the same columns, or an unfitted discoverer."
        )
    if est.lie_algebra_ is None:
        raise ValueError("symmetry has no lie_algebra_. Pass a discoverer that has.")
    return GroupAction(est.lie_algebra_, est)


def _joined(blocks, argument):
    for block in blocks:
        if not isinstance(block, Block | Scalars):
            raise TypeError(
                f"{argument} has the entry {block!r}; use Block and Scalars."
            )
        if block.known is None:
            raise ValueError(
                f"{argument} has {block!r}, whose generators are to be found. Name "
                "them, as in Block('so(2)'), or fit a LatentSymmetryDiscoverer."
            )
    maps = [b.allowed for b in blocks]
    return joined_algebra(blocks, maps).basis if maps else np.zeros((0, 1, 1))
