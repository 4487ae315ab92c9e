"""What neighbours share is told from noise, whatever its tails."""

import numpy as np
import pytest

from symdisc._diagnostics.alike_residuals import alike_share


def points_and_noise(seed, n=800):
    random = np.random.default_rng(seed)
    noise = {
        "normal": random.standard_normal(n),
        "heavy": random.standard_t(2.5, n),
        "skew": random.exponential(size=n) - 1,
    }
    return random.uniform(0, 1, (n, 2)), noise


@pytest.mark.parametrize("law", ["normal", "heavy", "skew"])
def test_noise_is_seldom_alike(law):
    found = []
    for seed in range(40):
        points, noise = points_and_noise(seed)
        found.append(float(alike_share(noise[law][:, None], points)[0]))
    assert np.count_nonzero(found) <= 1


def test_a_function_with_a_few_large_values_is_alike():
    # Products of neighbours are so uneven that their mean tells nothing.
    points, noise = points_and_noise(0)
    peaks = np.exp(-np.sum((points - 0.5) ** 2, axis=1) / 2e-4)
    residuals = 10 * peaks + 0.01 * np.sin(6 * points[:, 0])
    assert alike_share(residuals[:, None], points)[0] > 0.3
    assert alike_share(noise["heavy"][:, None], points)[0] == 0
