"""From latents and their rates to equations, with or without a symmetry imposed."""

from dataclasses import dataclass

import numpy as np

from symdisc._data.validation import check_size
from symdisc._equations.equations import EquationSystem
from symdisc._equations.model_path import ModelPath
from symdisc._equations.names import column_names
from symdisc._equations.parsing import make_library
from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.known import imposed_generators, known_algebra
from symdisc._sindy.block_bootstrap import bootstrap_errors
from symdisc._sindy.equivariance import equivariance_matrix, equivariant_basis
from symdisc._sindy.model_selection import fit_equations
from symdisc._sindy.standard_errors import standard_errors
from symdisc._sindy.stlsq import adjusted_r2, sparse_regression

# Points at which the penalty asks for equivariance.
MAX_PENALTY_POINTS = 500
# Sums of products are off by so many times their size, at most.
ROUNDING = 1e-14
# Latent spaces whose number of dimensions is known before they are.
SIZED = "residual", "none"


@dataclass
class Found:
    """Equations found, and how well they hold.

    Parameters
    ----------
    equations : EquationSystem
    scores, dense_scores : ndarray of shape (k,)
        R2 of the rate of each equation, and adjusted R2 with all candidates.
    n_free : int
        Number of coefficients that the symmetry leaves free.
    path : ModelPath or None
        What the terms were chosen from.
    """

    equations: EquationSystem
    scores: np.ndarray
    dense_scores: np.ndarray
    n_free: int
    path: ModelPath | None = None


@dataclass
class Governing:
    """What equations are looked for, and how.

    Parameters
    ----------
    degree, functions, order
        Of the candidate library, see `symdisc._equations.parsing.make_library`.
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

    def equations(self, motion, groups):
        """Fit equations to a motion, and nothing about how well they hold.

        Parameters
        ----------
        motion : Motion
        groups : array-like of shape (n_samples,) or None

        Returns
        -------
        EquationSystem
        """
        parts, unit, library, _ = self._parts(motion, groups)
        rows = [self._sparse(*part).coefficients for part in parts]
        coefficients = np.concatenate(rows)
        return EquationSystem(coefficients * unit, library, order=self.order)

    def find(self, motion, groups, *, n_bootstrap=0, seed=None):
        """Fit the final equations.

        Parameters
        ----------
        motion : Motion
            Latents with their rates.
        groups : array-like of shape (n_samples,) or None
        n_bootstrap, seed : int
            Number of draws for the standard errors, and what determines them.

        Returns
        -------
        Found
        """
        resample = {"n_bootstrap": n_bootstrap, "random_state": seed}
        parts, unit, library, basis = self._parts(motion, groups)
        fits = [self._fit(*part, resample) for part in parts]
        coefficients, errors, scores, dense, paths = zip(*fits, strict=True)
        coefficients, scores, dense = map(np.concatenate, (coefficients, scores, dense))
        known = all(error is not None for error in errors)
        equations = EquationSystem(
            coefficients * unit,
            library,
            errors=np.concatenate(errors) * unit if known else None,
            order=self.order,
        )
        n_free = coefficients.size if basis is None else len(basis)
        path = None
        if None not in paths:
            models = [models for each in paths for models in each]
            units = zip(models, unit.ravel(), strict=True)
            path = ModelPath(equations, [[(e, w * u) for e, w in m] for m, u in units])
        return Found(equations, scores, dense, n_free, path)

    def _parts(self, motion, groups):
        """List what is fitted together: candidates, rates, groups, constraints."""
        state = np.hstack(motion.curve[: self.order]).astype(float, order="C")
        latents, rates = (motion.curve[i].astype(float, order="C") for i in (0, -1))
        library = self.library(rates.shape[1])
        features = self.features(state, library)
        basis, penalty = self._basis(library), self._penalty(library, state)
        # In units of the latents, or a rate might be zero in units of the others.
        unit = np.ones(rates.shape[1])
        if basis is None and penalty is None:
            deviation = latents.std(axis=0)
            unit = np.where(deviation > 0, deviation, 1.0)
        rows = self._rows(features, latents / unit, rates / unit, groups, motion.weak)
        parts = [(*part, basis, penalty) for part in rows]
        return parts, unit[:, None], library, basis

    def features(self, state, library):
        """Values of the candidates, checked."""
        with np.errstate(all="ignore"):
            features = library.evaluate(state)
        self._check_domain(features, library)
        return check_size(features, f"X, by degree={self.degree} and library,")

    def _rows(self, features, latents, rates, groups, weak):
        """Yield candidates, rates and trajectories of what is fitted together."""
        if weak is None:
            yield features, rates, groups
        elif not isinstance(weak, list):
            yield weak.average @ features, weak.derivative @ latents, weak.groups
        else:
            for form, latent in zip(weak, latents.T, strict=True):
                rate = form.derivative @ latent
                # What is left of a constant is rounding.
                rounding = ROUNDING * (abs(form.derivative) @ np.abs(latent))
                rate = rate * np.any(np.abs(rate) > rounding)
                yield form.average @ features, rate[:, None], form.groups

    def _sparse(self, features, rates, groups, basis, penalty):
        return fit_equations(
            features,
            rates,
            threshold="auto" if self.optimizer is not None else self.threshold,
            optimizer=self.optimizer,
            groups=groups,
            basis=basis,
            penalty=penalty,
            rcond=self.rcond,
        )

    def _fit(self, features, rates, groups, basis, penalty, resample):
        """Coefficients, their errors, R2 and adjusted R2 with all candidates."""
        fit = self._sparse(features, rates, groups, basis, penalty)
        dense = fit_equations(
            features, rates, threshold=0.0, basis=basis, rcond=self.rcond
        )
        dense = adjusted_r2(dense.scores, *features.shape, otherwise=fit.scores)
        known = {"groups": groups, "basis": basis}
        estimate = standard_errors
        if resample["n_bootstrap"] > 0:
            known, estimate = known | resample, bootstrap_errors
        errors = estimate(features, rates, fit.coefficients, **known)
        return fit.coefficients, errors, fit.scores, dense, fit.path

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
        return imposed_generators(self.algebra, len(library.symbols) // self.order)
