"""Known terms stay as they are, and the others are found."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from symdisc import LatentSINDy, load

T = np.linspace(0, 20, 400)
OMEGA = 2.0
SPIRAL = np.exp(-0.1 * T)[:, None] * np.column_stack(
    [np.cos(OMEGA * T), -np.sin(OMEGA * T)]
)


def fit(**options):
    return LatentSINDy(autoencoder="none", **options).fit(SPIRAL, t=T)


@pytest.mark.parametrize("way", ["auto", "weak", "spline"])
@pytest.mark.parametrize("name", ["dz0/dt", "z0"])
def test_a_known_term(way, name):
    est = fit(fix={name: "2*z1"}, differentiation=way)
    assert est.coefficients_[0, 2] == pytest.approx(2.0, rel=1e-15)
    assert_allclose(est.coefficients_[:, 1:3], [[-0.1, 2], [-2, -0.1]], atol=1e-3)
    assert est.complexity_ == 4
    assert est.equations_.errors[0, 2] == 0
    assert (est.equations_.errors[1, 1:3] > 0).all()
    assert est.equation_score_ > 0.9999


def test_a_wrong_term_is_kept_and_shows():
    with pytest.warns(UserWarning, match="do not explain"):
        est = fit(fix={"z0": "3*z1"}, degree=1, include_constant=False)
    assert est.coefficients_[0, 1] == pytest.approx(3, rel=1e-15)
    assert est.equation_scores_[0] < 0.9 < est.equation_scores_[1]


def test_with_a_symmetry():
    est = fit(fix={"dz0/dt": "2*z1"}, symmetry="so(2)", degree=1)
    assert est.coefficients_[1, 1] == pytest.approx(-2, rel=1e-12)
    assert_allclose(np.diag(est.coefficients_[:, 1:3]), -0.1, atol=1e-3)
    with pytest.raises(ValueError, match="no equation with this symmetry"):
        fit(fix={"z0": "2*z1", "z1": "2*z0"}, symmetry="so(2)")


def test_second_order_and_names(tmp_path):
    t = np.linspace(0, 10, 300)
    X = np.column_stack([np.exp(-0.1 * t) * np.cos(2 * t)])
    est = LatentSINDy(
        autoencoder="none", order=2, degree=1, fix={"angle": "-4.01*angle"}
    ).fit(X, t=t, feature_names=["angle"])
    assert str(est.equations_) == "d2angle/dt2 = -4.01*angle - 0.2*angle_dot"
    est.save(tmp_path / "model")
    assert load(tmp_path / "model").fix == est.fix


@pytest.mark.parametrize(
    ("fix", "message"),
    [
        ({"z0": "2*+/z1"}, r"fix\['z0'\] contains .*, which is not a formula"),
        ({"z0": {"z1": 2}}, r"fix\['z0'\] is {'z1': 2}; pass a formula as text"),
        ({"dx/dt": "z0"}, r"'dx/dt', which is no equation; .*'dz0/dt', 'dz1/dt'"),
        ({"z0": "z1**3"}, r"fix\['z0'\] has the term z1\*\*3, which is no candidate"),
    ],
)
def test_bad_terms(fix, message):
    with pytest.raises(ValueError, match=message):
        fit(fix=fix)
