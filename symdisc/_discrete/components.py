"""Elements of finite order, where a group has continuous symmetries, too."""

import numpy as np
from scipy.linalg import expm
from scipy.optimize import least_squares

# Orders that are tried of an element of a component.
ORDERS = 2, 3, 4, 6
# Starts of the search along the continuous symmetries.
N_STARTS = 3
# Distance that counts as none: to the identity, of a matrix in white coordinates.
NONE = 1e-3


class Components:
    """The component of the identity, of a group with known generators.

    Parameters
    ----------
    generators : list of ndarray of shape (d, d)
    """

    def __init__(self, generators):
        self.generators = [g / max(np.linalg.norm(g), 1e-300) for g in generators]
        self.random = np.random.default_rng(0)

    def __len__(self):
        return len(self.generators)

    def element(self, weights):
        """Return the exponential of a combination of the generators."""
        pairs = zip(weights, self.generators, strict=True)
        return expm(sum(w * g for w, g in pairs))

    def of_order(self, matrix, order, tol):
        """Return an element of finite order in the component of a matrix, or None.

        A turn by half a circle in every plane has a logarithm of norm pi sqrt(d). Twice
        that is as far as is searched: along other directions elements run away.
        """
        longest = 2 * np.pi * np.sqrt(len(matrix))
        for attempt in range(N_STARTS):
            start = np.zeros(len(self))
            if attempt:
                start = self.random.uniform(-np.pi, np.pi, len(self))
            found = least_squares(
                lambda w: self._excess(matrix @ self.element(w), order),
                start,
                bounds=(-longest, longest),
            )
            if np.sqrt(2 * found.cost) <= tol:
                return matrix @ self.element(found.x)
        return None

    @staticmethod
    def _excess(matrix, order):
        with np.errstate(over="ignore", invalid="ignore"):
            power = np.linalg.matrix_power(matrix, order)
        return np.clip((power - np.eye(len(matrix))).ravel(), -1e6, 1e6)

    def contains(self, matrix, tol):
        """Say whether a matrix is in the component of the identity."""
        return self.of_order(matrix, 1, tol) is not None

    def representative(self, matrix, tol):
        """Return an element of the component of a matrix, of least order, or None."""
        for order in ORDERS:
            found = self.of_order(matrix, order, tol)
            if found is not None:
                return found
        return None
