"""The estimators behave like scikit-learn estimators."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from conftest import GAME, no_doubts
from symdisc import LatentSINDy, LatentSymmetryDiscoverer

pytestmark = no_doubts

# The checks fit about 77 times to data without symmetry, for behaviour, not results.
TINY = [
    LatentSymmetryDiscoverer(n_components=1, max_iter=10, batch_size=16),
    LatentSymmetryDiscoverer(
        n_components=1, max_iter=10, batch_size=16, tol=1.0, **GAME
    ),
    LatentSINDy(n_components=1, max_iter=2),
    LatentSINDy(autoencoder="none"),
]


@pytest.mark.filterwarnings("ignore:y is 1-D and is ignored:UserWarning")
@pytest.mark.filterwarnings("ignore:X seems to carry noise:UserWarning")
@pytest.mark.filterwarnings("ignore:The latents lose:UserWarning")
@parametrize_with_checks(TINY)
def test_scikit_learn_checks(estimator, check):
    check(estimator)
