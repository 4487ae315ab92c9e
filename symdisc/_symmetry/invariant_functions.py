"""Functions of the invariants of a candidate, beside polynomials that may break it.

Labels that a group leaves unchanged are functions of its invariants: of x.x, x.y and
y.y where two vectors turn together, three numbers instead of six. Polynomials of six
variables do not follow a sum of exponentials and sines, and what they leave looks like
a broken symmetry. Functions of the invariants follow it, and leave little to the
polynomials, whose terms are what could break the symmetry.
"""

from typing import NamedTuple

import numpy as np

from symdisc._data.splits import held_out_folds
from symdisc._lie.compact import invariant_forms
from symdisc._symmetry.function_class import FunctionClass, held_out_error

# Relative change of an invariant by a unit step, up to which it is one.
INVARIANT = 0.05
MOST_INVARIANTS = 6
# Steps that improve these, and relative singular values that count in one.
N_IMPROVED, RCOND = 10, 1e-10


class Candidate(NamedTuple):
    """Affine maps that may leave labels unchanged.

    Parameters
    ----------
    maps : ndarray of shape (c, k, k + 1)
        Of white data.
    name : str
    refuted : bool, default=False
        Whether other functions tell that labels change: those of its invariants are
        taken only where they follow the labels as closely.
    """

    maps: np.ndarray
    name: str
    refuted: bool = False


class InvariantFunctions(NamedTuple):
    """Polynomials of the data, and functions of quadratic invariants of a candidate.

    Parameters
    ----------
    polynomials : FunctionClass
        Of the data.
    of_invariants : FunctionClass
        Of the invariants, standardised.
    forms : ndarray of shape (r, k + 1, k + 1)
        Invariants as quadratic forms of (z, 1).
    shift, scale : ndarray of shape (r,)
        What standardises them.
    name : str
        Of the candidate.
    """

    polynomials: FunctionClass
    of_invariants: FunctionClass
    forms: np.ndarray
    shift: np.ndarray
    scale: np.ndarray
    name: str

    def __str__(self):
        """Name the class."""
        return f"{self.polynomials} and functions of the invariants of {self.name}"

    def n_functions(self, k):
        """Count the functions of k variables."""
        of_invariants = self.of_invariants.n_functions(len(self.forms))
        return self.polynomials.n_functions(k) + of_invariants

    def values(self, z, slopes=False):
        """Evaluate the functions at rows of white data, see `FunctionClass.values`."""
        extended = np.hstack([z, np.ones((len(z), 1))])
        pushed = np.einsum("nb,rbc->nrc", extended, self.forms)
        invariants = np.einsum("nrc,nc->nr", pushed, extended)
        invariants = (invariants - self.shift) / self.scale
        own = self.polynomials.values(z, slopes)
        further = self.of_invariants.values(invariants, slopes)
        if not slopes:
            return np.hstack([own, further])
        gradients = 2 * pushed[..., :-1] / self.scale[:, None]
        chained = further[1] @ gradients
        slopes = np.concatenate([own[1], chained], axis=1)
        return np.hstack([own[0], further[0]]), slopes


def quadratic_invariants(maps):
    """Return the quadratic forms of (z, 1) that affine maps leave unchanged.

    Parameters
    ----------
    maps : ndarray of shape (c, k, k + 1)

    Returns
    -------
    ndarray of shape (r, k + 1, k + 1)
        Without the constant.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._symmetry.invariant_functions import quadratic_invariants
    >>> forms = quadratic_invariants(np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0]]]))
    >>> len(forms), bool(np.allclose(forms[0], forms[0][0, 0] * np.diag([1, 1, 0])))
    (1, True)
    """
    forms = invariant_forms(np.pad(maps, ((0, 0), (0, 1), (0, 0))), INVARIANT)
    forms[:, -1, -1] = 0.0  # the constant is one of them
    _, sizes, kept = np.linalg.svd(forms.reshape(len(forms), -1), full_matrices=False)
    return kept[sizes > 0.5].reshape(-1, *forms.shape[1:])


def choose_invariant_class(z, v, candidate, groups, most):
    """Choose a class with functions of the invariants of a candidate.

    As in `symdisc._symmetry.function_class.choose_class`, the polynomials beside them
    are of one degree more than cross-validation takes, and of degree 3 at least.

    Parameters
    ----------
    z, v : ndarray of shape (n, k) and (n, m)
        White data and what is fitted to them.
    candidate : Candidate
    groups : array-like of shape (n,), optional
        Trajectory of each row.
    most : int
        Largest number of functions.

    Returns
    -------
    InvariantFunctions or None
        None where there are no invariants, or too many.
    """
    classes = _classes(z, candidate.maps, candidate.name, most)
    if not classes:
        return None
    folds = held_out_folds(v, groups)
    best = min(classes, key=lambda c: held_out_error(c.values(z), v, folds))
    best = _with_better_forms(best, z, v, folds)
    degree = max(best.polynomials.degree + 1, 3)
    return best._replace(polynomials=FunctionClass(degree))


def _with_better_forms(own, z, v, folds):
    """Return the class with forms of which functions follow the values more closely.

    The maps of a candidate are known about as well as the values are followed by other
    functions, and waves of an invariant magnify its error. Gauss and Newton's method.
    """
    least = held_out_error(own.values(z), v, folds)
    for _ in range(N_IMPROVED):
        better = _improved(own, z, v)
        error = held_out_error(better.values(z), v, folds)
        if not error < least:
            break
        own, least = better, error
    return own


def _improved(own, z, v):
    """Return the class after one step of its forms."""
    extended = np.hstack([z, np.ones((len(z), 1))])
    first, second = np.triu_indices(extended.shape[1])
    products = extended[:, first] * extended[:, second]
    invariants = np.einsum("nb,rbc,nc->nr", extended, own.forms, extended)
    functions = own.of_invariants.values((invariants - own.shift) / own.scale, True)
    known = np.linalg.lstsq(functions[0], v, rcond=RCOND)[0].sum(axis=1)
    steep = np.einsum("npr,p->nr", functions[1], known) / own.scale
    moved = (steep[:, :, None] * products[:, None, :]).reshape(len(z), -1)
    design = np.hstack([functions[0], moved])
    found = np.linalg.lstsq(design, v.sum(axis=1), rcond=RCOND)[0]
    changes = np.zeros(own.forms.shape)
    changes[:, first, second] = found[len(known) :].reshape(len(changes), -1)
    forms = own.forms + (changes + changes.transpose(0, 2, 1)) / 2
    invariants = np.einsum("nb,rbc,nc->nr", extended, forms, extended)
    spread = invariants.mean(axis=0), invariants.std(axis=0)
    return own._replace(forms=forms, shift=spread[0], scale=spread[1])


def _classes(z, maps, name, most):
    forms = quadratic_invariants(maps)
    if not 0 < len(forms) <= MOST_INVARIANTS:
        return []
    extended = np.hstack([z, np.ones((len(z), 1))])
    invariants = np.einsum("nb,rbc,nc->nr", extended, forms, extended, optimize=True)
    shift, scale = invariants.mean(axis=0), invariants.std(axis=0)
    parts = forms, shift, scale, name
    classes = [
        InvariantFunctions(FunctionClass(degree), functions, *parts)
        for functions in (
            *(FunctionClass(d) for d in (4, 6, 8, 12, 16)),
            *(FunctionClass(4, m) for m in (40, 80, 160)),
        )
        for degree in (1, 2, 3)
    ]
    k = z.shape[1]
    return [c for c in classes if c.n_functions(k) <= min(most, len(z) / 3)]
