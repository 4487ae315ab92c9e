"""One regression: rows, what is known or tied together, and how it is solved."""

from dataclasses import dataclass

import numpy as np

from symdisc._sindy.block_bootstrap import bootstrap_errors
from symdisc._sindy.model_selection import fit_equations
from symdisc._sindy.scoring import pooled_score
from symdisc._sindy.standard_errors import error_directions, least_squares
from symdisc._sindy.stlsq import adjusted_r2, r2

# Terms that are less than this part of a rate are left out, unless what they explain
# together matters: axes and centre of latents are those of a sample, and where these
# are a little off, exact equations have all terms. As where latents are chosen, 3e-4
# of the rates do not count.
SMALL_TERM, MATTERS = 0.1, 3e-4


def scored_equations(features, rates, varies, threshold):
    """Return the equations of latents, and how much they and all candidates explain.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_terms)
    rates : ndarray of shape (n_rows, k)
    varies : ndarray of bool, of shape (k,)
        Rates that count.
    threshold : float or "auto"
        "auto" leaves out small terms where they do not matter together, and otherwise
        those that cross-validation does.

    Returns
    -------
    coefficients : ndarray of shape (k, n_terms)
    score, most : float
        R2 of the rates.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._sindy.regression import scored_equations
    >>> z = np.random.default_rng(0).standard_normal((500, 2))
    >>> for damping in (0.001, 0.05):
    ...     rates = z @ [[-damping, 1.0], [-1.0, -damping]]
    ...     found = scored_equations(z, rates, np.array([True, True]), "auto")
    ...     print(np.count_nonzero(found[0]), round(found[1], 6))
    2 0.999999
    4 1.0
    """

    def fitted(threshold):
        table = fit_equations(features, rates, threshold=threshold).coefficients
        return table, pooled_score(r2(features, rates, table)[varies])

    automatic = threshold == "auto"
    sparse, score = fitted(SMALL_TERM if automatic else threshold)
    _, most = fitted(0.0)
    if automatic and most - score > MATTERS:
        found = fitted("auto")
        if found[1] - score > MATTERS:
            sparse, score = found
    return sparse, score, most


@dataclass
class Regression:
    """Rates of some equations on all candidates.

    Parameters
    ----------
    features : ndarray of shape (n_rows, n_terms)
    rates : ndarray of shape (n_rows, k)
    groups : array-like of shape (n_rows,) or None
    basis : ndarray of shape (n_free, k, n_terms), optional
        Coefficient matrices that the coefficients combine.
    penalty : ndarray of shape (n, k * n_terms), optional
        Rows of a penalty.
    offset : ndarray of shape (k, n_terms), optional
        Known coefficients.
    free : ndarray of bool, of shape (n_terms,), optional
        Candidates that are not known; of one equation alone.
    """

    features: np.ndarray
    rates: np.ndarray
    groups: object
    basis: np.ndarray | None = None
    penalty: np.ndarray | None = None
    offset: np.ndarray | None = None
    free: np.ndarray | None = None

    def rows(self):
        """Return candidates and rates with what is known taken off."""
        features, rates = self.features, self.rates
        if self.offset is not None:
            rates = rates - features @ self.offset.T
        if self.free is not None:
            features = features * self.free
        return features, rates

    def solve(self, **options):
        """Return sparse coefficients, and what they were chosen from.

        Parameters
        ----------
        **options
            Of `symdisc._sindy.model_selection.fit_equations`.

        Returns
        -------
        coefficients : ndarray of shape (k, n_terms)
        path : list or None
        """
        fit = fit_equations(
            *self.rows(),
            groups=self.groups,
            basis=self.basis,
            penalty=self.penalty,
            **options,
        )
        if self.offset is None:
            return fit.coefficients, fit.path
        path = fit.path and [
            [(error, weights + row) for error, weights in models]
            for models, row in zip(fit.path, self.offset, strict=True)
        ]
        return fit.coefficients + self.offset, path

    def scores(self, coefficients, rcond):
        """Return R2 of each rate, and adjusted R2 with all candidates.

        Parameters
        ----------
        coefficients : ndarray of shape (k, n_terms)
        rcond : float or None

        Returns
        -------
        scores, dense_scores : ndarray of shape (k,)
        """
        found = r2(self.features, self.rates, coefficients)
        dense = fit_equations(
            *self.rows(), threshold=0.0, basis=self.basis, rcond=rcond
        ).coefficients
        dense = dense if self.offset is None else dense + self.offset
        most = r2(self.features, self.rates, dense)
        return found, adjusted_r2(most, *self.features.shape, otherwise=found)

    def refit(self, coefficients):
        """Return least-squares coefficients of the same terms on these rows.

        Parameters
        ----------
        coefficients : ndarray of shape (k, n_terms)

        Returns
        -------
        ndarray of shape (k, n_terms)
        """
        offset = 0.0 if self.offset is None else self.offset
        return least_squares(*self.rows(), coefficients - offset, self.basis) + offset

    def error_directions(self, coefficients, n_bootstrap, seed):
        """Return a root of the covariance of what is not known, or None.

        Parameters
        ----------
        coefficients : ndarray of shape (k, n_terms)
        n_bootstrap, seed : int

        Returns
        -------
        ndarray of shape (n_directions, k, n_terms) or None
            With a bootstrap, each coefficient is one direction.
        """
        known = {"groups": self.groups, "basis": self.basis}
        found = coefficients if self.offset is None else coefficients - self.offset
        if n_bootstrap == 0:
            return error_directions(*self.rows(), found, **known)
        known |= {"n_bootstrap": n_bootstrap, "random_state": seed}
        errors = bootstrap_errors(*self.rows(), found, **known)
        kept = np.argwhere(errors)
        directions = np.zeros((len(kept), *errors.shape))
        for direction, place in zip(directions, map(tuple, kept), strict=True):
            direction[place] = errors[place]
        return directions
