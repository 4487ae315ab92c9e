"""What a discovered symmetry does to snapshots."""

from dataclasses import replace

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from symdisc._data.validation import check_snapshots
from symdisc._diagnostics.null_control import run_null_control
from symdisc._estimators.base import LatentEstimator
from symdisc._lie.orbits import check_generator, check_sample, check_theta


class ActingEstimator(LatentEstimator):
    """Base of estimators whose fitted `lie_algebra_` acts on the latent space."""

    def act(self, X, theta=None, *, element=None):
        """Move snapshots by group elements: decode(exp(theta L) encode(x)).

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots.
        theta : float or array-like of shape (c,) or (n_samples, c)
            Coefficients of the c canonical generators (`LieAlgebra.matrices`), one
            group element for all snapshots or for each its own. A scalar serves where
            c is 1. For a rotation it is the angle in radians.
        element : int or ndarray of shape (k, k), optional
            Number of an element of `finite_group_`, or its matrix, in place of `theta`.

        Returns
        -------
        ndarray of shape (n_samples, n_features), or frames
            Snapshots moved, in the dtype of `X`.

        Raises
        ------
        ValueError
            If there is no symmetry, `theta` has another shape, or there is no such
            `element`.

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc import LatentSymmetryDiscoverer
        >>> from symdisc.datasets import make_spiral
        >>> data = make_spiral(10, random_state=0)
        >>> est = LatentSymmetryDiscoverer(symmetry_of="motion")
        >>> moved = est.fit(data.X, data.X_dot).act(data.X, 0.0)
        >>> bool(np.abs(moved - data.X).max() < 1e-6)
        True
        """
        if (theta is None) == (element is None):
            raise ValueError(
                f"theta={theta!r} and element={element!r}; pass one of them: "
                "coefficients of generators, or an element of finite_group_."
            )
        if element is not None:
            return self._act_by_element(X, element)
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

    def _act_by_element(self, X, element):
        check_is_fitted(self)
        group = getattr(self, "finite_group_", None)
        if group is None:
            raise ValueError(
                f"element={element!r}, but finite_group_ is None: no finite group was "
                "looked for. Fit with finite_group=True."
            )
        X = check_snapshots(self, X, reset=False)
        latent = self._apply(self.encoder_, X)
        moved = group.act(latent, element).astype(latent.dtype)
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

    def null_control(
        self, X, y=None, *, t=None, groups=None, n_controls=19, random_state=0
    ):
        """Fit again to the same data with their symmetry destroyed.

        Labels are permuted, rates are permuted among the rows, or, where a distribution
        without rates was asked for, each column of `X` is permuted on its own: that of
        independent normal columns has nothing to be destroyed. As many
        generators are asked for as were found. It takes `n_controls` + 1 times as long
        as `fit`; ``verbose=1`` counts.

        Parameters
        ----------
        X, y, t, groups
            The data of `fit`.
        n_controls : int, default=19
            Number of times; with 19, the first rank has a chance of 5 % where there is
            nothing to be destroyed.
        random_state : int, RandomState instance or None, default=0
            Seed of the permutations.

        Returns
        -------
        NullControl
            Prints as two lines; has `names`, `defects` and `rank`.

        Raises
        ------
        ValueError
            If an argument has a bad shape or value.

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc import LatentSymmetryDiscoverer
        >>> X = np.random.default_rng(0).uniform(-1, 1, (200, 2))
        >>> X_dot = X * (1 - (X**2).sum(axis=1, keepdims=True))
        >>> est = LatentSymmetryDiscoverer(
        ...     autoencoder="none", symmetry_of="motion", degree=3
        ... ).fit(X, X_dot)
        >>> est.null_control(X, X_dot, n_controls=5).rank
        1
        """
        check_is_fitted(self)
        labels = self.symmetry_of_ == "labels"
        data = self._take_in(X, y, t, groups, labels=labels)
        X = check_snapshots(self, data.X, reset=False)
        y = data.y if labels else self._check_rates(X, data.y)
        random = check_random_state(random_state)
        return run_null_control(self, replace(data, X=X, y=y), n_controls, random)

    def _acted_on(self, X):
        check_is_fitted(self)
        if not self.lie_algebra_:
            raise ValueError(
                "lie_algebra_ is empty or None: no symmetry was found that could act "
                "on X."
            )
        X = check_snapshots(self, X, reset=False)
        return self._apply(self.encoder_, X), self.lie_algebra_
