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
        left, rest, total = self.precision, self.right, np.diag(self.precision)
        free, path = np.ones(len(total), dtype=bool), [()]
        while (free := free & (np.diag(left) > DEPENDENT * total)).any():
            size = np.where(free, np.diag(left), 1.0)
            gain = np.where(free, rest**2 / size - self.costs, -np.inf)
            best = int(np.argmax(gain))
            column = left[:, best]
            rest = rest - column * rest[best] / column[best]
            left = left - np.outer(column, column) / column[best]
            free[best] = False
            path.append(tuple(sorted((*path[-1], best))))
        return path

    def changes(self, keep, tied):
        """Return what it does to the odds to change one term.

        Parameters
        ----------
        keep : sequence of int
        tied : ndarray of bool, of shape (n, n)
            Terms that may stand for each other.

        Returns
        -------
        changes : ndarray of shape (n_out + 1, n_in + 1)
            Less of one term (last row), one more (last column), or one for another.
        outside : ndarray of int, of shape (n_out,)
        """
        keep = np.array(keep, dtype=int)
        outside = np.setdiff1d(np.arange(len(self.right)), keep)
        inverse = np.linalg.inv(self.precision[np.ix_(keep, keep)])
        weights, own = inverse @ self.right[keep], np.diag(inverse)
        cross = self.precision[np.ix_(outside, keep)]
        shared = cross @ inverse
        total = np.diag(self.precision)[outside, None]
        # Without a term, others have more to explain, and more to explain it with.
        rest = (self.right[outside] - cross @ weights)[:, None]
        rest = np.hstack([rest + shared * (weights / own), rest])
        left = total - np.sum(cross * shared, axis=1, keepdims=True)
        left = np.hstack([left + shared**2 / own, left])
        free = (left > DEPENDENT * total) & (total > 0)
        free[:, :-1] &= tied[np.ix_(outside, keep)]
        gain = rest**2 / np.where(free, left, 1.0) - self.costs[outside, None]
        gain = np.where(free, gain, -np.inf)
        loss = np.append(weights**2 / own - self.costs[keep], 0.0)
        changes = np.vstack([loss - gain, loss])
        changes[-1, -1] = np.inf
        return changes, outside

    def climb(self, keep, tied):
        """Change a subset by single terms as long as that makes it likelier.

        Parameters
        ----------
        keep, tied
            As of `changes`.

        Returns
        -------
        tuple of int
        """
        keep, best = tuple(sorted(keep)), self.odds(keep)
        while True:
            changes, outside = self.changes(keep, tied)
            least = np.unravel_index(np.argmin(changes), changes.shape)
            other = changed(keep, outside, *least)
            # Changes of terms that nearly depend on each other are inexact.
            odds = self.odds(other)
            if not odds < best - GAIN:
                return keep
            keep, best = other, odds


def changed(keep, outside, more, less):
    """Return a subset with one term more, one less, or both.

    Parameters
    ----------
    keep, outside : sequence of int
    more, less : int
        Places of the terms in `outside` and in `keep`; past the end is none.
    """
    rest = [*keep[:less], *keep[less + 1 :]]
    return tuple(sorted([*rest, *map(int, outside[more : more + 1])]))
