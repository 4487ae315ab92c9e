"""What a discovered symmetry does to snapshots."""

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from symdisc._data.validation import check_snapshots
from symdisc._estimators.base import LatentEstimator
from symdisc._lie.orbits import check_generator, check_sample, check_theta
from symdisc._symmetry.two_sample import evidence_of


class ActingEstimator(LatentEstimator):
    """Base of estimators whose fitted `lie_algebra_` acts on the latent space."""

    def act(self, X, theta):
        """Move snapshots by group elements: decode(exp(theta L) encode(x)).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        theta : float or array-like of shape (c,) or (n_samples, c)
            Coefficients of the c canonical generators (`LieAlgebra.matrices`), one
            group element for all snapshots or for each its own. A scalar serves where
            c is 1. For a rotation it is the angle in radians.

        Returns
        -------
        ndarray of shape (n_samples, n_features), or frames
            Snapshots moved, in the dtype of `X`.

        Raises
        ------
        ValueError
            If there is no symmetry, or `theta` has another shape.

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc import LatentSymmetryDiscoverer
        >>> from symdisc.datasets import make_spiral
        >>> data = make_spiral(random_state=0)
        >>> est = LatentSymmetryDiscoverer(n_generators="auto", symmetry_of="dynamics")
        >>> moved = est.fit(data.X, data.X_dot).act(data.X, [0.0, 0.0])
        >>> bool(np.abs(moved - data.X).max() < 1e-6)
        True
        """
        latent, algebra = self._acted_on(X)
        theta = np.asarray(theta, dtype=float)
        if theta.ndim == 2 and len(theta) not in (1, len(latent)):
            raise ValueError(
                f"theta has {len(theta)} rows and X has {len(latent)}; give one row of "
                "coefficients for each snapshot, or one for all."
            )
        elements = np.broadcast_to(
            algebra.group_element(theta), (len(latent), *algebra.basis.shape[1:])
        )
        moved = np.einsum("nij,nj->ni", elements, latent).astype(latent.dtype)
        return self._as_frames(self._apply(self.decoder_, moved))

    def infinitesimal_action(self, X):
        """Return the vector fields of the generators on snapshots, J_psi(z) L z.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots; the fields are taken at their reconstructions.

        Returns
        -------
        ndarray of shape (c, n_samples, n_features), or frames
            Derivative of ``act(X, theta)`` by each coefficient, at 0.
        """
        latent, algebra = self._acted_on(X)
        moves = [(latent @ m.T).astype(latent.dtype) for m in algebra.matrices]
        fields = [self._push(self.decoder_, latent, m)[1] for m in moves]
        return self._as_frames(np.stack(fields))

    def orbit(self, x, theta=None, *, generator=0):
        """Move one snapshot along one generator.

        Parameters
        ----------
        x : array-like of shape (n_features,)
            Snapshot.
        theta : array-like of shape (n_points,), optional
            Coefficients; by default 64 from 0 to 2 pi, one turn of a rotation.
        generator : int, default=0
            Which of the generators.

        Returns
        -------
        ndarray of shape (n_points, n_features), or frames

        Raises
        ------
        ValueError
            If `x` is not one snapshot, `theta` not 1-D, or there is no such generator.
        """
        theta = check_theta(np.linspace(0, 2 * np.pi, 64) if theta is None else theta)
        x = check_sample(self._as_starts(x)[0])
        _, algebra = self._acted_on(x)
        check_generator(algebra, generator)
        coefficients = np.zeros((len(theta), len(algebra)))
        coefficients[:, generator] = theta
        return self.act(np.repeat(x, len(theta), axis=0), coefficients)

    def evidence(
        self,
        X,
        y=None,
        *,
        t=None,
        groups=None,
        n_permutations=199,
        random_state=0,
    ):
        """Test each generator on held-out snapshots.

        Half of the latents (states, transitions or pairs with their rates, as in
        `symmetry_of_`) are moved by random elements of the group of one generator. A
        classifier is fitted to some of them. If the group is a symmetry, it separates
        moved from original ones among the others no better than with permuted labels.
        If the symmetry is one of the dynamics, bounded data need not be invariant:
        moved motions are compared with the equations instead.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots that were not in the training data.
        y : array-like of shape (n_samples, n_features), default=None
            Their time derivatives.
        t, groups
            As in `fit`.
        n_permutations : int, default=199
            Number of random permutations of the labels to compare with.
        random_state : int, RandomState instance or None, default=0
            Seed of group elements, folds and permutations.

        Returns
        -------
        Evidence
            Prints as a table; has `auc`, `baseline`, `p_values` and
            `equivariance_error`. A small p-value is evidence against a symmetry. With
            many snapshots small errors of a generator suffice for that: `auc` measures
            their size.

        Raises
        ------
        ValueError
            If an argument has a bad shape or value, or there are too few rows.

        Examples
        --------
        >>> from symdisc import LatentSymmetryDiscoverer
        >>> from symdisc.datasets import make_spiral
        >>> data = make_spiral(random_state=0)
        >>> X, X_dot = data.X[::2], data.X_dot[::2]
        >>> est = LatentSymmetryDiscoverer(n_generators="auto", symmetry_of="dynamics")
        >>> est = est.fit(X, X_dot)
        >>> found = est.evidence(data.X[1::2], data.X_dot[1::2])
        >>> bool((found.equivariance_error < 1e-3).all())
        True
        """
        check_is_fitted(self)
        data = self._take_in(X, y, t, groups)
        X = check_snapshots(self, data.X, reset=False)
        X_dot = self._check_rates(X, data.y)
        random = check_random_state(random_state)
        held_out = X, X_dot, data.t, data.groups
        return evidence_of(self, *held_out, n_permutations, random)

    def _acted_on(self, X):
        check_is_fitted(self)
        if not self.lie_algebra_:
            raise ValueError(
                "lie_algebra_ is empty or None: no symmetry was found that could act "
                "on X."
            )
        X = check_snapshots(self, X, reset=False)
        return self._apply(self.encoder_, X), self.lie_algebra_
