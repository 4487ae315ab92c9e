"""A nonlinear start: latents by geodesic distances, for data that fold over themselves.

A pendulum seen in a movie runs along a nearly closed loop: no linear projection onto
one axis tells its two sides apart. Distances along the data do (Isomap: Tenenbaum, de
Silva and Langford 2000, Science 290:2319).
"""

import numpy as np
import torch
from sklearn.manifold import Isomap
from sklearn.neighbors import KNeighborsRegressor

MAX_ROWS = 1500
N_NEIGHBORS = 10
# The geodesic start replaces a linear one that leaves this many times more to explain:
# it is noisier, so that it has to be worth it.
ADVANTAGE = 10.0
LEARNING_RATE = 3e-3
N_STEPS = 400
BATCH_SIZE = 256


def unfold(points, linear, rank, seed):
    """Return latents by geodesic distance where a linear projection folds the data.

    Parameters
    ----------
    points : ndarray of shape (n_samples, n_modes)
        Data, in a metric that measures their difference.
    linear : ndarray of shape (n_samples, rank)
        Latents of a linear projection to compare with.
    rank : int
    seed : int
        Draws the landmarks.

    Returns
    -------
    latents : ndarray of shape (n_samples, rank) or None
        None where the linear projection does as well.
    """
    rows = np.random.default_rng(seed).permutation(len(points))[:MAX_ROWS]
    if len(rows) <= 2 * N_NEIGHBORS:
        return None
    folded = _unexplained(linear[rows], points[rows])
    if folded == 0:
        return None
    isomap = Isomap(n_neighbors=N_NEIGHBORS, n_components=rank)
    if _is_connected(points[rows]):
        unfolded = isomap.fit_transform(points[rows])
        if _unexplained(unfolded, points[rows]) * ADVANTAGE < folded:
            return isomap.transform(points)
    return None


def _is_connected(points):
    from scipy.sparse.csgraph import connected_components
    from sklearn.neighbors import kneighbors_graph

    graph = kneighbors_graph(points, N_NEIGHBORS)
    return connected_components(graph, directed=False)[0] == 1


def _unexplained(latents, points):
    """Share of the variance that neighbours in latent space do not predict."""
    half = len(points) // 2
    neighbors = KNeighborsRegressor(3, weights="distance")
    predicted = neighbors.fit(latents[:half], points[:half]).predict(latents[half:])
    residual = points[half:] - predicted
    spread = points[half:] - points[half:].mean(axis=0)
    return float((residual**2).sum() / max((spread**2).sum(), 1e-300))


def imitate(network, coordinates, latents, generator):
    """Train a network, from coordinates (n, n_modes), to give these latents.

    Parameters
    ----------
    network : ResidualMLP
        Changed in place.
    coordinates : tensor of shape (n_samples, n_modes)
    latents : tensor of shape (n_samples, rank)
    generator : torch.Generator
    """
    with torch.no_grad():
        network.linear.copy_(torch.linalg.lstsq(coordinates, latents).solution.mT)
    optimizer = torch.optim.Adam(network.parameters())
    for step in range(N_STEPS):
        optimizer.param_groups[0]["lr"] = LEARNING_RATE * (1 - step / N_STEPS)
        rows = torch.randint(
            len(coordinates),
            (BATCH_SIZE,),
            generator=generator,
            device=coordinates.device,
        )
        error = (network(coordinates[rows]) - latents[rows]).square().mean()
        optimizer.zero_grad()
        error.backward()
        optimizer.step()
