"""Products of leading variables, beside all of them."""

import numpy as np
import pytest
import torch

from symdisc._latent.autoencoder import LinearAutoencoder
from symdisc._numerics.product_features import ProductMap


@pytest.fixture
def points():
    return torch.from_numpy(np.random.default_rng(0).standard_normal((200, 5)))


def test_modes_of_products_are_new(points):
    found = ProductMap.of_rows(points, 4, 2, 3, 3)
    (modes,) = found.nonlinear(points)
    assert modes.shape == (200, len(found)) == (200, 7)  # of degrees 2 and 3
    known = torch.nn.functional.pad(points[:, :4], (1, 0), value=1.0)
    assert (known.mT @ modes).abs().max() < 1e-10
    gram = modes.mT @ modes
    assert (gram - gram.diagonal().diag()).abs().max() < 1e-10 * gram.max()
    # The last variable is noise: nothing depends on it.
    other = points.clone()
    other[:, 4] = 0
    torch.testing.assert_close(found.nonlinear(other)[0], modes)


def test_products_that_variables_tell_are_left_out(points):
    x, y = points[:, :1], points[:, 1:2]
    full = torch.cat([x, y, x**2, x * y, y**2], dim=1)
    assert ProductMap.of_rows(full, 5, 2, 2, 2) is None
    # Where that variable is no more than noise, its product is new.
    assert len(ProductMap.of_rows(full, 4, 2, 2, 2)) == 1
    # Of ten variables there are too many.
    assert ProductMap.of_rows(points.repeat(1, 2), 10, 10, 1, 5) is None


def test_along_a_curve_they_are_differentiated(points):
    found = ProductMap.of_rows(points, 5, 3, 2, 3)
    random = torch.Generator().manual_seed(0)
    rates = torch.randn(points.shape, generator=random, dtype=torch.float64)
    h = 1e-5
    _, slope, second = found.nonlinear(points, rates, torch.zeros_like(rates))
    ahead, here, behind = (found.nonlinear(points + s * rates)[0] for s in (h, 0.0, -h))
    torch.testing.assert_close(slope, (ahead - behind) / (2 * h), atol=1e-6, rtol=1e-6)
    curved = (ahead - 2 * here + behind) / h**2
    torch.testing.assert_close(second, curved, atol=1e-3, rtol=1e-3)


def test_an_autoencoder_has_a_copy(points):
    found = ProductMap.of_rows(points, 5, 2, 2, 2)
    encoder = torch.ones(2, 5 + len(found), dtype=torch.float64)
    autoencoder = LinearAutoencoder(encoder, products=found)
    wanted = points.sum(dim=1) + found.nonlinear(points)[0].sum(dim=1)
    torch.testing.assert_close(autoencoder.encode(points)[:, 1], wanted)
    assert not found.weight.any()
