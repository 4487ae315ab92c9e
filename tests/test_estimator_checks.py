"""The estimator behaves like a scikit-learn estimator."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from symdisc import LatentSymmetryDiscoverer

# The checks fit about 77 times to data without symmetry, for behaviour, not results.
TINY = LatentSymmetryDiscoverer(
    n_components=1, max_iter=10, hidden_units=4, batch_size=16, tol=1.0
)


@pytest.mark.filterwarnings("ignore:y is 1-D and is ignored:UserWarning")
@parametrize_with_checks([TINY])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
