"""
Symmetry and equations of a rotating spiral wave
================================================

Given are 5000 images of a spiral wave, 100 x 100 pixels each, and their time
derivatives. :class:`~symdisc.LatentSymmetryDiscoverer` learns two latent coordinates
of the images, a Lie group that acts linearly on them as a symmetry, and the equations
of motion that they obey. The truth is known: the group is SO(2), and the spiral turns
at the angular frequency omega that the simulation reports.

The figure follows Fig. 2 of `Yang et al. 2023 <https://arxiv.org/abs/2310.00105>`_. It
is saved as ``reaction_diffusion.png``, or under the name given as first argument.
"""

import sys
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np

from symdisc import LatentSymmetryDiscoverer
from symdisc.datasets import cached, make_reaction_diffusion
from symdisc.plotting import GeneratorDisplay

# %%
# Data
# ----
# The first call simulates; later ones read what it left in the user's cache directory.

verbose = sys.stderr.isatty()
data = cached(make_reaction_diffusion, n_steps=5000, verbose=verbose)

# %%
# Discovery
# ---------

est = LatentSymmetryDiscoverer(n_components=2, random_state=0, verbose=verbose)
start = perf_counter()
est.fit(data.X, data.X_dot)
seconds = perf_counter() - start

# %%
# Exchanging the latent axes or reflecting one changes the sign of both terms, so the
# truth is known up to that.

dz0, dz1 = str(est.equations_).splitlines()
print(f"""
Found in {seconds:.0f} s
  symmetry              {est.lie_algebra_}
  equations             {dz0}
                        {dz1}
  reconstruction error  {est.reconstruction_error_:.3%} of the variance
Truth
  symmetry              {data.symmetry}
  equations             dz0/dt = omega*z1
                        dz1/dt = -omega*z0, or both signs changed
  omega                 {data.omega:.4f}
""")

# %%
# Figure
# ------

fig, (ax_true, ax_decoded, ax_latent, ax_generator) = plt.subplots(
    1, 4, figsize=(14, 4), width_ratios=[1, 1, 1.5, 1], layout="constrained"
)

# (a) A snapshot, and what is left of it after a passage through the latent space.

Z = est.transform(data.X)
row = 1000
images = {
    ax_true: data.X[row],
    ax_decoded: est.inverse_transform(Z[row : row + 1]),
}
limit = np.abs(data.X[row]).max()
for ax, pixels in images.items():
    shown = ax.imshow(
        pixels.reshape(len(data.grid), -1),
        extent=(-10, 10, -10, 10),
        origin="lower",
        cmap="cividis",
        vmin=-limit,
        vmax=limit,
    )
    ax.set_xlabel("x (dimensionless)")
ax_true.set(title=f"(a) Snapshot, t = {data.t[row]:g}", ylabel="y (dimensionless)")
ax_decoded.set_title("decoded from z")
ax_decoded.tick_params(labelleft=False)
fig.colorbar(
    shown,
    ax=[ax_true, ax_decoded],
    location="bottom",
    aspect=40,
    label="masked u (dimensionless)",
)

# (b) A short stretch of the latent trajectory, moved by group elements exp(theta L),
# over the whole trajectory in grey: it spirals inwards as the wave drifts.

ax_latent.plot(*Z.T, color="0.85", linewidth=0.6)
stretch = Z[120:145]
angles = np.arange(4) * np.pi / 2
names = [r"$\theta = 0$", r"$\theta = \pi/2$", r"$\theta = \pi$", r"$\theta = 3\pi/2$"]
elements = est.lie_algebra_.group_element(angles[:, None])
colors = ["black", *plt.cm.viridis([0.1, 0.4, 0.65])]
for element, name, color in zip(elements, names, colors, strict=True):
    moved = stretch @ element.T
    ax_latent.plot(*moved[:-2].T, color=color, linewidth=3)
    ax_latent.annotate(
        "",
        moved[-1],
        moved[-4],
        arrowprops={"color": color, "width": 0, "headwidth": 10, "shrink": 0},
    )
    x, y = 1.25 * moved[12]
    side = "center" if abs(x) < 1 else "left" if x > 0 else "right"
    ax_latent.text(x, y, name, color=color, ha=side, va="bottom" if y > 0 else "top")
ax_latent.set(
    title=r"(b) Trajectory moved by $\exp(\theta L)$",
    xlabel="$z_0$ (standard deviations)",
    ylabel="$z_1$ (standard deviations)",
    aspect="equal",
    xlim=(-4.2, 4.2),
    ylim=(-4.2, 4.2),
)

# (c) The generator. Antisymmetric with entries -1 and 1: a rotation.

GeneratorDisplay.from_estimator(est, ax=ax_generator)
ax_generator.set_title(f"(c) Generator of {est.lie_algebra_.name}")

path = sys.argv[1] if len(sys.argv) > 1 else "reaction_diffusion.png"
fig.savefig(path, dpi=150)
print(f"The figure is in {path}")
if fig.canvas.required_interactive_framework:
    plt.show()
