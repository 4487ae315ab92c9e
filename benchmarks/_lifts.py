"""Point sets with and without a symmetry of their distribution, to be lifted.

Each function draws ``n`` points with ``seed`` and returns ``Z`` of shape (n, k) and
``algebra``, the name of all linear maps near the identity that keep the distribution,
or None. Lift them by `symdisc.datasets.make_embedded`.

Those without have none in these coordinates. In others they may: a map that stretches
enough makes a round density of any, of the square for instance by way of a Gaussian.
What is asked of a method is the coordinates of least distortion.

Run it as ``python benchmarks/_lifts.py`` to see how linear each lift of each set is.
"""

import numpy as np
from sklearn.datasets import make_swiss_roll
from sklearn.utils import Bunch

from symdisc.datasets import make_embedded, make_sphere, make_torus

LIFTS = (
    "linear",
    "sine",
    "polynomial3",
    "polynomial5",
    "tanh_quadratic",
    "perceptron2",
    "perceptron4",
    "fourier",
    "radial",
    "pixels",
)
INNER = 0.5  # radius of the hole of the annulus, whose outer radius is 1
NARROW = 0.5  # radius of the second of two rings


def sphere(n, seed):
    """Draw uniformly from the unit sphere in three dimensions."""
    return Bunch(Z=make_sphere(n, None, random_state=seed).Z, algebra="so(3)")


def torus(n, seed):
    """Draw cosine and sine of two independent uniform angles."""
    return Bunch(Z=make_torus(n, random_state=seed).Z, algebra="so(2)+so(2)")


def annulus(n, seed):
    """Draw uniformly from a disc with a hole."""
    rng = np.random.RandomState(seed)
    radius = np.sqrt(rng.uniform(INNER**2, 1, n))
    angle = rng.uniform(0, 2 * np.pi, n)
    Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    return Bunch(Z=Z, algebra="so(2)")


def two_rings(n, seed):
    """Draw from a torus whose second ring is narrower, as of two unlike bumps."""
    Z = make_torus(n, random_state=seed).Z * [1, 1, NARROW, NARROW]
    return Bunch(Z=Z, algebra="so(2)+so(2)")


def square(n, seed):
    """Draw uniformly from a square."""
    Z = np.random.RandomState(seed).uniform(-1, 1, size=(n, 2))
    return Bunch(Z=Z, algebra=None)


def clusters(n, seed):
    """Draw three Gaussian clusters that overlap, unequal in width and weight."""
    rng = np.random.RandomState(seed)
    centers = np.array([[-1.0, -0.8], [1.4, -0.4], [0.2, 1.2]])
    cluster = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    widths = np.array([0.5, 0.4, 0.3])[cluster]
    Z = centers[cluster] + widths[:, None] * rng.normal(size=(n, 2))
    return Bunch(Z=Z, algebra=None)


def swiss_roll(n, seed):
    """Draw from a rolled-up strip in three dimensions."""
    return Bunch(Z=make_swiss_roll(n, random_state=seed)[0], algebra=None)


SYMMETRIC = {
    "sphere": sphere,
    "torus": torus,
    "annulus": annulus,
    "two rings": two_rings,
}
WITHOUT = {"square": square, "clusters": clusters, "swiss roll": swiss_roll}


def main():
    """Print the linearity of each lift of strength 1 for each point set."""
    sets = SYMMETRIC | WITHOUT
    print(f"{'linearity':15s}", *(f"{name:>11s}" for name in sets))
    for lift in LIFTS:
        row = [
            make_embedded(draw(2000, 0), lift=lift, random_state=0).linearity
            for draw in sets.values()
        ]
        print(f"{lift:15s}", *(f"{linearity:11.5f}" for linearity in row))


if __name__ == "__main__":
    main()
