"""A torus, in four dimensions or lifted into many."""

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import validate_params

from symdisc.datasets._lift import N_FEATURES, N_SAMPLES, polynomial_lift
from symdisc.datasets._ode import CONSTRAINTS, add_noise

_ROTATION = np.array([[0.0, -1.0], [1.0, 0.0]])

_DESCR = """\
Torus
-----
The rows of Z are (cos a, sin a, cos b, sin b) with independent uniform angles a and
b. The linear maps that keep their distribution turn either pair of coordinates, and
may reflect or exchange the pairs: near the identity SO(2) x SO(2), and no other.

Where features are asked for, one row of X is

    x = A z + B q(z)

with orthonormal columns of A and B together and random polynomials q of degrees 2
and 3, hence A' x = z. Otherwise X is Z.
"""


@validate_params(
    {
        "n_samples": N_SAMPLES,
        "n_features": N_FEATURES,
        "noise": CONSTRAINTS["noise"],
        "random_state": CONSTRAINTS["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_torus(n_samples=2000, n_features=None, *, noise=0.0, random_state=None):
    """Draw points of a torus, in four dimensions or lifted to many.

    The points are independent: their distribution carries the symmetry,
    SO(2) x SO(2).

    Parameters
    ----------
    n_samples : int, default=2000
        Number of points.

    n_features : int or None, default=None
        Number of features, more than 4. None leaves the points in R^4.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of each column.

    random_state : int, RandomState instance or None, default=None
        Determines the map, the points and the noise. More points with the same
        seed begin with the same ones, lifted by the same map.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, n_features) or (n_samples, 4)
            Points, lifted or not, one a row.
        Z : ndarray of shape (n_samples, 4)
            Cosine and sine of both angles.
        angles : ndarray of shape (n_samples, 2)
            The angles, in [0, 2 pi).
        symmetry : str
            ``"so(2)+so(2)"``.
        algebra : ndarray of shape (2, 4, 4)
            Its generators: ``Z @ expm(L).T`` is distributed as ``Z`` is.
        DESCR : str
            Description.

    Raises
    ------
    ValueError
        If ``n_features`` is too small.

    Examples
    --------
    >>> from symdisc.datasets import make_torus
    >>> make_torus(random_state=0).X.shape
    (2000, 4)
    >>> make_torus(n_features=50, random_state=0).X.shape
    (2000, 50)
    """
    rng = check_random_state(random_state)
    lift = polynomial_lift(4, n_features, rng)
    known = turning_angles(n_samples, rng)
    X = lift(known["Z"])
    add_noise(X, noise, rng)
    return Bunch(X=X, **known, DESCR=_DESCR)


def turning_angles(n_samples, rng):
    """Draw two angles, and say how they turn.

    Parameters
    ----------
    n_samples : int
        Number of pairs.
    rng : numpy.random.RandomState
        Source of randomness.

    Returns
    -------
    known : dict
        ``angles``, ``Z``, ``symmetry`` and ``algebra`` as of `make_torus`.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc.datasets._torus import turning_angles
    >>> turning_angles(5, np.random.RandomState(0))["Z"].shape
    (5, 4)
    """
    angles = rng.uniform(0, 2 * np.pi, size=(n_samples, 2))
    circles = np.stack([np.cos(angles), np.sin(angles)], axis=2)
    return {
        "angles": angles,
        "Z": circles.reshape(n_samples, 4),
        "symmetry": "so(2)+so(2)",
        "algebra": np.stack([np.kron(np.diag(pair), _ROTATION) for pair in np.eye(2)]),
    }
