"""What a learned latent space comes to: its equations, and what it loses."""

import warnings

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from torch.nn import functional as F

from symdisc._equations.equations import EquationSystem
from symdisc._equations.library import CandidateLibrary
from symdisc._sindy.model_selection import fit_equations
from symdisc._sindy.scoring import pooled_score, rate_scale
from symdisc._sindy.stlsq import adjusted_r2, r2

# The decoder of a bent plane is slow.
MAX_MEASURED_ROWS = 2048


def read_equations(est, autoencoder, snapshots):
    """Regress the latent velocity on the candidate library.

    Parameters
    ----------
    est : LatentSymmetryDiscoverer
        Its parameters and `n_components_` are read.
    autoencoder : torch.nn.Module
    snapshots : Snapshots

    Returns
    -------
    equations : EquationSystem or None
        None where no velocity is known.
    score, dense_score : float or None
        R2 of the latent velocity, and adjusted R2 with all candidates.
    """
    if snapshots.velocity is None:
        return None, None, None
    dtype, rank = autoencoder.shift.dtype, len(autoencoder.shift)
    with torch.no_grad():
        latents = autoencoder.push_forward(
            snapshots.coordinates.to(dtype), snapshots.velocity.to(dtype)
        )
    empty = (0, est.n_components_ - rank)
    latent, velocity = (F.pad(z, empty).cpu().numpy() for z in latents)
    library = CandidateLibrary.polynomial(est.n_components_, est.degree)
    features = library.evaluate(latent)
    sparse, dense = (
        fit_equations(features, velocity, threshold=threshold).coefficients
        for threshold in (est.threshold, 0.0)
    )
    # Rounding decides about R2 of a rate that is constant.
    varies = rate_scale([latent, velocity], velocity.dtype, None) > 0
    score, most = (
        pooled_score(r2(features, velocity, table)[varies]) for table in (sparse, dense)
    )
    dense_score = adjusted_r2(most, *features.shape, otherwise=score)
    return EquationSystem(sparse, library), score, dense_score


@torch.no_grad()
def latent_size(autoencoder, snapshots):
    """Return the largest absolute value of the latents."""
    coordinates = snapshots.coordinates.to(autoencoder.shift.dtype)
    return float(autoencoder.encode(coordinates).abs().max())


def reconstruction_error(autoencoder, snapshots, pod):
    """Return the share of the variance that is lost, modes and all.

    Parameters
    ----------
    autoencoder : torch.nn.Module
    snapshots : Snapshots
    pod : PODProjection

    Returns
    -------
    float
    """
    dtype = autoencoder.shift.dtype
    step = -(-pod.n_samples // MAX_MEASURED_ROWS)
    with torch.no_grad():
        coordinates = snapshots.coordinates[::step].to(dtype)
        decoded = autoencoder.decode(autoencoder.encode(coordinates))
        residual = (coordinates - decoded).cpu().numpy() * pod.scale
    share = len(residual) / pod.n_samples
    error = np.square(residual).sum() / share + pod.residual
    return float(error / pod.total)


def warn_of_number(est):
    """Warn where other than the number of generators asked for replicates."""
    replicated, count = est.n_confirmed_, len(est.lie_algebra_)
    if est.tol < 1 and replicated not in (None, count):
        warnings.warn(
            f"Split-half replication supports {replicated} symmetries, but "
            f"lie_algebra_ has the n_generators={count} that were asked for. "
            'n_generators="auto" reports those that replicate.',
            ConvergenceWarning,
            stacklevel=5,
        )


def warn_of_doubts(est):
    """Warn where trained adversaries disagree, or halves of the data do."""
    replicated, count = est.n_confirmed_, len(est.lie_algebra_)
    if 1 - est.agreement_ > est.tol:
        warnings.warn(
            f"Independently trained adversaries disagree on the generators: "
            f"agreement_={est.agreement_:.3f}, below 1 - tol with tol={est.tol}. "
            "Increase max_iter, or the data may not have such a symmetry.",
            ConvergenceWarning,
            stacklevel=5,
        )
    elif est.tol < 1 and replicated is not None and replicated < count:
        warnings.warn(
            f"Split-half replication supports {replicated} symmetries, but "
            f"lie_algebra_ has n_generators={count}: the data may not have such a "
            'symmetry. n_generators="auto" reports only symmetries that replicate.',
            ConvergenceWarning,
            stacklevel=5,
        )
