"""Limits of a norm that is seen with noise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symdisc._numerics.norm_bounds import Spread, squared_norm_bound


@pytest.mark.parametrize(
    ("decay", "size"),
    [
        *((1.0, size) for size in (0.0, 0.5, 2.0, 10.0)),
        *((0.5, size) for size in (0.0, 10.0)),
        *(pytest.param(0.5, size, marks=pytest.mark.slow) for size in (0.5, 2.0)),
    ],
)
def test_limits_hold_along_the_noisiest_direction(size, decay):
    rng = np.random.default_rng(0)
    deviations = decay ** np.arange(20)
    spread = Spread.of(np.diag(deviations**2))
    upper = lower = 0
    for _ in range(400):
        vector = size * np.eye(20)[0] + deviations * rng.standard_normal(20)
        observed = float(vector @ vector)
        upper += squared_norm_bound(observed, spread, 1e9, 0.05) >= size**2
        limit = squared_norm_bound(observed, spread, 1e9, 0.05, upper=False)
        lower += limit <= size**2
    assert upper >= 0.92 * 400
    assert lower >= 0.92 * 400


@settings(max_examples=50, deadline=None)
@given(
    observed=st.floats(0, 100),
    trace=st.floats(1e-6, 10),
    top=st.floats(0.01, 1),
    dof=st.integers(1, 1000),
)
def test_limits_enclose_what_is_seen_beyond_the_noise(observed, trace, top, dof):
    spread = Spread(trace, top * trace**2, top * trace)
    upper = squared_norm_bound(observed, spread, dof, 0.05)
    lower = squared_norm_bound(observed, spread, dof, 0.05, upper=False)
    assert 0 <= lower <= upper
    assert lower <= observed
    tighter = squared_norm_bound(observed, spread, dof, 0.2)
    assert tighter <= upper * (1 + 1e-9)
