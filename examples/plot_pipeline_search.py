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
# A rotation of frequency 2 at eight radii, curled into 12 dimensions, in units that differ
# by factors up to 1000.

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
# switched off by default. The score of :class:`~symdisc.LatentSymmetryDiscoverer` is the
# variance that the reconstruction explains, here of trajectories left out.

sklearn.set_config(enable_metadata_routing=True)
pipeline = Pipeline(
    [
        ("scale", StandardScaler()),
        ("latent", LatentSymmetryDiscoverer(max_iter=400, tol=0.1, random_state=0)),
    ]
)
search = GridSearchCV(
    pipeline, {"latent__n_components": [1, 2, 3]}, cv=GroupKFold(4), error_score="raise"
)
search.fit(X, t=t, groups=groups)
sklearn.set_config(enable_metadata_routing=False)

scores = search.cv_results_["mean_test_score"]
spread = search.cv_results_["std_test_score"]
for n, score, deviation in zip([1, 2, 3], scores, spread, strict=True):
    print(f"{n} latent dimensions: {score:.4f} +- {deviation:.4f}")

# %%
# Scores alone do not choose: a latent dimension more never hurts the reconstruction
# much. The smallest number that is not clearly worse is two.

best = pipeline.set_params(latent__n_components=2)
best.fit(X, latent__t=t, latent__groups=groups)
print(best[-1].lie_algebra_, best[-1].equations_, sep="\n")

fig, (ax_score, ax_latent) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
ax_score.errorbar([1, 2, 3], 1 - scores, spread, marker="o", capsize=4)
ax_score.set(
    yscale="log",
    xticks=[1, 2, 3],
    xlabel="latent dimensions",
    ylabel="unexplained variance of trajectories left out",
)
for path in np.split(best.transform(X), 8):
    ax_latent.plot(*path.T)
ax_latent.set(xlabel="$z_0$", ylabel="$z_1$", aspect="equal", title="latent space")
plt.show()
