"""A nonlinear start: latents by geodesic distances, for data that fold over themselves.

A pendulum seen in a movie runs along a nearly closed loop: no linear projection onto
one axis tells its two sides apart. Distances along the data do (Isomap: Tenenbaum, de
Silva and Langford 2000, Science 290:2319).
"""

import numpy as np
from scipy.sparse.csgraph import connected_components
from sklearn.manifold import Isomap
from sklearn.neighbors import KNeighborsRegressor, kneighbors_graph

N_NEIGHBORS = 10
# Geodesic latents replace linear ones that leave this many times more to explain.
ADVANTAGE = 10.0


def unfold(points, linear):
    """Return latents by geodesic distance where a linear projection folds the data.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_modes)
        Data, spread evenly, in a metric that measures their difference.
    linear : ndarray of shape (n_samples, rank)
        Latents of a linear projection to compare with.

    Returns
    -------
    latents : ndarray of shape (n_samples, rank) or None
        None where the linear projection does as well.
    """
    if len(points) <= 2 * N_NEIGHBORS:
        return None
    folded = _unexplained(linear, points)
    graph = kneighbors_graph(points, N_NEIGHBORS)
    if folded == 0 or connected_components(graph, directed=False)[0] > 1:
        return None
    # Dense: the iterative solver starts at random.
    isomap = Isomap(
        n_neighbors=N_NEIGHBORS, n_components=linear.shape[1], eigen_solver="dense"
    )
    unfolded = isomap.fit_transform(points)
    worth_it = _unexplained(unfolded, points) * ADVANTAGE < folded
    return unfolded if worth_it else None


def _unexplained(latents, points):
    """Share of the variance that neighbours in latent space do not predict."""
    order = np.random.default_rng(0).permutation(len(points))
    fitted, held = np.array_split(order, 2)
    neighbors = KNeighborsRegressor(3, weights="distance")
    predicted = neighbors.fit(latents[fitted], points[fitted]).predict(latents[held])
    spread = points[held] - points[held].mean(axis=0)
    lost = np.sum((points[held] - predicted) ** 2)
    return float(lost / max(np.sum(spread**2), 1e-300))
