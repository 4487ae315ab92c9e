"""Whether a symmetry that was found makes a better model, from few labels.

The tasks, the numbers of labels and the goals were written down before the first fit:

``two_body``  two bodies of equal mass: the state 0.4 later from the present one, 8
              columns each (`make_two_body`). so(2) turns both. It is found in 2000
              states without any label.
``pixels``    images of 20 x 20 pixels of a blob whose centre is anywhere in an annulus
              (`make_embedded`, lift "pixels"): which of three rings of equal area it is
              in. so(2) turns the image. It is found in 2000 images without labels.
``labels``    four-vectors of particles (`make_minkowski`): the height of a resonance,
              1 / (1 + ((m - 1) / 0.15)^2), a function of the mass m. so(1,3) keeps it.
              It is found in 5000 labels of another kind, light or heavy.

Labels: 50, 200, 1000; ten seeds, each with its own rows and its own discovery; 2000
rows for the test. Goals at 50 labels: a model with the symmetry found has at most half the
error of the plain network, and at most 1.1 times that of the same model with the true
symmetry. The error is the unexplained share of the variance, or for ``pixels`` the
share of wrong classes.
"""

import numpy as np

from symdisc import Block, LatentSymmetryDiscoverer
from symdisc.datasets import make_embedded, make_minkowski, make_two_body

N_LABELS = 50, 200, 1000
N_TEST = 2000
N_UNLABELLED = 2000


def two_body(seed):
    """Return labelled rows, and a discoverer with the data it is fitted to."""
    data = make_two_body(N_LABELS[-1] + N_TEST + N_UNLABELLED, 2, random_state=seed)
    X, y = data.Z[::2], data.Z[1::2]
    n = N_LABELS[-1] + N_TEST
    est = LatentSymmetryDiscoverer(
        autoencoder="none", representation=[Block(2, copies=4)], random_state=seed
    )
    return X[:n], y[:n], est, (X[n:],), data.algebra


def pixels(seed):
    """Likewise."""
    rng = np.random.default_rng(seed)
    n = N_LABELS[-1] + N_TEST
    angle = rng.uniform(0, 2 * np.pi, n + N_UNLABELLED)
    area = rng.uniform(0.25, 1, n + N_UNLABELLED)
    Z = np.sqrt(area)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    data = make_embedded({"Z": Z}, 400, lift="pixels", random_state=seed)
    y = np.digitize(area, [0.5, 0.75])
    est = LatentSymmetryDiscoverer(2, random_state=seed)
    return data.X[:n], y[:n], est, (data.X[n:],), data


def labels(seed):
    """Likewise."""
    data = make_minkowski(N_LABELS[-1] + N_TEST + 5000, random_state=seed)
    n = N_LABELS[-1] + N_TEST
    mass = np.sqrt(data.invariant(data.Z))
    y = 1 / (1 + ((mass - 1) / 0.15) ** 2)
    est = LatentSymmetryDiscoverer(
        autoencoder="none", symmetry_of="labels", random_state=seed
    )
    return data.X[:n], y[:n], est, (data.X[n:], data.y[n:]), data.algebra
