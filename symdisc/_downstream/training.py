"""Training of a network on labels: Adam, with a rate that falls to zero."""

import math

import torch


def train(network, loss, n_rows, *, max_iter, batch_size, learning_rate, alpha, draws):
    """Minimise a loss over minibatches.

    Parameters
    ----------
    network : torch.nn.Module
    loss : callable
        Mean loss of rows, given their numbers.
    n_rows : int
    max_iter : int
        Minibatches.
    batch_size : int
        Rows in each; all, where there are fewer.
    learning_rate : float
        At the start; it falls along a cosine.
    alpha : float
        Decay of weights at every step, relative to the rate.
    draws : torch.Generator
        Draws the batches.

    Raises
    ------
    FloatingPointError
        If the loss is no longer finite.
    """
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=learning_rate, weight_decay=alpha
    )
    order = torch.zeros(0, dtype=torch.long)
    size = min(batch_size, n_rows)
    for step in range(max_iter):
        if len(order) < size:
            order = torch.randperm(n_rows, generator=draws)
        rows, order = order[:size], order[size:]
        for group in optimizer.param_groups:
            share = (1 + math.cos(math.pi * step / max_iter)) / 2
            group["lr"] = learning_rate * share
        optimizer.zero_grad()
        value = loss(rows)
        value.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    if not all(p.isfinite().all() for p in network.parameters()):
        raise FloatingPointError(
            "Training diverged. Lower learning_rate, or look for outliers in X and y."
        )
