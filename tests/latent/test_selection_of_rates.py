"""Spaces whose rates differ by no more than chance are equally good."""

import numpy as np
import pytest

from symdisc._latent.latent_model import LatentModel


def model(errors_of_blocks):
    blocks = np.asarray(errors_of_blocks, dtype=float)
    mean, n = blocks.mean(), len(blocks)
    deviations = (blocks - mean) / n
    error = np.sqrt(n / (n - 1) * np.sum(deviations**2))
    return LatentModel(
        None,
        None,
        errors={"x_dot": mean},
        standard_errors={"x_dot": error},
        deviations=deviations,
    )


@pytest.mark.parametrize(
    ("others", "good"),
    [
        ([0.02] * 10, False),  # worse everywhere
        ([0.01] * 8 + [0.2, 0.005], True),  # worse in one block of ten
        ([0.01, 0.03] * 5, False),  # worse by more than one standard error
        ([0.0101] * 10, True),  # worse by less than what is negligible
    ],
)
def test_a_difference_counts_beside_its_own_standard_error(others, good):
    best = model([0.01] * 10)
    assert bool(model(others).moves_as_well(best, 3e-4)) == good
