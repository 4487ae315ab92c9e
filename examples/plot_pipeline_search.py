r"""
Inside a pipeline, and how many latent dimensions?
==================================================

The estimators are transformers of scikit-learn. Here sensors in different units are
scaled first, and a grid search over whole trajectories compares latent spaces of one to
three dimensions. Derivatives are taken along ``t`` after the scaling, so that the step
in front cannot make them wrong.
"""

import matplotlib.pyplot as plt
import numpy as np
import sklearn
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from symdisc import LatentSymmetryDiscoverer

# %%
# A rotation of frequency 2 at eight radii, curled into 12 dimensions, in units that
# differ by factors up to 1000.

rng = np.random.default_rng(0)
t = np.tile(np.arange(0, 3.2, 0.04), 8)
groups = np.repeat(np.arange(8), 80)
radius = np.repeat(np.linspace(1, 2, 8), 80)
phase = 2 * t + np.repeat(rng.uniform(0, 2 * np.pi, 8), 80)
Z = radius[:, None] * np.column_stack([np.cos(phase), -np.sin(phase)])
X = Z @ rng.standard_normal((2, 12)) + 0.05 * Z**3 @ rng.standard_normal((2, 12))
X *= 10.0 ** rng.uniform(-1, 2, 12)

# %%
# ``t`` and ``groups`` reach the last step by metadata routing, which scikit-learn has
# switched off by default. The score of :class:`~symdisc.LatentSymmetryDiscoverer` is
# the variance that the reconstruction explains, here of trajectories left out.
#
# A further latent dimension hardly ever makes a reconstruction worse. ``refit``
# therefore selects the smallest number whose score is within one standard deviation
# over the folds of the best.


def smallest(results):
    """Index of the first candidate that is as good as any."""
    scores, deviations = results["mean_test_score"], results["std_test_score"]
    best = np.argmax(scores)
    return int(np.argmax(scores >= scores[best] - deviations[best]))


pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("latent", LatentSymmetryDiscoverer(random_state=0)),
    ]
)
dimensions = [1, 2, 3]
search = GridSearchCV(
    pipeline,
    {"latent__n_components": dimensions},
    cv=GroupKFold(2),
    refit=smallest,
    error_score="raise",
)
with sklearn.config_context(enable_metadata_routing=True):
    search.fit(X, t=t, groups=groups)

scores = search.cv_results_["mean_test_score"]
deviations = search.cv_results_["std_test_score"]
for n, score, deviation in zip(dimensions, scores, deviations, strict=True):
    print(f"{n} latent dimensions: {score:.4f} +- {deviation:.4f}")

# %%
# Two. The best pipeline was fitted to all trajectories, and has the symmetry.

best = search.best_estimator_
print(best["latent"].lie_algebra_, best["latent"].equations_, sep="\n")

fig, (ax_score, ax_latent) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
ax_score.errorbar(dimensions, 1 - scores, deviations, marker="o", capsize=4)
ax_score.set(
    yscale="log",
    xticks=dimensions,
    xlabel="latent dimensions",
    ylabel="unexplained variance of trajectories left out",
)
for path in np.split(best.transform(X), 8):
    ax_latent.plot(*path.T)
ax_latent.set(xlabel="$z_0$", ylabel="$z_1$", aspect="equal", title="latent space")
plt.show()
