"""
The Lorenz equations from 128 pixels and the clock
==================================================

A cubic map embeds twenty trajectories of the Lorenz system in 128 dimensions.
Only snapshots and their times are given. :class:`~symdisc.LatentSINDy` finds three
latent coordinates and the equations in them. No derivative is taken: integrals of the
equations over windows of time are fitted.
"""

import matplotlib.pyplot as plt

from symdisc import LatentSINDy, metrics
from symdisc.datasets import make_lorenz
from symdisc.plotting import ForecastDisplay

data = make_lorenz(n_trajectories=20, random_state=0)
model = LatentSINDy(3, random_state=0)
model.fit(data.X, t=data.t, groups=data.groups)
print(model.equations_)

# %%
# Seven terms, as Lorenz has, and his coefficients -10, -1 and -8/3 or sums of them.
# Latent coordinates are known only up to an affine map; of all of these the estimator
# takes one in which the equations have the fewest terms. There are four such forms, up
# to scales. As the truth is known here, :func:`~symdisc.metrics.equation_error` can
# look for the affine map that takes the latents to the true variables (divided by 40),
# and carry the equations along.

aligned = metrics.equation_error(model, data.equations, data.X, data.Z)
print(aligned.equations)
print("Terms that count:", aligned.n_terms)
print("Missing:", aligned.missing, "Spurious:", aligned.spurious)
print(f"Largest error of a coefficient: {aligned.max_coefficient_error:.1e}")

# %%
# Besides the seven terms of the Lorenz equations there are only terms with
# coefficients of millionths. The remaining check needs no truth: does the model
# predict new trajectories? These start from fresh states.

fresh = make_lorenz(n_trajectories=3, random_state=1)
times = fresh.t[fresh.groups == 0]
starts = fresh.X[fresh.t == 0]
forecast = model.simulate(starts, times, latent=True)
true = model.transform(fresh.X).reshape(forecast.shape)

fig, (attractor, errors) = plt.subplots(1, 2, figsize=(10, 4.5), layout="constrained")
for path in true:
    attractor.plot(*path[:, :2].T, color="0.75", linewidth=4)
for path in forecast:
    attractor.plot(*path[:, :2].T, color="black", linewidth=0.8)
attractor.set(
    title="encoded snapshots (grey), simulation (black)",
    xlabel="$z_0$",
    ylabel="$z_1$",
)
snapshots = fresh.X.reshape(len(starts), len(times), -1)
ForecastDisplay.from_estimator(model, snapshots, times, ax=errors)
plt.show()

# %%
# The error grows exponentially, as it must: the system is chaotic, and a
# forecast is as long as the coefficients are accurate.
