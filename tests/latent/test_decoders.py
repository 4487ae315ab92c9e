"""The best decoder of several families, by rows that it was not fitted to."""

import numpy as np
import pytest
import torch
from small_training import problem_of

from symdisc.autoencoders._decoders import _splines, best_decoder


def bent(noise):
    """Latents, and what a polynomial does not make of them."""
    random = np.random.default_rng(0)
    z = random.uniform(-2, 2, (600, 2))
    features = np.tanh(3 * z @ random.standard_normal((2, 6)) + random.normal(size=6))
    features += noise * random.standard_normal(features.shape)
    return [torch.from_numpy(z)], problem_of([features])


def test_as_many_splines_as_options():
    curve, problem = bent(0.0)
    options = [(3, 1e-4), (5, 1e-8), (5, 1e-2)]
    found = _splines(curve, problem, options, 100)
    assert [spline.power for spline in found] == [3, 5, 5]
    assert [len(spline.centres) for spline in found] == [100] * 3
    assert not torch.equal(found[1].weight, found[2].weight)


@pytest.mark.parametrize(("noise", "expected"), [(0.0, 1e-8), (0.3, 1e-2)])
def test_splines_are_smooth_where_there_is_noise(noise, expected):
    make, (_, smoothing) = best_decoder(*bent(noise)).args
    assert make is _splines
    assert smoothing == expected
