import gc
import os

# Tests are small: a second thread costs them more than it saves.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pytest

from symdisc import LatentSymmetryDiscoverer

# Adversaries, of one generator.
GAME = {"n_generators": 1, "solver": "adversarial"}


class NoCollection:
    """Keeps the garbage collector off during doctests, those of the package too.

    doctest walks through linecache, of which sympy takes its lambdified functions
    when they are collected. In Python before 3.13 that ends the walk with a KeyError.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item):
        if not isinstance(item, pytest.DoctestItem):
            return (yield)
        gc.disable()
        try:
            return (yield)
        finally:
            gc.enable()


def pytest_configure(config):
    config.pluginmanager.register(NoCollection())


def first_of(values):
    """Return parameters of which the first is in the default suite, others slow.

    Tuples are values of several parameters.
    """
    first, *others = values
    others = (other if isinstance(other, tuple) else (other,) for other in others)
    return [first, *(pytest.param(*other, marks=pytest.mark.slow) for other in others)]


def embedded_rotation(random_state, n_samples=1500, n_features=30, frequency=2.0):
    """Lift a rotation in the plane nonlinearly into many dimensions.

    Returns X, X_dot, the planar truth Z and the angular frequency. The symmetry is
    so(2); the equations are dz0/dt = frequency * z1, dz1/dt = -frequency * z0.
    """
    rng = np.random.default_rng(random_state)
    angle = rng.uniform(0, 2 * np.pi, n_samples)
    radius = rng.uniform(1, 2, n_samples)
    Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    Z_dot = frequency * Z @ np.array([[0.0, -1.0], [1.0, 0.0]])
    linear = rng.standard_normal((2, n_features))
    cubic = 0.05 * rng.standard_normal((2, n_features))
    X = Z @ linear + Z**3 @ cubic
    X_dot = Z_dot @ linear + (3 * Z**2 * Z_dot) @ cubic
    return X, X_dot, Z, frequency


@pytest.fixture(scope="session")
def rotation():
    return embedded_rotation(0)


@pytest.fixture(scope="session")
def fitted_rotation():
    """Return the discoverer with its defaults, fitted to the rotation."""
    X, X_dot, *_ = embedded_rotation(0)
    return LatentSymmetryDiscoverer(random_state=0).fit(X, X_dot)


# Tests of other things than equations fit them to what does not determine them.
DOUBTS = "|".join(
    [
        "Candidates depend",
        "The candidates do not",
        r"X has \d+ rows for",
        r"\d+ of \d+ candidates",
        "The step of t",
        "threshold=.* drops terms",
        "The rows look like",
        "y is zero in every row",
        ".* has an (outlier|offset)",
        ".* jumps at row",
        ".* moves in .* steps",
        ".* rows between outliers",
        "No motion under these candidates",
        "Other terms than those",
        "The latents lose",
        r"The equations have \d+ of",
    ]
)
no_doubts = pytest.mark.filterwarnings(f"ignore:({DOUBTS})")
