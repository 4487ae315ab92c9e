r"""
The angle of a pendulum from its movie
======================================

Each snapshot is an image of 25 x 25 pixels of a swinging bob. A single image does not
show the velocity, so the equation has to be of second order, and the angle is a curved
function of the pixels. :class:`~symdisc.LatentSINDy` with ``order=2`` finds both the
coordinate and :math:`\ddot z = -\sin z`.

First and second time derivatives of the images are given (the simulation knows them
exactly). Candidates are 1, :math:`z`, :math:`\dot z` and :math:`\sin z`.
"""

import matplotlib.pyplot as plt
import numpy as np

from symdisc import LatentSINDy
from symdisc.datasets import make_pendulum

movie = make_pendulum(10, 100, dt=0.06, as_movie=True, n_grid=25, random_state=0)
model = LatentSINDy(1, order=2, degree=1, library=["sin"], random_state=0)
model.fit(movie.X, np.hstack([movie.X_dot, movie.X_ddot]), groups=movie.groups)
print(model.equations_)
print(f"R2 of the accelerations: {model.equation_score_:.6f}")
print("Unexplained on held-out rows:", model.errors_)

# %%
# The latent coordinate turns out to be the angle itself, up to its sign: with
# :math:`\sin z` among the candidates its scale is not free.

Z = model.transform(movie.X)[:, 0]
angle = movie.Z[:, 0]
sign = np.sign(Z @ angle)
print(f"Largest error of the angle: {np.abs(sign * Z - angle).max():.1e} rad")

# %%
# A movie of what happens next, from one image and its velocity alone: the equation is
# integrated in the latent space and decoded.

start = 0
times = np.linspace(0, 6, 6)
future = model.simulate(movie.X[start], times, x0_dot=movie.X_dot[start])

fig = plt.figure(figsize=(10, 5), layout="constrained")
top, bottom = fig.subfigures(2, 1, height_ratios=[1, 1.4])
for ax, image, time in zip(top.subplots(1, 6), future, times, strict=True):
    ax.imshow(image.reshape(25, 25), cmap="gray", vmin=0, vmax=1)
    ax.set_title(f"t = {time:.1f}")
    ax.axis("off")
left, right = bottom.subplots(1, 2)
left.plot(angle, sign * Z, ".", markersize=2)
left.set(xlabel="true angle (rad)", ylabel="latent coordinate (up to sign)")
right.plot(angle, movie.Z_ddot[:, 0], ".", color="0.7", label="true accelerations")
line = np.linspace(angle.min(), angle.max())
right.plot(line, model.equations_(np.column_stack([line, 0 * line])), label="found")
right.set(xlabel="angle (rad)", ylabel=r"acceleration (rad / time$^2$)")
right.legend()
plt.show()

# %%
# ``z`` alone, without a sine, was a candidate too. Cross-validation left it out. With
# small swings :math:`\sin z \approx z`, and the data would not distinguish the two.
