"""Terms of a linearised problem, chosen by marginal likelihood."""

import numpy as np

# Directions that others explain to this part are not added.
DEPENDENT = 1e-9
# Least gain that counts.
GAIN = 1e-6


def term_costs(tied, degrees, n_rows):
    """Return what each term costs, as minus twice a log probability.

    A weight costs log(n), as in the Bayesian information criterion: its prior is as
    wide as what one row says of it. What says which term it is costs its description
    [1]_: a bit that there is one more, the degree in unary code, and a number among the
    terms of that degree, which corrects for how many they are [2]_.

    Parameters
    ----------
    tied : ndarray of bool, of shape (n, n)
        Terms that may stand for each other.
    degrees : ndarray of int, of shape (n,)
    n_rows : int

    Returns
    -------
    costs : ndarray of shape (n,)

    References
    ----------
    .. [1] J. Rissanen, "A universal prior for integers and estimation by minimum
       description length", Annals of Statistics 11 (1983), 416-431.
    .. [2] J. Chen, Z. Chen, "Extended Bayesian information criteria for model selection
       with large model spaces", Biometrika 95 (2008), 759-771.
    """
    alike = tied & (degrees[:, None] == degrees)
    bits = degrees + 2 + np.log2(alike.sum(axis=1))
    return np.log(n_rows) + 2 * np.log(2) * bits


class Linearised:
    """Terms of a linear model whose weights have a normal prior of unit variance.

    Parameters
    ----------
    precision : ndarray of shape (n, n)
        Inverse covariance of all weights, the prior included.
    right : ndarray of shape (n,)
        Its product with the weights.
    costs : ndarray of shape (n,)
        Of the terms, see `term_costs`.
    """

    def __init__(self, precision, right, costs):
        self.precision, self.right, self.costs = precision, right, costs

    def odds(self, keep):
        """Return minus twice the log posterior of a subset, less a constant.

        Parameters
        ----------
        keep : sequence of int

        Returns
        -------
        float
        """
        keep = list(keep)
        right = self.right[keep]
        fit = np.linalg.solve(self.precision[np.ix_(keep, keep)], right)
        return float(self.costs[keep].sum() - right @ fit)

    def down(self):
        """Return subsets from all terms to none, the least loss first."""
        keep = list(range(len(self.right)))
        inverse = np.linalg.inv(self.precision)
        path = [tuple(keep)]
        while keep:
            weights = inverse @ self.right[keep]
            loss = weights**2 / np.diag(inverse) - self.costs[keep]
            worst = int(np.argmin(loss))
            column = inverse[:, worst]
            inverse = inverse - np.outer(column, column) / column[worst]
            inverse = np.delete(np.delete(inverse, worst, 0), worst, 1)
            keep.pop(worst)
            path.append(tuple(keep))
        return path

    def up(self):
        """Return subsets from no term to all, the largest gain first."""
        keep, path, total = [], [()], np.diag(self.precision)
        while len(keep) < len(total):
            part = self.precision[np.ix_(keep, keep)]
            table = np.column_stack([self.precision[keep], self.right[keep]])
            solved = np.linalg.solve(part, table)
            cross = self.precision[:, keep]
            left = total - np.einsum("ik,ki->i", cross, solved[:, :-1])
            rest = self.right - cross @ solved[:, -1]
            free = left > DEPENDENT * total
            free[keep] = False
            if not free.any():
                break
            gain = rest**2 / np.where(free, left, 1.0) - self.costs
            keep.append(int(np.argmax(np.where(free, gain, -np.inf))))
            path.append(tuple(sorted(keep)))
        return path

    def neighbours(self, keep, tied):
        """Return subsets one term away: one less, one more, or one for another.

        Parameters
        ----------
        keep : sequence of int
        tied : ndarray of bool, of shape (n, n)
            Terms that may stand for each other.

        Returns
        -------
        list of tuple of int
        """
        outside = sorted(set(range(len(self.right))) - set(keep))
        without = [tuple(k for k in keep if k != i) for i in keep]
        found = [*without, *((*keep, j) for j in outside)]
        found += [
            (*rest, j)
            for i, rest in zip(keep, without, strict=True)
            for j in outside
            if tied[i, j]
        ]
        return [tuple(sorted(each)) for each in found]

    def climb(self, keep, tied):
        """Change a subset by single terms as long as that makes it likelier.

        Parameters
        ----------
        keep, tied
            As of `neighbours`.

        Returns
        -------
        tuple of int
        """
        best = self.odds(keep)
        while True:
            options = self.neighbours(keep, tied)
            odds = [self.odds(option) for option in options]
            least = int(np.argmin(odds))
            if odds[least] > best - GAIN:
                return tuple(sorted(keep))
            best, keep = odds[least], options[least]
