"""Classes of four-vectors that only the Minkowski norm separates."""

from numbers import Real

import numpy as np
from sklearn.utils import Bunch, check_random_state
from sklearn.utils._param_validation import Interval, validate_params

from symdisc._lie.known import known_algebra
from symdisc.datasets._lift import N_SAMPLES
from symdisc.datasets._ode import CONSTRAINTS, add_noise, draw

_MASSES = (0.5, 1.5)
_THRESHOLD = 1.0

_DESCR = """\
Four-vectors of light and heavy particles
-----------------------------------------
The rows are (E, px, py, pz) = m (cosh h, sinh h n), with the mass m uniform in
[0.5, 1.5], the rapidity h between 0 and max_rapidity with a density proportional to
sinh^2 h, and the direction n uniform. The label is 1 if m > 1, which depends only on
the Minkowski norm E^2 - px^2 - py^2 - pz^2 = m^2: the Lorentz group, SO(1,3), keeps
it. The volume sinh^2 h dh dn is invariant too, so that a boost keeps the density,
except that it moves the end of the range of rapidities.

J. Yang, R. Walters, N. Dehmamy, R. Yu. Generative adversarial symmetry discovery.
arXiv:2302.00236 (2023), find this group in the tagging of top quarks, where an
event is the momenta of the particles of a jet and the label is the origin of the
jet. This is the same task with one particle and a label that is exact.
"""


@validate_params(
    {
        "n_samples": N_SAMPLES,
        "max_rapidity": [Interval(Real, 0, 10, closed="right")],
        "noise": CONSTRAINTS["noise"],
        "random_state": CONSTRAINTS["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_minkowski(n_samples=5000, *, max_rapidity=2.0, noise=0.0, random_state=None):
    r"""Draw four-vectors with a label that depends on their Minkowski norm.

    The Lorentz group SO(1,3) keeps :math:`E^2 - p_x^2 - p_y^2 - p_z^2`, and so the
    label. LieGAN [1]_ found it in the tagging of top quarks.

    Parameters
    ----------
    n_samples : int, default=5000
        Number of four-vectors.

    max_rapidity : float, default=2.0
        Largest rapidity, which is the length of the boost from rest, up to 10. By
        default momenta reach up to 3.6 masses.

    noise : float, default=0.0
        Standard deviation of Gaussian noise added to ``X``, relative to the
        standard deviation of each column. ``y`` stays exact.

    random_state : int, RandomState instance or None, default=None
        Determines the four-vectors and the noise. More of them with the same seed
        begin with the same ones.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        Dictionary-like object, with the following attributes.

        X : ndarray of shape (n_samples, 4)
            Energy and momentum, with noise.
        y : ndarray of shape (n_samples,)
            Labels: 1 for masses above 1, and 0 below.
        Z : ndarray of shape (n_samples, 4)
            Energy and momentum without noise.
        symmetry : str
            ``"so(1,3)"``.
        algebra : ndarray of shape (6, 4, 4)
            Its generators, which act on ``Z``: three boosts and three rotations.
        invariant : callable
            Maps four-vectors (n, 4) to their Minkowski norms (n,), the squares of
            the masses.
        DESCR : str
            Description with sources.

    References
    ----------
    .. [1] J. Yang, R. Walters, N. Dehmamy, R. Yu. "Generative adversarial symmetry
       discovery". arXiv:2302.00236 (2023).

    Examples
    --------
    >>> from symdisc.datasets import make_minkowski
    >>> data = make_minkowski(random_state=0)
    >>> data.X.shape
    (5000, 4)
    >>> bool(((data.invariant(data.Z) > 1) == data.y).all())
    True
    """
    rng = check_random_state(random_state)
    mass, rapidity, height, azimuth, _ = draw(
        rng,
        [_MASSES[0], 0, -1, 0, 0],
        [_MASSES[1], max_rapidity, 1, 2 * np.pi, np.sinh(max_rapidity) ** 2],
        n_samples,
        accept=lambda points: points[:, 4] < np.sinh(points[:, 1]) ** 2,
    ).T
    width = np.sqrt(1 - height**2)
    direction = [width * np.cos(azimuth), width * np.sin(azimuth), height]
    Z = (mass * np.stack([np.cosh(rapidity), *(np.sinh(rapidity) * direction)])).T
    X = Z.copy()
    add_noise(X, noise, rng)
    return Bunch(
        X=X,
        y=(mass > _THRESHOLD).astype(int),
        Z=Z,
        symmetry="so(1,3)",
        algebra=known_algebra("so(1,3)", 4).basis,
        invariant=_minkowski_norm,
        DESCR=_DESCR,
    )


def _minkowski_norm(Z):
    return np.square(Z) @ [1.0, -1.0, -1.0, -1.0]
