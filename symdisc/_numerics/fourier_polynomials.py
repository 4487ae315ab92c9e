"""Polynomials and random Fourier features of several scales, together.

A lift bends at a scale that is not known. Monomials take what is slow, and cosines of
frequencies drawn from normal distributions of several widths what is not; neither does
with few terms what both do [1]_.

References
----------
.. [1] A. Rahimi, B. Recht, "Random features for large-scale kernel machines", Advances
   in Neural Information Processing Systems 20 (2007), 1177-1184.
"""

import numpy as np
import torch

from symdisc._numerics.features import (
    FeatureMap,
    FourierMap,
    Monomials,
    affordable_degree,
)

# Widths of the distributions of frequencies, in units of white inputs.
SCALES = 0.5, 1.0, 2.0
# Rows to each cosine.
ROWS_PER_COSINE = 10


class FourierPolynomialMap(FeatureMap):
    """Monomials and cosines of white variables, combined linearly.

    Parameters
    ----------
    frequencies : tensor of shape (n_in, n_fourier)
    phases : tensor of shape (n_fourier,)
    n_out : int
    """

    def __init__(self, frequencies, phases, n_out):
        n_in, n_fourier = frequencies.shape
        monomials = Monomials(n_in, affordable_degree(n_in))
        super().__init__(len(monomials) + n_fourier, n_out, frequencies)
        self.monomials = monomials
        self.cosines = FourierMap(frequencies, phases, n_out)

    @classmethod
    def draw(cls, n_in, n_out, n_fourier, n_rows, random):
        """Draw frequencies and phases.

        Parameters
        ----------
        n_in, n_out : int
        n_fourier : int
            Most cosines; there are fewer where rows are few.
        n_rows : int
            Number of rows to fit.
        random : numpy.random.Generator

        Returns
        -------
        FourierPolynomialMap

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc._numerics.fourier_polynomials import FourierPolynomialMap
        >>> random = np.random.default_rng(0)
        >>> drawn = FourierPolynomialMap.draw(2, 5, 12, 1000, random)
        >>> len(drawn.monomials), drawn.weight.shape
        (10, torch.Size([5, 22]))
        """
        n_fourier = min(n_fourier, n_rows // ROWS_PER_COSINE)
        widths = np.resize(SCALES, n_fourier)
        frequencies = widths * random.standard_normal((n_in, n_fourier))
        phases = random.uniform(0, 2 * np.pi, n_fourier)
        return cls(torch.from_numpy(frequencies), torch.from_numpy(phases), n_out)

    def nonlinear(self, x, *rates):
        """Return products and cosines along a curve."""
        products = self.monomials.push_forward(x, *rates)
        cosines = self.cosines.nonlinear(x, *rates)
        first = 1 + x.shape[1]
        return [
            torch.cat([p[:, first:], c], dim=1)
            for p, c in zip(products, cosines, strict=True)
        ]
