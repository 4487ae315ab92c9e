"""Problems and trainings so small that a test can afford them."""

from functools import partial

import numpy as np
import torch

from symdisc._data.training_data import Snapshots
from symdisc._equations.library import CandidateLibrary
from symdisc._latent.autoencoder import Autoencoder
from symdisc._latent.pod import PODProjection
from symdisc._latent.problem import LatentProblem
from symdisc._latent.trainer import Settings, Trainer
from symdisc._sindy.stlsq import sparse_regression
from symdisc._symmetry.liegan import LieGAN

SPEED = 2.0


def bent_annulus(symmetry_of):
    """Points that turn on an annulus, with a third coordinate that is their product."""
    rng = np.random.default_rng(0)
    angle, radius = rng.uniform(0, 2 * np.pi, 300), rng.uniform(1, 2, 300)
    x, y = radius * np.cos(angle), radius * np.sin(angle)
    points = torch.tensor(np.column_stack([x, y, x * y]))
    rates = SPEED * torch.tensor(np.column_stack([-y, x, x**2 - y**2]))
    scale = points.std(0)
    velocity = successors = None
    if symmetry_of == "derivatives":
        velocity = (rates / scale).float()
    if symmetry_of == "pairs":
        successors = torch.arange(299), torch.arange(1, 300)
    weights = torch.tensor([1.0, 1.0, 0.3])
    coordinates = ((points - points.mean(0)) / scale).float()
    return Snapshots(coordinates, velocity, successors, weights, symmetry_of)


def make_trainer(symmetry_of="derivatives", max_iter=70, seed=0, **settings):
    data = bent_annulus(symmetry_of)
    generator = torch.Generator().manual_seed(seed)
    args = (torch.eye(2, 3), data.coordinates, data.velocity, data.weights)
    autoencoder = Autoencoder(*args, 16, generator)
    adversary = LieGAN(
        2,
        1,
        2,
        1 if symmetry_of == "distribution" else 2,
        hidden_units=8,
        generator=generator,
        like=data.coordinates,
    )
    defaults = {"w_recon": 1.0, "w_gan": 0.001, "w_eq": 0.1}
    defaults |= {"max_iter": max_iter, "batch_size": 32, "verbose": 0}
    library = CandidateLibrary.polynomial(2, 1)
    settings = Settings(**(defaults | settings))
    solve = partial(sparse_regression, threshold=0.1)
    return Trainer(autoencoder, adversary, data, library, solve, settings, generator)


def problem_of(curve, scale=None, ranks=(2, 1), library=None, seed=0):
    """Coordinates, and maybe their rates, as a problem of a latent space."""
    curve = [torch.as_tensor(np.asarray(part, dtype=float)) for part in curve]
    n, n_modes = curve[0].shape
    scale = np.ones(n_modes) if scale is None else np.asarray(scale)
    total = float((curve[0] * torch.from_numpy(scale)).square().sum())
    return LatentProblem(
        curve,
        PODProjection(np.zeros(n_modes), np.eye(n_modes), scale, 0.0, total, n),
        ranks,
        degree=1,
        library=library or (lambda rank: CandidateLibrary.polynomial(rank, 1)),
        solve=lambda features, rates, _: sparse_regression(
            features, rates, threshold=0.0
        ),
        settings=Settings(max_iter=40),
        seed=seed,
    )
