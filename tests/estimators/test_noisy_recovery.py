"""Equations from times and noisy snapshots, in coordinates where they are known."""

from functools import cache

import numpy as np
import pytest
from conftest import first_of
from numpy.testing import assert_allclose

from symdisc import LatentSINDy
from symdisc.datasets import make_lotka_volterra, make_pendulum

NOISE = 0.05


@cache
def observe(system, seed):
    """Noisy snapshots, and the candidates that the truth is to be found among."""
    if system == "pendulum":
        data = make_pendulum(4, noise=NOISE, random_state=seed)
        return data, {"degree": 3, "library": ["sin", "cos"]}
    data = make_lotka_volterra(10, coordinates=system, noise=NOISE, random_state=seed)
    if system == "population":
        return data, {"degree": 3}
    return data, {"degree": 2, "library": ["exp"]}


@pytest.mark.parametrize("seed", first_of(range(3)))
@pytest.mark.parametrize("differentiation", ["savgol", "spline", "weak"])
@pytest.mark.parametrize("system", ["canonical", "population", "pendulum"])
def test_terms_and_coefficients(system, differentiation, seed):
    data, candidates = observe(system, seed)
    est = LatentSINDy(
        autoencoder="none",
        threshold="auto",
        differentiation=differentiation,
        **candidates,
    ).fit(data.X, t=data.t, groups=data.groups)
    truth = np.zeros_like(est.coefficients_)
    names = data.equations.library.names
    columns = [est.library_.names.index(name) for name in names]
    truth[:, columns] = data.equations.coefficients
    assert ((est.coefficients_ != 0) == (truth != 0)).all()
    assert_allclose(est.coefficients_, truth, rtol=0.05)


@pytest.mark.parametrize("seed", first_of(range(3)))
def test_simulation_from_noisy_data_keeps_the_truth_course(seed):
    data, candidates = observe("canonical", seed)
    est = LatentSINDy(
        autoencoder="none", threshold="auto", differentiation="spline", **candidates
    ).fit(data.X, t=data.t, groups=data.groups)
    first = data.groups == 0
    path = est.simulate(data.Z[first][0], data.t[first])
    # Three periods; the noise is five times as large.
    assert np.abs(path - data.Z[first]).max() < 0.1 * data.Z[first].std()
