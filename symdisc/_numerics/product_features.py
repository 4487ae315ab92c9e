"""Products of the leading variables, beside all of them, combined linearly.

A lift of few features, or of local ones, has no linear left inverse. Low polynomials of
its leading modes come nearer to one.
"""

import torch

from symdisc._numerics.features import FeatureMap, Monomials, affordable_degree
from symdisc._numerics.regression import regression

# Products that the variables tell, but for less than this, say nothing new.
FAINT = 1e-4


class ProductMap(FeatureMap):
    """Constant, linear part and modes of products, combined linearly.

    Parameters
    ----------
    monomials : Monomials
        Of the leading variables.
    basis : tensor of shape (n_products, n_modes)
        Modes of the products, in the order of `monomials`, without those of degree 0
        and 1.
    known : tensor of shape (1 + n_in, n_modes)
        What constant and variables tell of the modes; it is subtracted.
    n_out : int
    """

    def __init__(self, monomials, basis, known, n_out):
        super().__init__(len(known) + basis.shape[1], n_out, basis)
        self.monomials = monomials
        self.register_buffer("basis", basis.clone())
        self.register_buffer("known", known.clone())

    @classmethod
    @torch.no_grad()
    def of_rows(cls, points, n_known, n_leading, n_out, highest):
        """Return the map whose modes are those of some rows, with weights of zero.

        Parameters
        ----------
        points : tensor of shape (n, n_in)
            White.
        n_known : int
            Number of the variables that are not noise.
        n_leading : int
            Number of the variables that are multiplied.
        n_out : int
        highest : int
            Highest degree of the products; lower where there would be many.

        Returns
        -------
        ProductMap or None
            None where the variables tell all of them, or there would be too many.

        Examples
        --------
        >>> import torch
        >>> from symdisc._numerics.product_features import ProductMap
        >>> x = torch.linspace(-1, 1, 20, dtype=torch.float64)
        >>> points = torch.stack([x, x**2], dim=1)
        >>> found = ProductMap.of_rows(points, 2, 1, 1, 3)  # x**3 is new
        >>> len(found.monomials), found.basis.shape
        (4, torch.Size([2, 1]))
        >>> ProductMap.of_rows(points, 2, 1, 1, 2) is None
        True
        """
        degree = affordable_degree(n_leading, highest)
        if degree < 2:
            return None
        monomials = Monomials(n_leading, degree)
        products = monomials(points[:, :n_leading])[:, 1 + n_leading :]
        size = products.std(dim=0, correction=0).clamp_min(1e-300)
        variables = torch.nn.functional.pad(points[:, :n_known], (1, 0), value=1.0)
        known = regression(variables, products / size)
        left = products / size - variables @ known
        _, sizes, modes = torch.linalg.svd(left / len(left) ** 0.5, full_matrices=False)
        modes = modes[sizes > FAINT].mT
        if not modes.shape[1]:
            return None
        further = points.shape[1] - n_known
        known = torch.nn.functional.pad(known @ modes, (0, 0, 0, further))
        return cls(monomials, modes / size[:, None], known, n_out)

    def __len__(self):
        """Return the number of modes of products."""
        return self.basis.shape[1]

    def nonlinear(self, x, *rates):
        """Return the modes of the products along a curve: (n, n_modes) each."""
        n = self.monomials.n_variables
        images = self.monomials.push_forward(*(part[:, :n] for part in (x, *rates)))
        products = [image[:, 1 + n :] @ self.basis for image in images]
        products[0] = products[0] - self.known[0]
        return [
            product - part @ self.known[1:]
            for product, part in zip(products, (x, *rates), strict=True)
        ]
