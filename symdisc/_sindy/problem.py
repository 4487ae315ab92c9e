"""From latents and their rates to equations, with or without a symmetry imposed."""

from dataclasses import dataclass, field, replace

import numpy as np
import sympy

from symdisc._data.validation import check_size
from symdisc._equations.equations import EquationSystem
from symdisc._equations.fractions import divided_library
from symdisc._equations.library import CandidateLibrary
from symdisc._equations.model_path import ModelPath
from symdisc._equations.names import column_names, input_columns
from symdisc._equations.parsing import make_library
from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.known import imposed_generators, known_algebra
from symdisc._sindy.equivariance import equivariance_matrix, equivariant_basis
from symdisc._sindy.free_constants import check_constants, directions_with_constants
from symdisc._sindy.known_terms import known_terms, without_known
from symdisc._sindy.model_selection import fit_equations
from symdisc._sindy.regression import Regression
from symdisc._sindy.standard_errors import directions_of_all
from symdisc._sindy.stlsq import sparse_regression

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
    directions : ndarray of shape (n_directions, k, n_terms) or None
        Root of the covariance of the coefficients.
    refined : Refined or None
        States that were fitted with the coefficients.
    """

    equations: EquationSystem
    scores: np.ndarray
    dense_scores: np.ndarray
    n_free: int
    path: ModelPath | None = None
    directions: np.ndarray | None = None
    refined: object = None


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
    fix : dict or None
        Known terms, see `symdisc._sindy.known_terms.known_terms`.
    inputs : tuple of int
        Variables that have no equation.
    discrete : bool
        Whether rates are the next rows of a map.
    values : dict of str to float
        Values of the constants in candidates.
    free : tuple of str
        Those that are to be found.
    denominators : tuple of sympy.Expr
        What candidates of each equation are divided by; empty where by nothing.
    unknown : bool
        Whether what is inside of candidates has not been found yet.
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
    fix: dict | None = None
    inputs: tuple = ()
    discrete: bool = False
    values: dict = field(default_factory=dict)
    free: tuple = ()
    denominators: tuple = ()
    unknown: bool = False

    @classmethod
    def of(cls, est, feature_names=None):
        """Return what a LatentSINDy looks for, with the symmetry if it is known."""
        what = est.degree, est.library, est.order
        governing = cls(*what, est.threshold, est.optimizer, est.equivariance_weight)
        governing.names = column_names(est, feature_names)
        governing.include_constant = est.include_constant
        governing.fix, governing.discrete = est.fix, est.discrete
        constants = est.constants or {}
        governing.values = {name: v for name, v in constants.items() if v is not None}
        governing.free = tuple(name for name, v in constants.items() if v is None)
        governing.unknown = bool(governing.free or est.denominator_degree)
        check_constants(est)
        governing.inputs = input_columns(est, governing.names)
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

    def library(self, dim, *, symbolic=False):
        """Candidates for `dim` latent dimensions; free constants as variables."""
        return self.candidates(dim, symbolic)[0]

    def numerators(self, dim):
        """Candidates before they are divided by anything."""
        if not self.denominators:
            return self.library(dim)
        return replace(self, denominators=(), values={}, free=()).library(dim)

    def candidates(self, dim, symbolic=False):
        """Candidates, and where those of each equation are; None where all are."""
        constants = dict(self.values)
        if symbolic:
            constants |= dict.fromkeys(self.free)
        if self.denominators:
            known = {sympy.Symbol(k): v for k, v in constants.items() if v is not None}
            return divided_library(self.numerators(dim), self.denominators, known)
        library = make_library(
            dim,
            self.degree,
            self.functions,
            self.order,
            names=self.names,
            include_constant=self.include_constant,
            constants=constants,
        )
        if self.order == 1 or not self.inputs:
            return library, None
        # How fast an input changes is another input.
        rates = {library.symbols[dim + i] for i in self.inputs}
        kept = [e for e in library.expressions if not e.free_symbols & rates]
        return CandidateLibrary(kept, library.symbols), None

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
        coefficients = np.concatenate(
            [part.solve(**self._options)[0] for part in parts]
        )
        return EquationSystem(coefficients * unit, library, **self._kind)

    def find(self, motion, groups, *, n_bootstrap=0, seed=None, refine=None):
        """Fit the final equations.

        Parameters
        ----------
        motion : Motion
            Latents with their rates.
        groups : array-like of shape (n_samples,) or None
        n_bootstrap, seed : int
            Number of draws for the standard errors, and what determines them.
        refine : callable, optional
            Maps this, the library, fields to combine, known coefficients, and those
            found by regression to a Refined or None.

        Returns
        -------
        Found
        """
        parts, unit, library, basis = self._parts(motion, groups)
        solved = [part.solve(**self._options) for part in parts]
        coefficients = np.concatenate([found for found, _ in solved]) * unit
        refined = None
        if refine is not None:
            combined = self._combined(coefficients.shape, library, basis)
            refined = refine(self, library, *combined, coefficients)
        if refined is not None:
            coefficients = refined.coefficients
            if self.free:
                constants = map(float, refined.constants)
                self.values |= dict(zip(self.free, constants, strict=True))
                parts, unit, library, basis = self._parts(motion, groups)
        pairs = list(zip(parts, _split(coefficients / unit, parts), strict=True))
        scores = [part.scores(found, self.rcond) for part, found in pairs]
        scores, dense = (np.concatenate(s) for s in zip(*scores, strict=True))
        if refined is None:
            if self.free and not (self.fix or n_bootstrap):
                drawn = directions_with_constants(self, motion, groups, pairs)
            else:
                drawn = [p.error_directions(f, n_bootstrap, seed) for p, f in pairs]
            directions = directions_of_all(drawn, unit)
        else:
            directions = refined.directions
        equations = EquationSystem(
            coefficients,
            library,
            errors=None if directions is None else np.linalg.norm(directions, axis=0),
            **self._kind,
        )
        n_free = np.sum(~self._known(library)[1]) if basis is None else len(basis)
        path = ModelPath.of(equations, [path for _, path in solved], unit)
        return Found(equations, scores, dense, n_free, path, directions, refined)

    def _combined(self, shape, library, basis):
        """Return fields whose combination is sought, and coefficients known."""
        values, known = self._known(library)
        if basis is None:
            known[list(self.inputs)] = True
            every = np.eye(values.size).reshape(-1, *shape)
            return every[~known.ravel()], values
        if self.fix:
            values, basis = without_known(basis, values, known)
        return basis, values

    def _known(self, library):
        """Coefficients that are known, and which are."""
        if self.fix:
            return known_terms(self.fix, library, self.order)
        n_equations = len(library.symbols) // self.order
        places = self.candidates(n_equations)[1]
        known = np.full((n_equations, len(library)), places is not None)
        if places is not None:
            np.put_along_axis(known, places, False, axis=1)
        return np.zeros(known.shape), known

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
        rates[:, list(self.inputs)] = 0.0
        rows = self._rows(features, latents / unit, rates / unit, groups, motion.weak)
        parts = [Regression(*part, basis, penalty) for part in rows]
        if self.fix or self.denominators:
            parts = self._with_known(parts, library, unit)
        return parts, unit[:, None], library, basis

    def _with_known(self, parts, library, unit):
        """Take off the terms that are known."""
        values, known = self._known(library)
        if parts[0].penalty is not None:
            raise ValueError(
                f"fix needs equivariance_weight=inf, got {self.equivariance_weight}: "
                "the penalty does not know what is fixed. Drop one of them."
            )
        if parts[0].basis is not None:
            field, free = without_known(parts[0].basis, values, known)
            return [replace(part, basis=free, offset=field) for part in parts]
        single = []
        for part in parts:
            for column in part.rates.T:
                i = len(single)
                row = values[i : i + 1] / unit[i]
                single.append(
                    replace(part, rates=column[:, None], offset=row, free=~known[i])
                )
        return single

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
            for i, (form, latent) in enumerate(zip(weak, latents.T, strict=True)):
                rate = form.derivative @ latent * (i not in self.inputs)
                # What is left of a constant is rounding.
                rounding = ROUNDING * (abs(form.derivative) @ np.abs(latent))
                rate = rate * np.any(np.abs(rate) > rounding)
                yield form.average @ features, rate[:, None], form.groups

    @property
    def _kind(self):
        """Which equations they are."""
        kind = {"order": self.order, "inputs": self.inputs}
        return kind | {"discrete": self.discrete}

    @property
    def _options(self):
        """How terms are chosen."""
        return {
            "threshold": "auto" if self.optimizer is not None else self.threshold,
            "optimizer": self.optimizer,
            "rcond": self.rcond,
        }

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


def _split(coefficients, parts):
    """Return the rows of coefficients that belong to each part."""
    ends = np.cumsum([part.rates.shape[1] for part in parts])
    return np.split(coefficients, ends[:-1])
