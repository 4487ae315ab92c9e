"""A latent space: encoder, gauge, decoder, and how well it explains what is known."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from symdisc._latent.pod import PODProjection
from symdisc._sindy.stlsq import sparse_regression

# Blocks of rows that standard errors are taken from.
N_BLOCKS = 10
# Terms count where they make up this part of a rate.
FAINT = 0.01


class NothingFoundError(ValueError):
    """Says why a strategy found no latent space."""


@dataclass
class LatentModel:
    """An autoencoder in float64, and what it leaves unexplained.

    Parameters
    ----------
    autoencoder : torch.nn.Module
        Between coordinates and latents; has `encode`, `decode`, `push_forward` and
        `push_back`, and a buffer `shift` with the latents' number, dtype and device.
    pod : PODProjection
        Between snapshots and coordinates.
    history : dict of ndarray
        Losses of its own training, where there was one.
    n_iter : int
        Iterations of that training; 1 where latents are solved for.
    training : Training or None
        What its training can go on from.
    still_gains : bool
        Whether rows held out still gained when the iterations were used up.
    errors : dict of float
        "x" and, with rates, "x_dot": shares of snapshots and rates that are left
        unexplained of rows that it was not fitted to.
    standard_errors : dict of float
        Of these, from blocks of rows.
    deviations : ndarray of shape (n_blocks,)
        Of the unexplained share of the rates, in blocks of these rows.
    n_coefficients : int or None
        Coefficients of its equations that are not zero, but for faint ones.
    n_solved : int or None
        All of them.
    distortion : float
        See `symdisc._latent.laplacian.Surface.distortion`.
    support : tensor of bool, of shape (n_terms, rank), optional
        Terms of the equations that the latents were found with.
    make_decoder : callable, optional
        Fits a decoder of the family that was chosen to a curve of latents and the
        problem.
    """

    autoencoder: torch.nn.Module
    pod: PODProjection
    history: dict = field(default_factory=dict)
    n_iter: int = 1
    training: object = None
    still_gains: bool = False
    errors: dict = field(default_factory=dict)
    standard_errors: dict = field(default_factory=dict)
    deviations: np.ndarray = field(default_factory=lambda: np.zeros(0))
    n_coefficients: int | None = None
    n_solved: int | None = None
    distortion: float = np.nan
    support: torch.Tensor | None = None
    make_decoder: Callable | None = None

    @property
    def rank(self):
        """Number of latents."""
        return len(self.autoencoder.shift)

    def moves_as_well(self, other, negligible):
        """Say whether it leaves hardly more of the rates than another model.

        Parameters
        ----------
        other : LatentModel
            Judged by the same rows.
        negligible : float
            Difference that does not count, nor does one standard error of the other's
            error, or of the difference.

        Returns
        -------
        bool
        """
        slack = max(other.standard_errors["x_dot"], negligible)
        if len(self.deviations) == len(other.deviations):
            slack = max(slack, _standard_error(self.deviations - other.deviations))
        return self.errors["x_dot"] <= other.errors["x_dot"] + slack

    @torch.no_grad()
    def latents(self, coordinates):
        """Return the latents of coordinates, as ndarray of shape (n, rank)."""
        return self.autoencoder.encode(coordinates).numpy()

    def judge(self, problem, fitted, held):
        """Measure the held-out errors, equations fitted to the rows that were not.

        Parameters
        ----------
        problem : LatentProblem
            Of all rows, in the coordinates of this model.
        fitted, held : ndarray of int
            Rows.
        """
        each = self.lost_of_each(problem, held)
        ratio, error, _ = _ratio_of_blocks(each, np.ones(len(each)))
        self.errors, self.standard_errors = {"x": ratio}, {"x": error}
        if problem.moves:
            self._judge_motion(problem, fitted, held)

    @torch.no_grad()
    def lost_of_each(self, problem, rows=slice(None)):
        """Return what is lost of snapshots, relative to their variance.

        Parameters
        ----------
        problem : LatentProblem
        rows : ndarray of int, optional
            All by default.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        points, pod = problem.curve[0][rows], problem.pod
        decoded = self.autoencoder.decode(self.autoencoder.encode(points))
        residual = ((points - decoded) * problem.weights).square().sum(dim=1).numpy()
        lost = residual * float(pod.scale[0]) ** 2 + pod.residual / pod.n_samples
        return lost / (pod.total / pod.n_samples)

    @torch.no_grad()
    def _judge_motion(self, problem, fitted, held):
        """Measure what the equations leave of the rates, through the decoder."""
        *state, rates = self.autoencoder.push_forward(*problem.curve)
        library = problem.library(self.rank)
        features = library.evaluate(torch.cat(state, dim=1))
        weak, where = problem.weak, held
        wanted, known = rates.numpy(), features.numpy()
        if weak is not None:
            rows = centres(weak)
            where = np.flatnonzero(np.isin(rows, held))
            fitted = np.flatnonzero(np.isin(rows, fitted))
            wanted = weak.derivative @ state[0].numpy()
            known = weak.average @ known
        if len(fitted) <= features.shape[1] or not len(where):
            return  # as many candidates as rows explain anything
        rows = known[fitted], wanted[fitted]
        if self.support is not None:
            found = _of_terms(*rows, self.support.numpy().T)
            self.n_coefficients = int(self.support.sum())
        else:
            found = problem.solve(*rows, library)
            sparse = sparse_regression(*rows, threshold=FAINT)
            counts = np.count_nonzero(found), np.count_nonzero(sparse)
            self.n_coefficients, self.n_solved = int(min(counts)), int(counts[0])
        predicted = features @ torch.from_numpy(found).mT
        decoded = self.autoencoder.push_back(*state, predicted)[-1].numpy()
        given = problem.curve[-1].numpy()
        if weak is not None:
            decoded = weak.average @ decoded
            given = weak.derivative @ problem.curve[0].numpy()
        weights = problem.weights.numpy()
        lost = np.sum(((given - decoded)[where] * weights) ** 2, axis=1)
        size = np.sum((given[where] * weights) ** 2, axis=1)
        ratio, error, self.deviations = _ratio_of_blocks(lost, size)
        self.errors["x_dot"], self.standard_errors["x_dot"] = ratio, error


def _of_terms(features, rates, support):
    """Coefficients of a regression of each rate on its terms."""
    found = np.zeros(support.shape)
    for row, kept, rate in zip(found, support, rates.T, strict=True):
        row[kept] = np.linalg.lstsq(features[:, kept], rate, rcond=None)[0]
    return found


def centres(weak):
    """Return the row in the middle of each window.

    Parameters
    ----------
    weak : WeakForm

    Returns
    -------
    ndarray of int of shape (n_windows,)
    """
    average = weak.average.tocsr()
    starts, ends = average.indptr[:-1], average.indptr[1:]
    return average.indices[(starts + ends) // 2]


def _ratio_of_blocks(part, whole):
    """Ratio of sums, its standard error, and what blocks of rows deviate from it."""
    total = max(float(whole.sum()), 1e-300)
    ratio = float(part.sum()) / total
    blocks = np.array_split(part - ratio * whole, min(N_BLOCKS, len(part)))
    gaps = np.array([block.sum() for block in blocks]) / total
    return ratio, _standard_error(gaps), gaps


def _standard_error(deviations):
    n = len(deviations)
    return float(np.sqrt(n / max(n - 1, 1) * np.sum(deviations**2)))
