"""From validated arrays to the tensors of the training."""

from dataclasses import dataclass

import numpy as np
import torch

from symdisc._data.derivatives import smooth_derivatives
from symdisc._data.trajectories import (
    check_agreement,
    check_time,
    transition_pairs,
)
from symdisc._data.validation import check_size

# Training runs in single precision whatever the dtype of X: the coordinates are white,
# so single precision holds what the encoder can learn, at half the memory traffic.
TRAINING_DTYPE = torch.float32
# What can be invariant, and other words for it.
QUESTIONS = "distribution", "pairs", "derivatives", "motion", "labels"
SHORT_NAMES = {"states": "distribution", "transitions": "pairs", "dynamics": "motion"}
# Name in error messages of the rates used in training.
IN_DEVIATIONS = "y (X_dot), over the standard deviation of X along each mode,"


@dataclass
class Snapshots:
    """Training data as tensors, in whitened POD coordinates.

    Parameters
    ----------
    coordinates : tensor of shape (n_samples, n_modes)
    velocity : tensor of shape (n_samples, n_modes) or None
    successors : tuple of two index tensors or None
        Rows (i, j) with j the snapshot after i: for symmetry of transitions.
    weights : tensor of shape (n_modes,)
        Standard deviation of each coordinate over that of the first: squared, the
        weight that turns errors of coordinates into errors of the data.
    symmetry_of : {"distribution", "pairs", "derivatives"}
    acceleration : tensor of shape (n_samples, n_modes) or None
        For equations of second order.
    labels : ndarray of shape (n_samples,) or None
        What is invariant, where that is asked of labels.
    groups : ndarray of shape (n_samples,) or None
        Trajectory of each row.
    """

    coordinates: torch.Tensor
    velocity: torch.Tensor | None
    successors: tuple | None
    weights: torch.Tensor
    symmetry_of: str
    acceleration: torch.Tensor | None = None
    labels: np.ndarray | None = None
    groups: np.ndarray | None = None

    def curve(self, rows):
        """Coordinates of rows and the time derivatives that are known of them."""
        known = (self.coordinates, self.velocity, self.acceleration)
        return [tensor[rows] for tensor in known if tensor is not None]


def as_snapshots(
    pod,
    X,
    X_dot,
    t,
    groups,
    *,
    symmetry_of,
    device,
    labels=None,
    differentiation="spline",
):
    """Project data onto the POD modes and resolve what symmetry is asked of.

    Parameters
    ----------
    pod : PODProjection
    X : ndarray of shape (n_samples, n_features)
    X_dot : ndarray of shape (n_samples, n_features) or None
    t : array-like of shape (n_samples,), float or None
    groups : array-like of shape (n_samples,) or None
    symmetry_of : {"auto", "distribution", "pairs", "derivatives", "motion", "labels"}
    device : torch.device
    labels : ndarray of shape (n_samples,), optional
    differentiation : {"central", "savgol", "spline"}, default="spline"
        How rates are taken along `t` where `X_dot` is not given.

    Returns
    -------
    Snapshots
    """
    moves = X_dot is not None or t is not None
    symmetry_of, successors = question(symmetry_of, moves, t, groups, len(X))
    t = check_time(t, groups, len(X))
    coordinates = pod.coordinates(X)
    velocity = _velocity(pod, coordinates, X_dot, t, groups, differentiation)
    _check_motion(symmetry_of, velocity)

    def tensor(array):
        return torch.as_tensor(array, dtype=TRAINING_DTYPE, device=device)

    return Snapshots(
        coordinates=tensor(coordinates),
        velocity=None if velocity is None else tensor(velocity),
        successors=successors
        and tuple(torch.as_tensor(rows, device=device) for rows in successors),
        weights=tensor(pod.scale / pod.scale[0]),
        symmetry_of=symmetry_of,
        labels=labels,
        groups=groups,
    )


def question(symmetry_of, moves, t, groups, n_samples):
    """Resolve what symmetry is asked of, or raise where data cannot answer.

    Parameters
    ----------
    symmetry_of : str
        As of `as_snapshots`.
    moves : bool
        Whether rates are given, or times.
    t, groups
        Times and trajectories.
    n_samples : int

    Returns
    -------
    symmetry_of : str
    successors : tuple of ndarray or None
        Rows that follow each other, where these are asked about.

    Examples
    --------
    >>> from symdisc._data.training_data import question
    >>> question("auto", True, None, None, 5)
    ('derivatives', None)
    """
    symmetry_of = SHORT_NAMES.get(symmetry_of, symmetry_of)
    if symmetry_of == "auto":
        symmetry_of = "derivatives" if moves else "distribution"
    if symmetry_of in ("derivatives", "motion") and not moves:
        raise ValueError(
            f'symmetry_of="{symmetry_of}" needs time derivatives: pass X_dot as y, or '
            "t."
        )
    if symmetry_of != "pairs":
        return symmetry_of, None
    successors = transition_pairs(t, groups, n_samples)
    if len(successors[0]) == 0:
        raise ValueError(
            'symmetry_of="pairs" needs consecutive snapshots, and groups and t leave '
            "none: every group has one row, or every step is a gap."
        )
    return symmetry_of, successors


def _check_motion(symmetry_of, velocity):
    """Raise where motion is asked about, and there is none."""
    if symmetry_of == "motion" and not velocity.any():
        raise ValueError(
            'symmetry_of="motion" asks what maps motions to motions, but y (X_dot)'
            ", or X along t, is at rest in every row. Pass rows in motion, or "
            'symmetry_of="distribution".'
        )


def _velocity(pod, coordinates, X_dot, t, groups, method):
    """Velocity of the coordinates: pushed forward, or taken along time."""
    if X_dot is None:
        if t is None:
            return None
        return smooth_derivatives(coordinates, t, groups, method=method)[1]
    velocity = pod.push_forward(X_dot)
    check_size(velocity, IN_DEVIATIONS, np.float32)
    if t is not None:
        check_agreement(coordinates * pod.scale, velocity * pod.scale, t, groups)
    return velocity
