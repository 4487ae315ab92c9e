"""The published recipe, plain: LaLiGAN as it is described, without our changes.

Written from J. Yang, N. Dehmamy, R. Walters, R. Yu, "Latent Space Symmetry Discovery"
(arXiv:2310.00105) and the settings published with it: perceptrons of five linear
layers with 512 units each way, batch normalisation and an orthogonal last layer in the
encoder, pairs of consecutive snapshots, batches of 64, Adam with 3e-4 for the
autoencoder and 1e-3 for the rest, normally distributed coefficients of the generator,
weights 0.01 of the adversarial loss and 0.1 of the cosine regulariser. `SINDyStage`
then fits equations by gradient, with an L1 penalty of 0.01 that is halved as often as
terms are dropped.
"""

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import orthogonal

N_LAYERS, BATCH = 5, 64
W_GAN, W_COSINE = 0.01, 0.1
# Of the joint SINDy loss, in latents and in data.
W_Z_DOT, W_X_DOT, W_L1 = 1e-3, 0.1, 0.01
THRESHOLD, DROP_EVERY = 0.1, 100


def perceptron(widths, batch_norm=False):
    """Return linear layers with ReLU between them."""
    layers = []
    for i in range(len(widths) - 2):
        layers.append(nn.Linear(widths[i], widths[i + 1]))
        layers += [nn.BatchNorm1d(widths[i + 1])] if batch_norm else []
        layers.append(nn.ReLU())
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


class Recipe:
    """Autoencoder, generator and discriminator, trained together.

    Parameters
    ----------
    X, X_dot : ndarray of shape (n_samples, n_features)
        One trajectory and its time derivative.
    dim : int
        Number of latent dimensions.
    seed : int
    hidden_units : int, default=512
    identity : bool, default=False
        Leave the autoencoder out: LieGAN on `X` itself.
    sindy : bool, default=False
        Train with the SINDy loss instead of adversaries: a SINDy autoencoder.
    """

    def __init__(
        self, X, X_dot, dim, seed, *, hidden_units=512, identity=False, sindy=False
    ):
        self.X, self.X_dot = (torch.tensor(x, dtype=torch.float32) for x in (X, X_dot))
        self.random = torch.Generator().manual_seed(seed)
        self.sindy, n = sindy, X.shape[1]
        hidden = (N_LAYERS - 1) * [hidden_units]
        # Layers draw their weights from the global generator.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = self.decoder = nn.Identity()
            if not identity:
                self.encoder = perceptron([n, *hidden, dim], batch_norm=True)
                self.encoder[-1] = orthogonal(self.encoder[-1])
                self.encoder.append(nn.BatchNorm1d(dim))
                self.decoder = perceptron([dim, *hidden, n])
            self.basis = nn.Parameter(torch.randn(dim, dim))
            self.judge = perceptron([2 * dim, *hidden, 1])
            self.coefficients = nn.Parameter(torch.randn(dim, n_candidates(dim)))
        coders = [*self.encoder.parameters(), *self.decoder.parameters()]
        others = [self.coefficients] if sindy else [self.basis]
        groups = [{"params": others, "lr": 1e-3}]
        if coders:
            groups.append({"params": coders, "lr": 3e-4})
        self.optimizer = torch.optim.Adam(groups)
        self.critic = torch.optim.Adam(self.judge.parameters(), lr=1e-3)

    def epoch(self):
        """Pass once over all pairs of consecutive snapshots."""
        self.encoder.train()
        order = torch.randperm(len(self.X) - 1, generator=self.random)
        for first in order.split(BATCH):
            rows = torch.stack([first, first + 1], dim=1).flatten()
            x = self.X[rows]
            z = self.encoder(x)
            loss = F.mse_loss(self.decoder(z), x)
            loss = loss + (self._equations(z, rows) if self.sindy else self._game(z))
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()

    def _game(self, z):
        """Let the discriminator take its step; return the loss of the generator."""
        pairs = z.unflatten(0, (-1, 2))
        draws = torch.randn(len(pairs), 1, 1, generator=self.random)
        moved = pairs @ torch.matrix_exp(draws * self.basis).mT
        sides = [self.judge(p.detach().flatten(1)) for p in (pairs, moved)]
        critic = F.softplus(-sides[0]).mean() + F.softplus(sides[1]).mean()
        self.critic.zero_grad()
        (critic / 2).backward()
        self.critic.step()
        fooled = F.softplus(-self.judge(moved.flatten(1))).mean()
        cosine = F.cosine_similarity(moved, pairs, dim=-1).mean().abs()
        return W_GAN * fooled + W_COSINE * cosine

    def _equations(self, z, rows):
        """Return the loss of a SINDy autoencoder beyond reconstruction."""
        rates = self._push(self.X[rows], self.X_dot[rows])
        predicted = candidates(z) @ self.coefficients.mT
        decoded = torch.func.jvp(self.decoder, (z,), (predicted,))[1]
        loss = W_Z_DOT * F.mse_loss(predicted, rates)
        loss = loss + W_X_DOT * F.mse_loss(decoded, self.X_dot[rows])
        return loss + W_L1 * self.coefficients.abs().sum()

    def _push(self, x, x_dot):
        # Batch statistics are updated in place, which jvp forbids: running ones here.
        self.encoder.eval()
        rates = torch.func.jvp(self.encoder, (x,), (x_dot,))[1]
        self.encoder.train()
        return rates

    @torch.no_grad()
    def latents(self, every=1):
        """Return latents and their rates, tensors of shape (n, dim)."""
        self.encoder.eval()
        both = (tensor[::every].split(512) for tensor in (self.X, self.X_dot))
        chunks = zip(*both, strict=True)
        images = [torch.func.jvp(self.encoder, (x,), (v,)) for x, v in chunks]
        return [torch.cat(parts) for parts in zip(*images, strict=True)]


class SINDyStage:
    """Equations by gradient, in latents that stay as they are.

    The published code encodes every batch anew; latents are encoded once here, which
    changes nothing but the time, in favour of the recipe.

    Parameters
    ----------
    z, z_dot : tensor of shape (n, dim)
    seed : int
    n_epochs : int, default=300
        Terms are dropped at every third of them.
    """

    def __init__(self, z, z_dot, seed, n_epochs=3 * DROP_EVERY):
        self.z, self.z_dot, self.n_epochs = z, z_dot, n_epochs
        self.random = torch.Generator().manual_seed(seed)
        dim = z.shape[1]
        shape = (dim, n_candidates(dim))
        self.coefficients = torch.randn(shape, generator=self.random)
        self.coefficients.requires_grad_()
        self.mask, self.l1, self.done = torch.ones(shape), W_L1, 0
        self.optimizer = torch.optim.Adam([self.coefficients], lr=1e-3)

    def epoch(self):
        """Pass once over the latents."""
        for rows in torch.randperm(len(self.z), generator=self.random).split(BATCH):
            predicted = candidates(self.z[rows]) @ (self.coefficients * self.mask).mT
            loss = F.mse_loss(predicted, self.z_dot[rows])
            loss = loss + self.l1 * self.coefficients.abs().sum()
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
        self.done += 1
        if self.done % max(self.n_epochs // 3, 1) == 0:
            self.mask *= self.coefficients.detach().abs() > THRESHOLD
            self.l1 /= 2

    def table(self):
        """Return the coefficients, ndarray of shape (dim, n_candidates)."""
        return (self.coefficients * self.mask).detach().double().numpy()


def candidates(z):
    """Return 1, z and all products of two of them, (n, n_candidates)."""
    i, j = torch.triu_indices(z.shape[1], z.shape[1])
    return torch.cat([torch.ones_like(z[:, :1]), z, z[:, i] * z[:, j]], dim=1)


def n_candidates(dim):
    """Return the number of monomials of degree two at most."""
    return 1 + dim + dim * (dim + 1) // 2
