"""The network of the library emlp, on tasks of ``downstream.py``."""

import time

import jax.numpy as jnp
import numpy as np
import objax
from emlp.nn import EMLP
from emlp.reps import Scalar, V


def emlp_error(name, seed, n, est, X, y, n_train, training, error_of):
    """Fit EMLP, with the symmetry found, and return a row as the others are.

    Its hidden layers have 64 channels, its usual kinds of tensors. The training is
    that of the others: as many minibatches, Adam, a rate that falls along a cosine,
    from a tenth of theirs.
    """
    group = est.lie_algebra_.to_emlp()
    moved = name == "two_body"
    begin = time.perf_counter()
    np.random.seed(seed)  # noqa: NPY002 - emlp draws its channels from it
    objax.random.DEFAULT_GENERATOR.seed(seed)
    network = EMLP(V, V if moved else Scalar, group, ch=64, num_layers=2)
    Z = est.transform(X)
    targets = est.transform(y) if moved else y[:, None]
    shift, scale = (0.0 if moved else targets[:n].mean()), targets[:n].std()
    size = np.sqrt(np.mean(Z[:n] ** 2))
    inputs, wanted = jnp.array(Z[:n] / size), jnp.array((targets[:n] - shift) / scale)

    @objax.Function.with_vars(network.vars())
    def loss(x, v):
        return ((network(x, training=True) - v) ** 2).mean()

    gradient = objax.GradValues(loss, network.vars())
    optimizer = objax.optimizer.Adam(network.vars())

    @objax.Jit
    @objax.Function.with_vars(network.vars() + gradient.vars() + optimizer.vars())
    def step(x, v, rate):
        slopes, value = gradient(x, v)
        optimizer(lr=rate, grads=slopes)
        return value

    run = objax.Jit(lambda x: network(x, training=False), network.vars())
    rng, order, batch = np.random.default_rng(seed), [], min(n, training["batch_size"])
    for i in range(training["max_iter"]):
        if len(order) < batch:
            order = rng.permutation(n)
        rows, order = order[:batch], order[batch:]
        share = (1 + np.cos(np.pi * i / training["max_iter"])) / 2
        # A tenth of the rate of the others, which was not tuned.
        step(inputs[rows], wanted[rows], 0.1 * training["learning_rate"] * share)
    found = np.asarray(run(jnp.array(Z[n_train:] / size))) * scale + shift
    predicted = est.inverse_transform(found.astype(float)) if moved else found.ravel()
    return {
        "task": name,
        "seed": seed,
        "n": n,
        "model": "emlp",
        "error": error_of(y[n_train:], predicted, name),
        "seconds": time.perf_counter() - begin,
        "weights": int(sum(v.size for v in network.vars().values())),
        "found": est.lie_algebra_.name,
        "verdict": sorted(set(est.verdict_)),
        "discovery": 0.0,
    }
