"""Solve for the last layer of a trained decoder."""

import torch

from symdisc._numerics.features import normal_equations

# Added to the normal equations of features of unit size: enough to keep features that
# hardly differ on the data from cancelling outside of them.
RIDGE = 1e-8
# A hundred rows for each of the features of the default width; more change nothing but
# the time that it takes.
MAX_ROWS = 16_384


@torch.no_grad()
def solve_readout(autoencoder, curve, ridge=RIDGE):
    """Set the decoder's linear output maps to the least-squares optimum.

    Given what the hidden layers compute, the outputs are a linear regression, solved
    for snapshots and their time derivatives together: where gradient descent stops,
    this goes on to the optimum.

    Parameters
    ----------
    autoencoder : Autoencoder
        Its decoder is changed in place.
    curve : sequence of tensor of shape (n_samples, n_modes)
        Whitened coordinates and their first and maybe second time derivatives. Of
        many, rows at equal steps are used.
    ridge : float
        Added to the diagonal of the normal equations of features of unit size.
    """
    decoder = autoencoder.decoder
    step = -(-len(curve[0]) // MAX_ROWS)
    curve = [part[::step] for part in curve]
    latents = autoencoder.whiten(*autoencoder.push_forward(*curve))
    lifted, hidden = decoder.features(*latents)
    constant = decoder.monomials is None
    features = []
    for derivative, parts in enumerate(zip(lifted, hidden, strict=True)):
        ones = torch.full_like(curve[0][:, :1], float(derivative == 0))
        features.append(torch.cat([*parts, *[ones] * constant], dim=1))
    gram, cross = normal_equations(features, curve)
    tiny = torch.finfo(gram.dtype).tiny
    size = gram.diagonal().sqrt().clamp_min(tiny)
    gram = gram / size[:, None] / size
    gram.diagonal().add_(ridge)
    maps = torch.linalg.solve(gram, cross / size[:, None]) / size[:, None]
    linear, last = maps[: lifted[0].shape[1]], maps[lifted[0].shape[1] :]
    decoder.linear.copy_(linear.mT)
    width = hidden[0].shape[1]
    decoder.mlp[-1].weight.copy_(last[:width].mT)
    decoder.mlp[-1].bias.copy_(
        last[width] if constant else torch.zeros_like(curve[0][0])
    )
