"""From latents and their rates to equations, with or without a symmetry imposed."""

from dataclasses import dataclass, field, replace

import numpy as np

from symdisc._data.validation import check_size
from symdisc._equations.candidates import candidates, with_values
from symdisc._equations.equations import EquationSystem
from symdisc._equations.model_path import ModelPath
from symdisc._equations.names import column_names, input_columns
from symdisc._lie.algebra import LieAlgebra
from symdisc._lie.known import imposed_generators, known_algebra
from symdisc._sindy.equivariance import equivariance_matrix, equivariant_basis
from symdisc._sindy.free_constants import check_constants, directions_with_constants
from symdisc._sindy.known_terms import known_terms, without_known
from symdisc._sindy.model_selection import (
    FRACTION_OF_TARGET,
    LEAST_FRACTION,
    fit_equations,
)
from symdisc._sindy.regression import Regression
from symdisc._sindy.standard_errors import directions_of_all
from symdisc._sindy.stlsq import sparse_regression

# Points at which the penalty asks for equivariance.
MAX_PENALTY_POINTS = 500
# Sums of products are off by so many times their size, at most.
ROUNDING = 1e-14


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
    constant_errors : ndarray of shape (n_free_constants,) or None
        Standard errors of constants, where these are known.
    rivals : sequence of EquationSystem
        Others nearly as likely, with other denominators.
    left_of_steps : ndarray of shape (k,) or None
        Part of the steps that solutions leave, where coefficients are fitted to these.
    """

    equations: EquationSystem
    scores: np.ndarray
    dense_scores: np.ndarray
    n_free: int
    path: ModelPath | None = None
    directions: np.ndarray | None = None
    refined: object = None
    constant_errors: np.ndarray | None = None
    rivals: tuple = ()
    left_of_steps: np.ndarray | None = None


@dataclass
class Governing:
    """What equations are looked for, and how.

    Parameters
    ----------
    degree, functions, order, names, include_constant
        Of the candidate library, see `symdisc._equations.parsing.make_library`.
    threshold, optimizer
        Of the regression, see `symdisc._sindy.model_selection.fit_equations`.
    equivariance_weight : float
        Infinity imposes the symmetry exactly.
    algebra : LieAlgebra or None
        The symmetry.
    rcond : float or None
        Of the final regression, see `symdisc._sindy.stlsq.sparse_regression`.
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
    least : float
        What is negligible of a rate where a law is exact; more in learned latents.
    unknown : bool
        Whether what is inside of candidates has not been found yet.
    support : ndarray of bool, of shape (k, n_terms), optional
        Terms that the latents were found with; others are no candidates.
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
    least: float = LEAST_FRACTION
    unknown: bool = False
    support: np.ndarray | None = None
    _candidates: dict = field(default_factory=dict, repr=False)

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
        if est.autoencoder != "none":
            governing.least = FRACTION_OF_TARGET
        governing.unknown = bool(governing.free or est.denominator_degree)
        check_constants(est)
        governing.inputs = input_columns(est, governing.names)
        if isinstance(est.symmetry, LieAlgebra):
            governing.algebra = est.symmetry
        elif est.autoencoder == "none":
            governing.name_symmetry(est.symmetry, est.n_features_in_)
        return governing

    def name_symmetry(self, symmetry, dim):
        """Take a symmetry that is known by its name."""
        if isinstance(symmetry, str) and symmetry != "discover":
            self.algebra = known_algebra(symmetry, dim)

    def settle(self, symmetry, space):
        """Take the symmetry that a space brought, or name one on its dimensions."""
        if symmetry == "discover":
            self.algebra = space.algebra if len(space.algebra) else None
        elif isinstance(symmetry, str) and self.algebra is None:
            self.algebra = known_algebra(symmetry, space.curve[0].shape[1])

    def library(self, dim):
        """Candidates for `dim` latent dimensions."""
        return with_values(self.candidates(dim)[0], self)

    def candidates(self, dim):
        """See `symdisc._equations.candidates.candidates`."""
        key = dim, self.degree, self.order, self.free, self.denominators
        if key not in self._candidates:
            self._candidates[key] = candidates(self, dim)
        return self._candidates[key]

    def undivided(self):
        """Return the same without denominators."""
        return replace(self, denominators=(), values={}, free=())

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
        parts, unit, _, _ = self._parts(motion, groups)
        found = [part.solve(**self._options)[0] for part in parts]
        coefficients = np.concatenate(found)
        library = self.library(len(coefficients))
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
            combined = self._combined(coefficients.shape, basis)
            refined = refine(self, library, *combined, coefficients)
        if refined is not None:
            coefficients = refined.coefficients
            if self.free:
                constants = map(float, refined.constants)
                self.values = self.values | dict(zip(self.free, constants, strict=True))
                parts, unit, library, basis = self._parts(motion, groups)
        pairs = list(zip(parts, _split(coefficients / unit, parts), strict=True))
        scores = [part.scores(found, self.rcond) for part, found in pairs]
        scores, dense = (np.concatenate(s) for s in zip(*scores, strict=True))
        constant_errors = None
        if refined is None:
            if self.free and not (self.fix or n_bootstrap):
                known = motion, groups, pairs
                drawn, constant_errors = directions_with_constants(self, *known)
            else:
                drawn = [p.error_directions(f, n_bootstrap, seed) for p, f in pairs]
            directions = directions_of_all(drawn, unit)
        else:
            directions = refined.directions
            constant_errors = refined.constant_errors
        library = self.library(len(coefficients))
        errors = None if directions is None else np.linalg.norm(directions, axis=0)
        equations = EquationSystem(coefficients, library, errors=errors, **self._kind)
        known = self._known(coefficients.shape)[1]
        n_free = int(np.sum(~known)) if basis is None else len(basis)
        path = ModelPath.of(equations, [path for _, path in solved], unit)
        held = scores, dense, n_free, path, directions, refined
        return Found(equations, *held, constant_errors)

    def refit(self, found, motion, groups):
        """Return least-squares coefficients of the same terms on other rows."""
        parts, unit, *_ = self._parts(motion, groups)
        pairs = zip(parts, _split(found / unit, parts), strict=True)
        return unit * np.concatenate([part.refit(row) for part, row in pairs])

    def _combined(self, shape, basis):
        """Return fields whose combination is sought, and coefficients known."""
        values, known = self._known(shape)
        if basis is None:
            known[list(self.inputs)] = True
            every = np.eye(values.size).reshape(-1, *shape)
            return every[~known.ravel()], values
        if self.fix:
            values, basis = without_known(basis, values, known)
        return basis, values

    def _known(self, shape):
        """Coefficients that are known, and which are."""
        if self.fix:
            return known_terms(self.fix, self.library(shape[0]), self.order)
        if self.support is not None:
            return np.zeros(shape), ~self.support
        places = self.candidates(shape[0])[1]
        known = np.full(shape, places is not None)
        if places is not None:
            np.put_along_axis(known, places, False, axis=1)
        return np.zeros(shape), known

    def _parts(self, motion, groups):
        """List what is fitted together: candidates, rates, groups, constraints."""
        state = np.hstack(motion.curve[: self.order]).astype(float, order="C")
        latents, rates = (motion.curve[i].astype(float, order="C") for i in (0, -1))
        library, _ = self.candidates(rates.shape[1])
        basis, penalty = self._basis(library), self._penalty(library, state)
        # In units of the latents, or a rate might be zero in units of the others.
        unit = np.ones(rates.shape[1])
        if basis is None and penalty is None:
            deviation = latents.std(axis=0)
            unit = np.where(deviation > 0, deviation, 1.0)
        rates[:, list(self.inputs)] = 0.0
        known = self.features(state, library), latents / unit, rates / unit, groups
        rows = self._rows(*known, motion.weak)
        parts = [Regression(*part, basis, penalty) for part in rows]
        if self.fix or self.denominators or self.support is not None:
            parts = self._with_known(parts, unit)
        return parts, unit[:, None], library, basis

    def _with_known(self, parts, unit):
        """Take off the terms that are known."""
        values, known = self._known((len(unit), parts[0].features.shape[1]))
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
                own = {"offset": values[i : i + 1] / unit[i], "free": ~known[i]}
                single.append(replace(part, rates=column[:, None], **own))
        return single

    def features(self, state, library):
        """Values of the candidates, checked."""
        constants = [self.values[name] for name in self.free]
        if len(library.symbols) > state.shape[1]:
            state = np.hstack([state, np.tile(constants, (len(state), 1))])
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
            "least": self.least,
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
        generators = self._generators(library)
        return equivariant_basis(library, generators, order=self.order).basis

    def _penalty(self, library, state):
        """Rows whose product with the coefficients is their lack of equivariance."""
        if not self.algebra or np.isinf(self.equivariance_weight):
            return None
        points = state[:: -(-len(state) // MAX_PENALTY_POINTS)]
        generators = self._generators(library)
        rows = equivariance_matrix(library, generators, points, order=self.order)
        return np.sqrt(self.equivariance_weight / len(points)) * rows

    def _generators(self, library):
        return imposed_generators(self.algebra, len(library.symbols) // self.order)


def _split(coefficients, parts):
    """Return the rows of coefficients that belong to each part."""
    ends = np.cumsum([part.rates.shape[1] for part in parts])
    return np.split(coefficients, ends[:-1])
