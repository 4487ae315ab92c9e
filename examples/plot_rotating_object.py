r"""
A rotating object: turns of space and turns of the body
=======================================================

Images show an object in three dimensions in random orientations while it turns. The
rotations of space are a symmetry, SO(3), which is found here from the images alone. The
orientations as 3 x 3 matrices have a second one: rotations of the object in its own
axes first.
"""

import matplotlib.pyplot as plt
import numpy as np

from symdisc import LatentSymmetryDiscoverer
from symdisc.datasets import make_rotating_object

data = make_rotating_object(5000, random_state=0)

# %%
# Five snapshots, and their nearest neighbours in the data after a turn about the line
# of sight by a quarter:

quarter = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])
turned = (quarter @ data.rotations).reshape(-1, 9)
nearest = [np.linalg.norm(data.Z - turned[row], axis=1).argmin() for row in range(5)]

fig, axes = plt.subplots(2, 5, figsize=(10, 4.4), layout="constrained")
for column, row in enumerate(nearest):
    for ax, image in zip(axes[:, column], data.X[[column, row]], strict=True):
        ax.imshow(image.reshape(32, 32), cmap="gray")
        ax.axis("off")
axes[0, 2].set_title("snapshots")
axes[1, 2].set_title("nearest to the same after a quarter turn")
plt.show()

# %%
# From images and their rates. The latents of an autoencoder that reconstructs well need
# not transform linearly under rotations. The latents that change slowest do: a symmetry
# of the motion maps functions of one speed to functions of the same speed.

est = LatentSymmetryDiscoverer(3, autoencoder="slow", max_iter=100, random_state=0).fit(
    data.X, data.X_dot
)
print(est.lie_algebra_)

# %%
# The three latents are a vector that is fixed to the object and turns with it: a
# combination of the columns of the matrix. Up to a rotation of the axes, the best such
# combination says how well they are one.

latents = est.transform(data.X)
fitted = data.Z @ np.linalg.lstsq(data.Z, latents, rcond=None)[0]
print("R2 of each latent:", 1 - np.var(latents - fitted, axis=0).round(3))
print("Length of the vector:", np.linalg.norm(latents, axis=1)[:5].round(2))

# %%
# The three latents do not determine how the object is turned about this vector, so the
# images decoded from them are blurred:

print("Reconstruction error:", round(est.reconstruction_error_, 2))

# %%
# All symmetries of the distribution of the matrices themselves, found at once. Their
# entries are good coordinates already, and no latent space is looked for. It would have
# five dimensions, as the other entries are polynomials of five of their combinations;
# but on these five the symmetries do not act linearly.

est = LatentSymmetryDiscoverer(symmetry_of="distribution", autoencoder="none").fit(
    data.Z
)
print(est.lie_algebra_.name, "with", len(est.lie_algebra_), "generators")
print(*est.lie_algebra_.evidence, sep="\n")

# %%
# The six generators are rotations of space (from the left) and of the body (from the
# right). As a check, both keep the columns and rows of a matrix orthonormal.

elements = est.lie_algebra_.group_element(0.5 * np.eye(6))
moved = np.einsum("gij,nj->gni", elements, est.transform(data.Z))
matrices = est.inverse_transform(moved.reshape(-1, 9)).reshape(6, -1, 3, 3)
gram = matrices.swapaxes(-1, -2) @ matrices
print("Columns, largest mean deviation from orthonormal:")
print(np.abs(gram - np.eye(3)).mean(axis=(1, 2, 3)).round(3))

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
limits = np.vstack([est.defect_ - est.lie_algebra_.defect_lower, est.defect_upper_])
limits[1] -= est.defect_
ax.errorbar(range(6), est.defect_, limits, fmt="o", capsize=3)
ax.axhline(est.max_defect, color="0.7")
ax.set(
    xlabel="generator",
    ylabel="defect",
    title="Six symmetries, certified to the tolerance",
)
plt.show()
