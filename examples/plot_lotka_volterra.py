r"""
Predators and prey: a hidden rotation
=====================================

In the logarithms of both populations, orbits of the Lotka-Volterra system are closed
but not round, and no *linear* group maps them to each other. In suitable nonlinear
coordinates they become circles: a shift along the orbits is then a rotation.
:class:`~symdisc.LatentSymmetryDiscoverer` transforms a planar motion to such
coordinates, a rotation-equivariant normal form, if they exist.
"""

import matplotlib.pyplot as plt
import numpy as np

from symdisc import LatentSINDy, LatentSymmetryDiscoverer, metrics
from symdisc.datasets import make_lotka_volterra

data = make_lotka_volterra(10, 300, dt=0.05, random_state=0)
est = LatentSymmetryDiscoverer(2, random_state=0)
est.fit(data.X, data.X_dot)
print(est.lie_algebra_)

# %%
# The symmetry is conditional: it holds in the normal form. The rotation is meaningful
# only if its orbits are those of the system. Each orbit has to conserve the energy H,
# which the method does not use.

moved = np.stack([est.act(data.X, angle) for angle in np.arange(1, 6)])
drift = metrics.orbit_drift([data.energy(x) for x in moved], data.energy(data.X))
print(f"Change of H, over its standard deviation: {drift:.1e}")

# %%
# The equations *in these latents* are less accurate: the frequency depends on the
# radius, which polynomials of degree 2 do not describe well.

print(est.equations_, f"R2: {est.equation_score_:.4f}", sep="\n")

# %%
# In the logarithms themselves, with exponentials among the candidates, they are exact.

exact = LatentSINDy(autoencoder="none", degree=1, library=["exp"])
print(exact.fit(data.X, t=data.t, groups=data.groups).equations_)

# %%
# Left: orbits of the group, decoded from the latent space, on those of the system.
# Right: the same in the latent space.

fig, (ax_log, ax_latent) = plt.subplots(1, 2, figsize=(10, 4.8), layout="constrained")
for row in range(0, len(data.X), 300):
    path = data.X[row : row + 300]
    orbit = est.orbit(path[0], np.linspace(0, 2 * np.pi, 200))
    for ax, points, circle in (
        (ax_log, path, orbit),
        (ax_latent, est.transform(path), est.transform(orbit)),
    ):
        ax.plot(*points.T, color="0.75", linewidth=4)
        ax.plot(*circle.T, color="black", linewidth=0.8)
ax_log.set(xlabel="log of prey", ylabel="log of predators")
ax_log.set_title("trajectories (grey), orbits of the group (black)")
ax_latent.set(xlabel="$z_0$", ylabel="$z_1$", aspect="equal", title="latent space")
plt.show()
