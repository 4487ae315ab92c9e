"""Base of the networks that commute with a group."""

from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted

from symdisc._data.validation import check_device, check_snapshots
from symdisc._downstream.group_action import SYMMETRY
from symdisc._downstream.network import EquivariantNetwork
from symdisc._downstream.parts import kinds_between, split
from symdisc._downstream.symmetric_estimator import SymmetricEstimator
from symdisc._downstream.training import train
from symdisc._numerics.threads import one_thread
from symdisc._persistence.serialize import save

NETWORK_CONSTRAINTS = {
    "symmetry": SYMMETRY,
    "n_channels": [Interval(Integral, 1, None, closed="left")],
    "fit_centre": ["boolean"],
    "n_layers": [Interval(Integral, 1, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "batch_size": [Interval(Integral, 1, None, closed="left")],
    "learning_rate": [Interval(Real, 0, None, closed="neither")],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "device": [str, torch.device],
    "random_state": ["random_state"],
}
LOOP = "max_iter", "batch_size", "learning_rate", "alpha"
# Rows that go through the network at once.
CHUNK = 4096
PLAIN = 'Fit it to more data, or pass symmetry="trivial" for a plain network.'


class EquivariantEstimator(SymmetricEstimator, BaseEstimator):
    """Builds, trains and runs a network on the latents of snapshots."""

    def save(self, path):
        """Save the fitted estimator in one file without code; see `symdisc.load`.

        Parameters
        ----------
        path : str or os.PathLike
            Name of the file.

        Raises
        ------
        ValueError
            If a parameter is an object of another package; the message names it.
        """
        save(self, path)

    def _build(self, action, outputs, Z, draws, moved=False):
        """Return a network between latents and labels, which may be latents, too."""
        inputs = split(action.generators, action.group, action.reading)
        between = kinds_between(inputs, outputs, action.group)
        sizes = self.n_channels, self.n_layers
        centre = ("both" if moved else "input") if self.fit_centre else "given"
        rest = Z, between, action.tol, centre, draws
        return EquivariantNetwork(inputs, outputs, *sizes, *rest)

    def _train(self, network, Z, loss, draws):
        """Train in the dtype of the latents; `loss` compares outputs with rows."""
        device = check_device(self.device)
        dtype = torch.from_numpy(np.empty(0, Z.dtype)).dtype
        network.to(device=device, dtype=dtype)
        latents = torch.tensor(Z, device=device, dtype=dtype)

        def of_rows(rows):
            rows = rows.to(device)
            return loss(network.standardised(latents[rows]), rows)

        loop = {k: getattr(self, k) for k in LOOP}
        with (
            torch.inference_mode(False),
            torch.enable_grad(),
            one_thread(),
        ):
            train(network, of_rows, len(Z), draws=draws, **loop)
        self.network_ = network.requires_grad_(False)
        self.n_iter_ = self.max_iter
        self.n_weights_ = sum(p.numel() for p in network.parameters())

    @property
    def _remedy(self):
        """What to do without generators; nothing where a plain network is asked for."""
        return None if isinstance(self.symmetry, str) else PLAIN

    def _start(self):
        """Return the generators of random numbers, of numpy and of torch."""
        rng = check_random_state(self.random_state)
        return rng, torch.Generator().manual_seed(int(rng.randint(2**31 - 1)))

    def _latents(self, X):
        """Return validated snapshots and their latents."""
        check_is_fitted(self)
        X = check_snapshots(self, X, reset=False)
        est = self.symmetry_
        return X, X if est is None else est._apply(est.encoder_, X)

    def _run(self, Z):
        """Return what the network makes of latents, in their dtype."""
        like = self.network_.inputs.change
        with torch.no_grad():
            outputs = [
                self.network_(torch.tensor(part, dtype=like.dtype, device=like.device))
                for part in np.split(Z, range(CHUNK, len(Z), CHUNK))
            ]
        return torch.cat(outputs).cpu().numpy().astype(Z.dtype, copy=False)
