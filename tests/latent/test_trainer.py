"""The training loop: what it records, improves, refuses, and leaves alone."""

import copy
import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from small_training import SPEED, bent_annulus, make_trainer

from symdisc._latent.trainer import EPOCH, Settings


def parameters(trainer):
    return torch.cat([p.detach().flatten() for p in trainer.autoencoder.parameters()])


@pytest.mark.parametrize("symmetry_of", ["distribution", "pairs", "derivatives"])
def test_history_has_each_loss_once_per_epoch(symmetry_of):
    history = make_trainer(symmetry_of).run()
    joined = {"discriminator", "generator"}
    joined |= {"equation"} if symmetry_of == "derivatives" else set()
    assert set(history) == {"reconstruction"} | joined
    for name, values in history.items():
        assert values.shape == (3,), name  # 25 + 25 + 20 iterations
        # The adversary joins at iteration 28, in the second epoch.
        assert_array_equal(np.isnan(values), [name in joined, False, False])
    # Both players start near indifference, and losses are averages, not sums.
    assert 0.5 < history["discriminator"][1] / (2 * math.log(2)) < 1.5
    assert 0 < history["reconstruction"].min() <= history["reconstruction"].max() < 1


@pytest.mark.parametrize("max_iter", [1, EPOCH, EPOCH + 1])
def test_length_of_the_history(max_iter):
    assert (
        len(make_trainer(max_iter=max_iter).run()["reconstruction"])
        == 1 + max_iter // 26
    )


def test_training_learns_what_the_linear_start_cannot():
    trainer = make_trainer(max_iter=300)
    data = trainer.snapshots

    def error():
        with torch.no_grad():
            latent = trainer.autoencoder.encode(data.coordinates)
            residual = data.coordinates - trainer.autoencoder.decode(latent)
        return float((residual * data.weights).square().sum(1).mean())

    before = error()
    assert before == pytest.approx(0.3**2, rel=0.1)  # all of the third coordinate
    history = trainer.run()
    assert error() < 0.2 * before
    assert history["reconstruction"][-1] < 0.2 * history["reconstruction"][0]
    # The gauge is left as the data want it ...
    with torch.no_grad():
        latent, rates = trainer.autoencoder.push_forward(
            data.coordinates, data.velocity
        )
    assert_allclose(latent.mean(0), 0, atol=1e-4)
    speed = float(rates.square().sum(1).mean().sqrt())
    assert trainer.speed == pytest.approx(speed, rel=1e-4)
    # ... and the equations are those of the rotation, on the last latents.
    expected = np.array([[0, SPEED], [SPEED, 0]])
    linear = [trainer.library.names.index(name) for name in ("z0", "z1")]
    found = trainer.coefficients[:, linear].numpy()
    assert_allclose(np.abs(found), expected, atol=0.15)
    assert found[0, 1] * found[1, 0] < 0
    assert history["equation"][-1] < 0.02


def test_projectors_are_averages_of_projectors():
    trainer = make_trainer(max_iter=100)
    trainer.run()
    # Of the game's 60 iterations those after 60 %, and the one before them.
    assert trainer.n_averaged == 24
    trace = trainer.projectors.diagonal(dim1=1, dim2=2).sum(1)
    assert_allclose(trace, 1, atol=1e-5)
    values = torch.linalg.eigvalsh(trainer.projectors)
    assert values.min() > -1e-6
    assert values.max() < 1 + 1e-6
    moved = (trainer.projectors - trainer.adversary.projector()).abs().max()
    assert moved > 1e-6  # an average, not the last one
    assert (trainer.evidence > 0).all()


def test_adversary_moves_the_autoencoder_only_as_w_gan_says():
    def fit(w_gan, foreign):
        trainer = make_trainer(max_iter=40, w_gan=w_gan)
        if foreign:
            draw = torch.Generator().manual_seed(9)
            shape = trainer.adversary.frame.shape
            trainer.adversary.frame.data = torch.randn(shape, generator=draw)
        trainer.run()
        return parameters(trainer)

    assert torch.equal(fit(0.0, False), fit(0.0, True))
    assert not torch.equal(fit(1.0, False), fit(1.0, True))


def test_every_player_moves_when_its_turn_has_come():
    trainer = make_trainer(max_iter=100)
    modules = (trainer.autoencoder.encoder, trainer.autoencoder.decoder)
    turns = [  # progress, and who moves: encoder, decoder, adversary
        (0.05, [False, True, False]),
        (0.3, [True, True, False]),
        (0.8, [True, True, True]),
    ]
    trainer._start_epoch()
    for progress, expected in turns:
        players = [*modules, trainer.adversary]
        before = [copy.deepcopy(player.state_dict()) for player in players]
        trainer._step(progress)
        moved = [
            any(not torch.equal(old[k], v) for k, v in player.state_dict().items())
            for old, player in zip(before, players, strict=True)
        ]
        assert moved == expected, progress


def test_infinite_weights_stop_training_with_a_remedy():
    trainer = make_trainer()
    trainer.snapshots.weights[0] = math.inf
    message = "The reconstruction loss is not finite at iteration 24.*Scale the columns"
    with pytest.raises(FloatingPointError, match=message):
        trainer.run()


def test_a_diverged_game_is_named():
    trainer = make_trainer()
    with torch.no_grad():
        trainer.adversary.biases[-1].fill_(math.inf)
    message = "discriminator and generator.* not finite at iteration 49.*loss_weights"
    with pytest.raises(FloatingPointError, match=message):
        trainer.run()


def test_silent_by_default(capsys):
    make_trainer(max_iter=30).run()
    assert capsys.readouterr() == ("", "")


def test_verbose_shows_a_bar_with_the_losses_on_stderr(capsys):
    make_trainer(max_iter=30, verbose=1).run()
    out, err = capsys.readouterr()
    assert out == ""
    assert "symdisc: 100%" in err
    assert "30/30" in err
    assert "reconstruction=" in err
    assert "discriminator=" in err


def test_global_state_is_left_alone():
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    threads, dtype = torch.get_num_threads(), torch.get_default_dtype()
    make_trainer(max_iter=30).run()
    assert torch.equal(torch.get_rng_state(), torch_state)
    assert_array_equal(np.random.get_state()[1], numpy_state[1])  # noqa: NPY002
    assert torch.get_num_threads() == threads
    assert torch.get_default_dtype() == dtype
    assert torch.is_grad_enabled()


def test_same_seed_same_training():
    runs = {}
    for name, seed in (("first", 1), ("again", 1), ("other", 2)):
        torch.rand(len(name))  # the global generator is somewhere else each time
        trainer = make_trainer(max_iter=30, seed=seed)
        trainer.run()
        runs[name] = parameters(trainer)
    assert torch.equal(runs["first"], runs["again"])
    assert not torch.equal(runs["first"], runs["other"])


def test_data_are_not_modified():
    trainer = make_trainer(max_iter=30)
    trainer.run()
    fresh = bent_annulus("derivatives")
    for name in ("coordinates", "velocity", "weights"):
        found = getattr(trainer.snapshots, name)
        assert torch.equal(found, getattr(fresh, name))
        assert not found.requires_grad


@pytest.mark.parametrize("weight", [-1.0, np.nan, np.inf, "1", None])
def test_bad_loss_weight_is_named(weight):
    with pytest.raises(ValueError, match=r"loss_weights\['eq'\]"):
        Settings.from_weights({"eq": weight})
