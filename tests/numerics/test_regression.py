"""Least squares of dependent columns, every time."""

import torch

from symdisc._numerics.features import Monomials
from symdisc._numerics.regression import regression


def test_monomials_on_a_circle_are_dependent():
    # x (x^2 + y^2) = x: the default driver of torch is wrong in some calls.
    angle = torch.arange(60, dtype=torch.float64) / 10
    circle = torch.stack([angle.cos(), angle.sin()], dim=1)
    features = Monomials(2, 3)(circle)
    for _ in range(20):
        maps = regression(features, circle)
        assert (features @ maps - circle).abs().max() < 1e-12
