"""Conserved quantities, as formulas with errors."""

import numpy as np
import sympy
from sklearn.utils.validation import check_array, check_is_fitted

from symdisc._conserved.candidates import AlongMotion
from symdisc._conserved.hamiltonian import hamiltonian_of, symmetry_of
from symdisc._conserved.relations import Relations, change_of
from symdisc._conserved.search import FoundQuantity, find_conserved
from symdisc._data.derivatives import smooth_derivatives
from symdisc._data.trajectories import check_time, trajectory_slices
from symdisc._data.user_warning import warn_user
from symdisc._equations.library import CandidateLibrary, degree_of
from symdisc._equations.names import default_names
from symdisc._equations.parsing import make_library
from symdisc._equations.printing import expression_text
from symdisc._intake.intake import Demands, Samples, take_in
from symdisc._lie.discovered import EXACT
from symdisc._numerics.rounding import short_number

DIGITS = 4
# Coefficients of at least this part of the largest are as large.
EQUAL = 1 - 1e-6
# Trajectories for two halves, each with several values of a quantity.
FEWEST = 4


class ConservedQuantity:
    """A function of the state that does not change along the motion.

    Parameters
    ----------
    expression : sympy.Expr
        The function, with all digits.
    library : CandidateLibrary
        The candidates, without those that are not in it.
    coefficients : ndarray of shape (n_terms,)
    defect, defect_upper : float
    generator : ndarray of shape (k, k), optional

    Attributes
    ----------
    expression : sympy.Expr
        The function; its largest coefficient is 1.
    defect : float
        How much it changes along the motion on data that did not choose it, the largest
        of root mean squares: of the deviation from the mean of the own trajectory, and
        of the rate, by the time in which its columns move by a standard deviation, both
        relative to the standard deviation over all states; and of the rate, relative to
        those by single columns, which cancel. Fast columns say nothing of others. Of a
        linear relation among columns it is the last of these.
    defect_upper : float
        An upper limit (95 %).
    generator : ndarray of shape (k, k) or None
        The linear symmetry that the quantity generates by the Poisson bracket, where
        the system is Hamiltonian in the given columns and the quantity quadratic.
    drifts : bool
        Whether it grows, or falls, on all trajectories alike, and so is not conserved.
    """

    def __init__(
        self, expression, library, coefficients, defect, defect_upper, generator=None
    ):
        self.expression, self.library = expression, library
        self.coefficients = coefficients
        self.defect, self.defect_upper = defect, defect_upper
        self.generator, self.drifts = generator, False

    def __call__(self, z):
        """Return values at states.

        Parameters
        ----------
        z : array-like of shape (n, k)

        Returns
        -------
        ndarray of shape (n,)
        """
        z = np.asarray(z, dtype=float)
        return self.library.evaluate(z) @ self.coefficients

    def __str__(self):
        """Return the formula, with few digits, and its defect."""
        terms = zip(self.coefficients, self.library.expressions, strict=True)
        shown = sum(_short(c) * term for c, term in terms)
        return (
            f"{expression_text(shown)}: defect {_figure(self.defect)}, at most "
            f"{_figure(self.defect_upper)}"
        )

    def __repr__(self):
        return f"<ConservedQuantity: {self}>"


class ConservedQuantities(tuple):
    """Independent conserved quantities of a motion, the simplest first.

    Attributes
    ----------
    expressions : list of sympy.Expr
    hamiltonian : sympy.Expr or None
        The combination H of candidates with ``F = J grad H``, where there is one: the
        first half of the columns are positions, the others their momenta.
    nearest : ConservedQuantity or None
        Where there is none, the combination that changes least: noise makes the defect
        of a conserved quantity as large, too.
    n_trajectories : int or None
        Number of trajectories, where rows are said to belong to any.
    """

    hamiltonian = nearest = None
    n_trajectories = None

    @property
    def expressions(self):
        """The functions, as sympy expressions."""
        return [quantity.expression for quantity in self]

    def __str__(self):
        """One quantity a line."""
        if self:
            return "\n".join(map(str, self))
        least = "" if self.nearest is None else f"; the {self._least()}"
        return f"no conserved quantity{self.doubt}{least}"

    def _least(self):
        defect, upper = self.nearest.defect, self.nearest.defect_upper
        drifts = ", and it drifts" if self.nearest.drifts else ""
        return f"least defect is {_figure(defect)}, at most {_figure(upper)}{drifts}"

    @property
    def doubt(self):
        """What is said where there are too few trajectories to tell, or ""."""
        n = self.n_trajectories
        if n is None or n >= FEWEST:
            return ""
        return (
            f" found, but {n} trajector{'y is' if n == 1 else 'ies are'} too few to "
            f"tell: give {FEWEST} or more, with different values of the quantities"
        )


def conserved_quantities(
    est,
    X,
    X_dot=None,
    *,
    t=None,
    groups=None,
    library=None,
    degree=2,
    max_defect=0.05,
):
    """Find functions of the state that the motion does not change.

    h is conserved where F . grad h = 0. It is a combination of polynomials and of
    further candidates, found on one half of the trajectories (blocks of rows, where
    there is one), and kept where it changes little along the other half. As many are
    returned as have independent gradients; functions of others are not. Where there are
    none, the result is empty.

    Parameters
    ----------
    est : LatentSINDy, LatentSymmetryDiscoverer or None
        Fitted: quantities are functions of its latents z0, z1, ..., or under
        ``autoencoder="none"`` of the columns of `X`, shifted where the estimator shifts
        them. None takes the columns of `X` as they are.
    X : array-like of shape (n_samples, n_features)
        Snapshots, of several trajectories with different values of the quantities.
    X_dot : array-like of shape (n_samples, n_features), default=None
        Their time derivatives. Without them they are taken along `t`, or else from
        ``est.equations_``.
    t : array-like of shape (n_samples,) or float, default=None
        Times of the rows, or the step between them. With it rows of a trajectory are
        compared with each other.
    groups : array-like of shape (n_samples,), default=None
        Trajectory of each row.
    library : sequence, optional
        Further candidates, as `LatentSINDy` takes them: names of functions such as
        "log", expressions as text or sympy.
    degree : int, default=2
        Highest degree of the polynomials.
    max_defect : float, default=0.05
        Largest upper limit of `ConservedQuantity.defect`.

    Returns
    -------
    ConservedQuantities
        A tuple of `ConservedQuantity`. Print it.

    Raises
    ------
    ValueError
        If an argument has a bad shape or value; the message names it.

    Warns
    -----
    UserWarning
        If columns are constant or depend on each other, or if `t` or `groups` give
        fewer than 4 trajectories.

    Notes
    -----
    A linear relation among columns that holds on all rows, such as S + I + R = 1, is
    a quantity of its own where the rates satisfy it. All others are sought where
    states vary.

    Above a tenth of `max_defect` a function must not drift, either: a mean rate of the
    same sign in all trajectories (1 %) is friction, and not an error of the library.
    The method is the linear one of Kaiser, Kutz and Brunton [1]_, with the decision on
    trajectories held out.

    References
    ----------
    .. [1] E. Kaiser, J. N. Kutz, S. L. Brunton, "Discovering conservation laws from
       data for control", IEEE CDC 2018, arXiv:1811.00961.

    Examples
    --------
    Predators and prey:

    >>> import numpy as np
    >>> from symdisc import conserved_quantities
    >>> X = np.random.default_rng(0).uniform(0.5, 2.0, (500, 2))
    >>> X_dot = X * np.column_stack([1 - X[:, 1], X[:, 0] - 1])
    >>> print(conserved_quantities(None, X, X_dot, library=["log"], degree=1))
    z0 + z1 - log(z0) - log(z1): defect 0, at most 0
    """
    _check_arguments(est, degree, max_defect)
    z, v, groups, names = _states(est, X, X_dot, t, groups)
    made = make_library(z.shape[1], degree, library, names=names)
    kept = [e for e in made.expressions if e.free_symbols]
    made = CandidateLibrary(kept, made.symbols)
    relations = Relations(z, EXACT * max_defect)
    others, nearest = _other_quantities(made, z, v, relations, groups, t, max_defect)
    result = ConservedQuantities(
        [*_linear_relations(relations, v, made, max_defect), *others]
    )
    result.nearest = nearest
    if t is not None or groups is not None:
        result.n_trajectories = len(trajectory_slices(groups, len(z)))
    _warn(result, relations, made)
    if result:
        result.hamiltonian = hamiltonian_of(made, z, v)
    if result.hamiltonian is not None:
        for quantity in result:
            quantity.generator = symmetry_of(quantity.expression, made.symbols)
    return result


def _other_quantities(library, z, v, relations, groups, t, max_defect):
    if not relations.factor.shape[1]:
        return [], None
    options = {"has_order": t is not None, "small": max_defect}
    motion = AlongMotion(library, z, v, relations.factor, groups, **options)
    levels = np.array([degree_of(e) for e in library.expressions])
    stages = [np.flatnonzero(levels <= level) for level in np.unique(levels)]
    found, nearest = find_conserved(motion, stages, max_defect)
    nearest = nearest and _as_quantity(nearest, library)
    return [_as_quantity(each, library) for each in found], nearest


def _linear_relations(relations, v, library, max_defect):
    """Return relations among columns that the rates satisfy, as quantities."""
    places = [
        library.expressions.index(s) if s in library.expressions else -1
        for s in library.symbols
    ]
    if min(places) < 0:
        return []
    found = []
    for weights in relations.exact.T:
        defect, upper = change_of(weights, v)
        if upper <= max_defect:
            coefficients = np.zeros(len(library))
            coefficients[places] = weights
            each = FoundQuantity(coefficients, defect, upper)
            found.append(_as_quantity(each, library))
    return found


def _warn(result, relations, library):
    """Warn of columns that depend on each other, and of few trajectories."""
    for columns, how in (
        (relations.columns, "constant or linearly dependent"),
        (relations.near, "linearly dependent up to small differences"),
    ):
        if columns:
            named = ", ".join(library.symbols[i].name for i in columns)
            warn_user(
                f"X has columns that are {how}: {named}. What is conserved is "
                "known only up to such a relation; leave out a column of each, or "
                "give states at which they vary independently."
            )
    if result.doubt:
        warn_user(
            f"groups and t give {result.n_trajectories} of the {FEWEST} trajectories "
            "that are needed: a quantity that is constant along a trajectory is found "
            "by its different values on others. Give more trajectories, or X_dot at "
            "scattered states without groups and t."
        )


def _check_arguments(est, degree, max_defect):
    if est is not None and not hasattr(est, "_push"):
        raise TypeError(
            f"est is a {type(est).__name__}; give a fitted LatentSINDy or "
            "LatentSymmetryDiscoverer, or None to take the columns of X."
        )
    if not isinstance(degree, int | np.integer) or degree < 0:
        raise ValueError(f"degree={degree!r} must be an int >= 0; pass 2, for example.")
    if not 0 < max_defect < 1:
        raise ValueError(
            f"max_defect={max_defect!r} must be between 0 and 1; pass 0.05."
        )
    equations = getattr(est, "equations_", None)
    if equations is not None and equations.order == 2:
        raise ValueError(
            "est has equations of second order, whose states are positions and "
            "velocities: pass est=None, these as the columns of X, and t or X_dot."
        )


def _states(est, X, X_dot, t, groups):
    """Return states and rates as arrays, groups, and names of the states."""
    names = [str(name) for name in getattr(X, "columns", ())] or None
    samples = Samples(X, X_dot, t, groups)
    data = (
        take_in(samples, Demands())
        if est is None
        else est._take_in(X, X_dot, t, groups)
    )
    z = check_array(data.X, dtype=float, ensure_min_samples=10, input_name="X")
    v = None
    if data.y is not None:
        v = check_array(data.y, dtype=float, input_name="X_dot")
        if v.shape != z.shape:
            raise ValueError(
                f"X_dot has shape {v.shape}, but X has {z.shape}. Pass the time "
                "derivative of every entry of X, or None."
            )
    if est is not None:
        check_is_fitted(est)
        z, v, names = _latents(est, z, v)
    if v is None:
        z, v = _rates(est, z, check_time(data.t, data.groups, len(z)), data.groups)
    return z, v, data.groups, names


def _latents(est, X, X_dot):
    names = default_names(est.n_components_)
    if est.equations_ is not None:
        names = [symbol.name for symbol in est.equations_.library.symbols]
    if X_dot is None:
        return est._apply(est.encoder_, X), None, names
    return *est._push(est.encoder_, X, X_dot), names


def _rates(est, z, t, groups):
    if t is not None:
        return smooth_derivatives(z, t, groups, method="spline")
    equations = getattr(est, "equations_", None)
    if equations is None:
        raise ValueError(
            "X_dot and t are None, and est has no equations: nothing says how states "
            "move. Pass X_dot, or t."
        )
    return z, equations(z)


def _as_quantity(found, library):
    used = np.flatnonzero(found.coefficients)
    coefficients = found.coefficients[used]
    sizes = np.abs(coefficients)
    # Of equal ones the first, whatever rounding makes of them.
    coefficients = coefficients / coefficients[np.argmax(sizes > EQUAL * sizes.max())]
    terms = [library.expressions[i] for i in used]
    expression = sympy.Add(
        *(sympy.Float(c) * term for c, term in zip(coefficients, terms, strict=True))
    )
    own = CandidateLibrary(terms, library.symbols)
    defects = found.defect, found.upper
    quantity = ConservedQuantity(expression, own, coefficients, *defects)
    quantity.drifts = found.drifts
    return quantity


def _short(value):
    return short_number(value, DIGITS)


def _figure(value):
    # What rounding leaves of zero is zero.
    return f"{value:.2g}" if value > 1e-6 else "0"
