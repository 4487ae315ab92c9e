"""From latents and their rates to equations, with or without a symmetry imposed."""

from dataclasses import dataclass

import numpy as np

from symdisc._data.validation import check_size
from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.known import known_algebra, rounded_generators
from symdisc._sindy.block_bootstrap import bootstrap_errors
from symdisc._sindy.equations import EquationSystem
from symdisc._sindy.equivariance import equivariance_matrix, equivariant_basis
from symdisc._sindy.model_selection import fit_equations
from symdisc._sindy.names import column_names
from symdisc._sindy.parsing import make_library
from symdisc._sindy.stlsq import adjusted_r2, sparse_regression

# Points at which the penalty asks for equivariance.
MAX_PENALTY_POINTS = 500
# Latent spaces whose number of dimensions is known before they are.
SIZED = "residual", "none"


@dataclass
class Governing:
    """What equations are looked for, and how.

    Parameters
    ----------
    degree, functions, order
        Of the candidate library, see `symdisc._sindy.parsing.make_library`.
    threshold, optimizer
        Of the regression, see `symdisc._sindy.model_selection.fit_equations`.
    equivariance_weight : float
        Infinity imposes the symmetry exactly.
    algebra : LieAlgebra or None
        The symmetry.
    rcond : float or None
        Of the final regression, see `symdisc._sindy.stlsq.sparse_regression`.
    names, include_constant
        Of the candidate library, like `degree`.
    """

    degree: int
    functions: object
    order: int
    threshold: object
    optimizer: object
    equivariance_weight: float
    algebra: LieAlgebra | None = None
    rcond: float | None = None
    names: list | None = None
    include_constant: bool = True

    @classmethod
    def of(cls, est, feature_names=None):
        """Return what a LatentSINDy looks for, with the symmetry if it is known."""
        what = est.degree, est.library, est.order
        governing = cls(*what, est.threshold, est.optimizer, est.equivariance_weight)
        governing.names = column_names(est, feature_names)
        governing.include_constant = est.include_constant
        if isinstance(est.symmetry, LieAlgebra):
            governing.algebra = est.symmetry
        elif est.symmetry not in (None, "discover") and est.autoencoder in SIZED:
            identity = est.autoencoder == "none"
            dim = est.n_features_in_ if identity else est.n_components
            if dim == "auto":
                raise ValueError(
                    f"symmetry={est.symmetry!r} acts on a number of dimensions, but "
                    'n_components="auto". Pass that number, or a LieAlgebra.'
                )
            governing.algebra = known_algebra(est.symmetry, dim)
        return governing

    def settle(self, symmetry, space):
        """Take the symmetry that a space brought, or name one on its dimensions."""
        if symmetry == "discover":
            self.algebra = space.algebra
        elif isinstance(symmetry, str) and self.algebra is None:
            self.algebra = known_algebra(symmetry, space.curve[0].shape[1])

    def library(self, dim):
        """Candidates for `dim` latent dimensions."""
        return make_library(
            dim,
            self.degree,
            self.functions,
            self.order,
            names=self.names,
            include_constant=self.include_constant,
        )

    def solve(self, features, rates, library):
        """Coefficients while the latent space is still being learned."""
        self._check_domain(features, library)
        threshold = 0.0 if self.threshold == "auto" else self.threshold
        basis = self._basis(library)
        if basis is None:
            return sparse_regression(features, rates, threshold=threshold)
        fit = fit_equations(features, rates, threshold=threshold, basis=basis)
        return fit.coefficients

    def find(self, state, rates, groups, *, weak=None, n_bootstrap=0, seed=None):
        """Fit the final equations.

        Parameters
        ----------
        state : ndarray of shape (n_samples, order * k)
            Latents and, for second order, their velocities.
        rates : ndarray of shape (n_samples, k)
        groups : array-like of shape (n_samples,) or None
        weak : WeakForm, optional
            Windows to integrate the equations over; `rates` are then not used.
        n_bootstrap, seed : int
            Number of draws for the standard errors, and what determines them.

        Returns
        -------
        equations : EquationSystem
        score, dense_score : float
            R2 of the rates, and adjusted R2 with all candidates.
        n_free : int
            Number of coefficients that the symmetry leaves free.
        """
        library = self.library(rates.shape[1])
        with np.errstate(all="ignore"):
            features = library.evaluate(state)
        self._check_domain(features, library)
        check_size(features, f"X, by degree={self.degree} and library,")
        if weak is not None:
            rates = weak.derivative @ state[:, : rates.shape[1]]
            features, groups = weak.average @ features, weak.groups
        basis, penalty = self._basis(library), self._penalty(library, state)
        fit = fit_equations(
            features,
            rates,
            threshold="auto" if self.optimizer is not None else self.threshold,
            optimizer=self.optimizer,
            groups=groups,
            basis=basis,
            penalty=penalty,
            rcond=self.rcond,
        )
        dense = fit_equations(
            features, rates, threshold=0.0, basis=basis, rcond=self.rcond
        )
        dense = adjusted_r2(dense.score, *features.shape, otherwise=fit.score)
        errors = None
        if n_bootstrap > 0:
            errors = bootstrap_errors(
                features,
                rates,
                fit.coefficients,
                groups=groups,
                n_bootstrap=n_bootstrap,
                random_state=seed,
                basis=basis,
            )
        equations = EquationSystem(
            fit.coefficients, library, errors=errors, order=self.order
        )
        n_free = fit.coefficients.size if basis is None else len(basis)
        return equations, fit.score, dense, n_free

    def _check_domain(self, features, library):
        """Raise where a candidate is not a number for some latents, and say which."""
        lost = np.sum(~np.isfinite(features), axis=0)
        if lost.any():
            name = library.names[lost.argmax()]
            raise ValueError(
                f"library, with degree={self.degree}, has {name} for a candidate, "
                f"which is not finite in {lost.max()} of {len(features)} rows of X: "
                "its variables leave its domain, or are too large. Leave it out, or "
                "shift or divide X."
            )

    def _basis(self, library):
        """Coefficients of equivariant equations, where these are imposed exactly."""
        if not self.algebra or np.isfinite(self.equivariance_weight):
            return None
        return equivariant_basis(
            library, self._generators(library), order=self.order
        ).basis

    def _penalty(self, library, state):
        """Rows whose product with the coefficients is their lack of equivariance."""
        if not self.algebra or np.isinf(self.equivariance_weight):
            return None
        points = state[:: -(-len(state) // MAX_PENALTY_POINTS)]
        rows = equivariance_matrix(
            library, self._generators(library), points, order=self.order
        )
        return np.sqrt(self.equivariance_weight / len(points)) * rows

    def _generators(self, library):
        return rounded_generators(self.algebra, len(library.symbols) // self.order)
