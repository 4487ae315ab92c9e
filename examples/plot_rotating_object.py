r"""
A rotating object: turns of space and turns of the body
=======================================================

An object in three dimensions is seen in random orientations. Turning space is a
symmetry, SO(3); so is turning the object in its own axes first, another SO(3).

From the *images* this is not solved: an orientation has three angles, but it takes
five and more dimensions to hold it without folds, and the autoencoder does not find
such a space from pixels. What can be done is the part after that: given the
orientations as 3 x 3 matrices, find all their symmetries.
"""

import matplotlib.pyplot as plt
import numpy as np

from symdisc import LatentSymmetryDiscoverer
from symdisc.datasets import make_rotating_object

data = make_rotating_object(3000, random_state=0)

# %%
# The true algebra acts on the nine entries of a matrix. Five snapshots, and their
# nearest neighbours in the data after a turn about the line of sight by a quarter:

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
# All symmetries of the distribution of the matrices, found at once.

est = LatentSymmetryDiscoverer(
    9, n_generators="auto", symmetry_of="states", random_state=0
).fit(data.Z)
print(est.lie_algebra_.name, "with", len(est.lie_algebra_), "generators")
print("Change of the data by each linear map:", est.symmetry_errors_[:8].round(5))

# %%
# Six generators stand apart from the other 75 maps: turns of space (from the left)
# and of the body (from the right). That they are these can be told from what they
# do to a matrix: both keep its columns and rows orthonormal.

elements = est.lie_algebra_.group_element(0.5 * np.eye(6))
moved = np.einsum("gij,nj->gni", elements, est.transform(data.Z))
matrices = est.inverse_transform(moved.reshape(-1, 9)).reshape(6, -1, 3, 3)
gram = matrices.swapaxes(-1, -2) @ matrices
print("Columns, largest mean deviation from orthonormal:")
print(np.abs(gram - np.eye(3)).mean(axis=(1, 2, 3)).round(3))

fig, ax = plt.subplots(figsize=(6, 3), layout="constrained")
ax.semilogy(np.arange(1, 82), est.symmetry_errors_, "o", markersize=4)
ax.axvline(6.5, color="0.7")
ax.set(
    xlabel="linear map, in order of its error",
    ylabel="change of the data",
    title="Six symmetries, and 75 maps that are none",
)
plt.show()
