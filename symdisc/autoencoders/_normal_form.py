"""Two latents in which a motion commutes with rotations, on top of another space."""

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import clone
from sklearn.utils._param_validation import Interval

from symdisc._latent.latent_model import LatentModel, NothingFoundError
from symdisc._latent.normal_form import bend_plane
from symdisc._latent.oriented import Oriented
from symdisc.autoencoders._linear_encoder import LinearEncoder
from symdisc.autoencoders._strategy import Strategy


class NormalForm(Strategy):
    """A rotation-equivariant normal form of a planar motion, on top of another space.

    Closed orbits are made round: in the new latents the motion is
    ``dz/dt = a(|z|) z + b(|z|) J z``, as in action-angle coordinates [1]_. The map of
    the plane is linear in its unknowns, and the functions a and b are eliminated.
    `LatentSymmetryDiscoverer` does the same by default where motion shows no symmetry
    without.

    Parameters
    ----------
    autoencoder : Strategy, default=None
        Of the space below, of two latents; `LinearEncoder` by default.
    n_centres : int, default=150
        Number of Gaussians of the map; at most half as many as rows.
    width : float, default=8.0
        Their standard deviation, over the distance within which every point has a
        centre.

    References
    ----------
    .. [1] V. I. Arnold, "Mathematical Methods of Classical Mechanics", Springer (1989),
       section 50.

    Examples
    --------
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> from symdisc.autoencoders import NormalForm, SparseLatents
    >>> LatentSymmetryDiscoverer(2, autoencoder=NormalForm(SparseLatents()))
    LatentSymmetryDiscoverer(autoencoder=NormalForm(autoencoder=SparseLatents()),
                             n_components=2)
    """

    _parameter_constraints: dict = {
        "autoencoder": [Strategy, None],
        "n_centres": [Interval(Integral, 1, None, closed="left")],
        "width": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, autoencoder=None, *, n_centres=150, width=8.0):
        self.autoencoder = autoencoder
        self.n_centres = n_centres
        self.width = width

    @property
    def of_pixels(self):
        """Whether columns of the snapshots are its input."""
        return self._below().of_pixels

    @property
    def trains(self):
        """Whether it takes iterations of training."""
        return self._below().trains

    def why_not(self, problem):
        """Say why this does not apply to a problem; None where it does."""
        if not problem.moves:
            return "it is for snapshots with rates"
        return self._below().why_not(problem)

    def fit(self, problem):
        """Find the space below, and the map of its plane.

        Parameters
        ----------
        problem : LatentProblem

        Returns
        -------
        LatentModel
        """
        below = self._below()
        below._validate_params()
        model = below.fit(problem)
        if model.rank != 2:
            raise NothingFoundError(
                f"a normal form is of two latents, and there are {model.rank}"
            )
        with torch.no_grad():
            curve = model.autoencoder.push_forward(*problem.curve[:2])
        latents, rates = (part.numpy() for part in curve)
        linear = np.linalg.lstsq(latents - latents.mean(axis=0), rates, rcond=None)[0]
        known = {"n_centres": self.n_centres, "width": self.width}
        bent = bend_plane(model.autoencoder, [latents, rates], linear.T, **known)
        if bent is None:
            raise NothingFoundError(
                "the motion does not turn, is round as it is, or no map makes it round"
            )
        movable = Oriented(bent, (np.eye(2), np.zeros(2)), False)
        known = model.history, model.n_iter
        return LatentModel(movable, model.pod, *known, still_gains=model.still_gains)

    def _below(self):
        return LinearEncoder() if self.autoencoder is None else clone(self.autoencoder)
