"""A sphere, lifted into many dimensions."""

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import validate_params

from symdisc._lie.known import known_algebra
from symdisc.datasets._lift import N_FEATURES, N_SAMPLES, polynomial_lift
from symdisc.datasets._ode import CONSTRAINTS, add_noise

_DESCR = """\
Sphere in many dimensions
-------------------------
The rows of Z are uniform on the unit sphere in R^3, and one row of X is

    x = A z + B q(z)

with orthonormal columns of A and B together and random polynomials q of degrees 2
and 3, hence A' x = z. The linear maps that keep the distribution of z are rotations
and reflections: near the identity SO(3), and no other.
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
def make_sphere(n_samples=2000, n_features=100, *, noise=0.0, random_state=None):
    """Draw points of a sphere and lift them to many dimensions.

    The points are independent: their distribution carries the symmetry, SO(3).

    Parameters
    ----------
    n_samples : int, default=2000
        Number of points.

    n_features : int or None, default=100
        Number of features, more than 3. None leaves the points in R^3.

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

        X : ndarray of shape (n_samples, n_features)
            Lifted points, one a row.
        Z : ndarray of shape (n_samples, 3)
            Points of the unit sphere.
        symmetry : str
            ``"so(3)"``.
        algebra : ndarray of shape (3, 3, 3)
            Its generators: ``Z @ expm(L).T`` is distributed as ``Z`` is.
        DESCR : str
            Description.

    Raises
    ------
    ValueError
        If ``n_features`` is too small.

    Examples
    --------
    >>> from symdisc.datasets import make_sphere
    >>> data = make_sphere(random_state=0)
    >>> data.X.shape, data.Z.shape
    ((2000, 100), (2000, 3))
    """
    rng = check_random_state(random_state)
    lift = polynomial_lift(3, n_features, rng)
    Z = rng.normal(size=(n_samples, 3))
    Z /= np.linalg.norm(Z, axis=1, keepdims=True)
    X = lift(Z)
    add_noise(X, noise, rng)
    return Bunch(
        X=X,
        Z=Z,
        symmetry="so(3)",
        algebra=known_algebra("so(3)", 3).basis,
        DESCR=_DESCR,
    )
