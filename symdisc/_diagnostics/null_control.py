"""Where a discovered symmetry lies among those of data without it."""

import time
import warnings
from dataclasses import dataclass
from numbers import Integral

import numpy as np
from sklearn.base import clone
from tqdm.auto import tqdm

from symdisc._data.derivatives import smooth_derivatives
from symdisc._data.trajectories import transition_pairs

SHUFFLED_LABELS = "labels permuted"
SHUFFLED_RATES = "rates permuted among the rows"
SHUFFLED_COLUMNS = "each column of X permuted on its own"


@dataclass(frozen=True)
class NullControl:
    """The same fit to data whose symmetry was destroyed.

    Parameters
    ----------
    destroyed_by : str
        How.
    name : str
        Name of the algebra of the data.
    defect : float
        Upper limit of the defects of its generators, as fitted with their number asked
        for. Noise lowers an estimate as well as it raises it, but not its limit.
    names : tuple of str
        Names of the algebras of the controls.
    defects : ndarray of shape (n_controls,)
        The same of the controls; infinite where no map could be reported.
    rank : int
        Place of the data among data and controls in the order of defects, 1 for the
        least. Where the data had no symmetry, each place would be equally likely.
    seconds : float
        How long all fits took.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import NullControl
    >>> print(NullControl("rates permuted among the rows", "so(2)", 0.01,
    ...                   ("so(2)", "R"), np.array([0.4, 0.5]), 1, 0.3))
    so(2): defect at most 0.01, rank 1 of 3
    2 controls, rates permuted among the rows: at most 0.4 to 0.5, in 0.3 s
    """

    destroyed_by: str
    name: str
    defect: float
    names: tuple
    defects: np.ndarray
    rank: int
    seconds: float

    def __repr__(self):
        """Return the text."""
        return str(self)

    def __str__(self):
        """Return two lines: the data, and the controls."""
        n = len(self.defects)
        return (
            f"{self.name}: defect at most {self.defect:.2g}, rank {self.rank} of "
            f"{n + 1}\n"
            f"{n} controls, {self.destroyed_by}: at most {self.defects.min():.2g} to "
            f"{self.defects.max():.2g}, in {self.seconds:.1f} s"
        )


def run_null_control(est, data, n_controls, random):
    """Refit an estimator to data whose symmetry is destroyed.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Fitted.
    data : Intake
        With X, y, t and groups.
    n_controls : int
    random : numpy.random.RandomState

    Returns
    -------
    NullControl
    """
    if not isinstance(n_controls, Integral) or n_controls < 1:
        raise ValueError(
            f"n_controls={n_controls!r} is no number of controls; pass an int of at "
            "least 1, for example 19."
        )
    start = time.perf_counter()
    count = max(len(est.lie_algebra_), 1)
    # Nothing is asked of the finite group.
    known = {"symmetry_of": est.symmetry_of_, "checkpoint": None, "finite_group": False}
    again = clone(est).set_params(**known)
    if est.representation is None:
        again.set_params(n_generators=count)
    if est.n_components == "auto":
        # As many generators need as many latents.
        again.set_params(n_components=est.n_components_)
    destroy, destroyed_by = _destroyer(est, data)
    rounds = tqdm(range(n_controls), "null controls", disable=not est.verbose)
    controls = (_outcome(again, *destroy(random), data) for _ in rounds)
    found = [_outcome(again, data.X, data.y, data), *controls]
    (name, *names), (defect, *defects) = zip(*found, strict=True)
    rank = 1 + sum(other <= defect for other in defects)
    seconds = time.perf_counter() - start
    return NullControl(
        destroyed_by, name, defect, tuple(names), np.array(defects), rank, seconds
    )


def _outcome(est, X, y, data):
    """Return the name and the largest limit of a defect of a fit."""
    with warnings.catch_warnings():
        # Controls are not meant to converge, and their doubts are no news.
        warnings.simplefilter("ignore")
        found = clone(est).fit(X, y, t=data.t, groups=data.groups).lie_algebra_
    return found.name, float(found.defect_upper.max()) if len(found) else np.inf


def _destroyer(est, data):
    """Return what destroys a symmetry at random, and its name."""
    X, y = data.X, data.y
    of = est.symmetry_of_
    if of == "labels":
        return lambda random: (X, random.permutation(y)), SHUFFLED_LABELS
    if of == "distribution":
        return lambda random: (_apart(X, random), y), SHUFFLED_COLUMNS
    if of == "pairs":
        _, second = transition_pairs(data.t, data.groups, len(X))
        if not len(second):
            raise ValueError("X has no rows that follow each other; pass t or groups.")
        return lambda random: (X[random.permutation(len(X))], y), "rows permuted"
    rates = y
    if rates is None:
        if data.t is None:
            raise ValueError(
                f"The symmetry is one of {of}, and its control permutes rates: pass "
                "X_dot as y, or t."
            )
        rates = smooth_derivatives(X, data.t, data.groups, method="spline")[1]
    return lambda random: (X, rates[random.permutation(len(X))]), SHUFFLED_RATES


def _apart(X, random):
    return np.column_stack([random.permutation(column) for column in X.T])
