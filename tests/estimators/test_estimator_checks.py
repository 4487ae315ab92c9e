"""The estimators behave like scikit-learn estimators."""

import pytest
from conftest import GAME, no_doubts
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.utils.estimator_checks import parametrize_with_checks

from symdisc import (
    AugmentedClassifier,
    AugmentedRegressor,
    EquivariantRegressor,
    InvariantClassifier,
    InvariantFeatures,
    LatentSINDy,
    LatentSymmetryDiscoverer,
)

pytestmark = no_doubts

# The checks fit about 77 times to data without symmetry, for behaviour, not results.
TINY = [
    LatentSymmetryDiscoverer(n_components=1, max_iter=10, batch_size=16),
    LatentSymmetryDiscoverer(
        n_components=1, max_iter=10, batch_size=16, tol=1.0, **GAME
    ),
    LatentSINDy(n_components=1, degree=1),
    LatentSINDy(autoencoder="none", degree=1, refine="none"),
    AugmentedRegressor(Ridge(), symmetry="so(2)"),
    AugmentedClassifier(LogisticRegression(), symmetry="so(2)"),
    EquivariantRegressor("so(2)", max_iter=10, n_channels=4),
    InvariantClassifier("so(2)", max_iter=10, n_channels=4),
    InvariantFeatures("so(2)"),
]


@pytest.mark.filterwarnings("ignore:y is 1-D and is ignored:UserWarning")
@pytest.mark.filterwarnings("ignore:X seems to carry noise:UserWarning")
@pytest.mark.filterwarnings("ignore:The latents lose:UserWarning")
@parametrize_with_checks(TINY)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:y is 1-D and is ignored:UserWarning")
@pytest.mark.filterwarnings("ignore:X seems to carry noise:UserWarning")
@pytest.mark.filterwarnings("ignore:The latents lose:UserWarning")
@parametrize_with_checks(
    [
        LatentSINDy(autoencoder="none"),
        LatentSINDy(autoencoder="none", degree=1),
        LatentSINDy(n_components=1),
    ],
)
def test_scikit_learn_checks_by_default(estimator, check):
    check(estimator)
