"""The discoverer recovers the truth, keeps its promises and refuses bad input."""

import io
import pickle
import re
import threading
from types import SimpleNamespace

import joblib
import numpy as np
import pytest
import sympy
import torch
from conftest import GAME, embedded_rotation, first_of
from numpy.testing import assert_allclose
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from symdisc import LatentSINDy, LatentSymmetryDiscoverer, LieAlgebra
from symdisc._estimators.fit_symmetry import _origin
from symdisc.datasets import make_lotka_volterra, make_reaction_diffusion


def skew_share(est):
    basis = est.lie_algebra_.basis[0]
    return np.linalg.norm(basis - basis.T) / 2 / np.linalg.norm(basis)


def assert_rotation(est, frequency, min_score=0.998, broken=""):
    """Assert a skew generator and dz0/dt = w z1, dz1/dt = -w z0."""
    assert est.lie_algebra_.name == "so(2)"
    printed = rf"so\(2\){broken}: \[\[0, -1\], \[1, 0\]\]\n"
    assert re.match(printed, str(est.lie_algebra_))
    assert skew_share(est) >= 0.999
    assert est.equations_.n_terms == 2
    linear = est.equations_.coefficients[:, 1:3]
    assert linear[0, 1] * linear[1, 0] < 0
    np.testing.assert_allclose(
        np.abs([linear[0, 1], linear[1, 0]]), frequency, rtol=0.01
    )
    assert est.equation_score_ >= min_score


def check_embedded_rotation(est, X, Z, frequency, broken=""):
    assert_rotation(est, frequency, broken=broken)
    assert est.reconstruction_error_ < 1e-3
    # Equal up to the gauge: the latent radius is proportional to the true one.
    radius = np.linalg.norm(est.transform(X), axis=1)
    assert np.corrcoef(radius, np.linalg.norm(Z, axis=1))[0, 1] > 0.99


def test_recovers_embedded_rotation(fitted_rotation, rotation):
    X, _, Z, frequency = rotation
    check_embedded_rotation(fitted_rotation, X, Z, frequency)


def test_adversaries_recover_embedded_rotation(game, rotation):
    X, _, Z, frequency = rotation
    check_embedded_rotation(game, X, Z, frequency)


@pytest.mark.slow
@pytest.mark.parametrize("symmetry_of", first_of(["derivatives", "distribution"]))
def test_discriminators_of_reconstructions(rotation, symmetry_of):
    X, X_dot, *_ = rotation
    seen = {"symmetry_of": symmetry_of, "discriminator": "reconstructions"}
    # They see more, and their generators are less exact.
    est = LatentSymmetryDiscoverer(2, **seen, tol=0.05, random_state=0, **GAME)
    est.fit(X, X_dot)
    assert est.lie_algebra_.name == "so(2)"
    assert skew_share(est) > 0.995
    assert est.reconstruction_error_ < 1e-3


def test_discriminators_are_of_adversaries(rotation):
    est = LatentSymmetryDiscoverer(2, discriminator="reconstructions")
    with pytest.raises(ValueError, match=r"discriminator='reconstructions' is of adv"):
        est.fit(rotation[0])


def test_adversaries_tell_what_is_left_out():
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 300)
    X = np.stack([1e6 * np.cos(angle), np.sin(angle), np.sin(angle + 1)], axis=1)
    options = {"n_generators": 1, "solver": "adversarial", "max_iter": 25, "tol": 1.0}
    est = LatentSymmetryDiscoverer(2, **options, random_state=0)
    with pytest.warns(UserWarning, match="n_components=2, but 1 of these directions"):
        assert est.fit(X).rank_ == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 20))
def test_adversaries_recover_embedded_rotation_every_time(seed):
    X, X_dot, Z, frequency = embedded_rotation(seed)
    est = LatentSymmetryDiscoverer(random_state=seed, **GAME).fit(X, X_dot)
    check_embedded_rotation(est, X, Z, frequency)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 20))
def test_recovers_embedded_rotation_every_time(seed):
    # Fewer rows do not always certify the rotation.
    X, X_dot, Z, frequency = embedded_rotation(seed, 5000)
    est = LatentSymmetryDiscoverer(random_state=seed).fit(X, X_dot)
    # One sample in twenty is less round than its limits allow for.
    check_embedded_rotation(est, X, Z, frequency, broken="(, broken by .*)?")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 20))
def test_rotation_of_few_rows_is_a_symmetry_or_time_translation(seed):
    X, X_dot, _, frequency = embedded_rotation(seed)
    est = LatentSymmetryDiscoverer(random_state=seed).fit(X, X_dot)
    found, time = est.lie_algebra_, est.motion_algebra_.time_translation
    assert found.name == "so(2)" or (
        found.name == "scaling"
        and est.symmetry_of_ == "motion"
        and est.distribution_algebra_.undecided.name == "so(2)"
    )
    assert time.name == "so(2)"
    assert time.rate == pytest.approx(frequency)


@pytest.fixture(scope="module")
def small_reaction_diffusion():
    return make_reaction_diffusion(n_steps=2000, n_grid=48)


def check_reaction_diffusion(data, seed, **way):
    est = LatentSymmetryDiscoverer(random_state=seed, max_iter=900, **way)
    est.fit(data.X, data.X_dot)
    assert_rotation(est, data.omega, min_score=0.999)
    # Two POD modes leave this: the latent space holds more than the phase.
    centred = data.X - data.X.mean(axis=0)
    pod = np.linalg.eigvalsh(centred @ centred.T)
    assert est.reconstruction_error_ < 0.1 * pod[:-2].sum() / pod.sum()


@pytest.mark.parametrize("seed", first_of(range(3)))
def test_recovers_reaction_diffusion(small_reaction_diffusion, seed):
    check_reaction_diffusion(small_reaction_diffusion, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_adversaries_recover_reaction_diffusion(seed):
    data = make_reaction_diffusion(n_steps=1500, n_grid=48)
    check_reaction_diffusion(data, seed, **GAME)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3, 20))
def test_recovers_reaction_diffusion_every_time(small_reaction_diffusion, seed):
    check_reaction_diffusion(small_reaction_diffusion, seed)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("symmetry_of", "discriminator"),
    first_of(
        [
            ("states", "latents"),
            ("transitions", "latents"),
            ("transitions", "reconstructions"),
        ]
    ),
)
def test_other_senses_of_symmetry(symmetry_of, discriminator):
    """Rotations are found from the states alone, and from consecutive snapshots."""
    t = 0.05 * np.arange(1000)
    group = np.repeat([0, 1], 500)
    phase = np.where(group == 0, 2 * t, 2 * t + 1.0)
    radius = np.where(group == 0, 1.0, 2.0)
    lift = np.random.default_rng(0).standard_normal((2, 12))
    X = (radius * np.array([np.cos(phase), np.sin(phase)])).T @ lift
    seen = {"symmetry_of": symmetry_of, "discriminator": discriminator}
    est = LatentSymmetryDiscoverer(**seen, random_state=0, **GAME)
    est.fit(X, groups=group)
    assert est.lie_algebra_.name == "so(2)"
    assert skew_share(est) > 0.99
    assert est.equations_ is None


def test_a_small_damping_is_no_term_to_be_left_out():
    rng = np.random.default_rng(0)
    Z = rng.standard_normal((1000, 2))
    field, lift = np.array([[-0.05, -1.0], [1.0, -0.05]]), rng.standard_normal((2, 12))
    est = LatentSymmetryDiscoverer(random_state=0)
    est.fit(Z @ lift, Z @ field.T @ lift)
    linear = est.equations_.coefficients[:, 1:3]
    assert_allclose(np.trace(linear) / 2, -0.05, rtol=1e-6)
    assert_allclose(np.linalg.det(linear), 1.0025, rtol=1e-6)


def test_the_origin_is_a_fixed_point_where_no_generator_has_one():
    z = np.random.default_rng(0).standard_normal((200, 2))
    rates = (z - [0.3, -0.1]) @ [[0.1, 1.0], [-1.0, -0.2]]
    nothing = SimpleNamespace(algebra=[], centre=np.zeros(2))
    assert_allclose(_origin(nothing, [z, rates]), [0.3, -0.1])
    turn = SimpleNamespace(algebra=[1], centre=np.array([0.2, 0.0]))
    assert_allclose(_origin(turn, [z, rates]), [0.2, 0.0])
    assert_allclose(_origin(nothing, [z]), 0)


@pytest.mark.parametrize("length", [2, 3])
def test_short_trajectories_have_a_symmetry_of_motion(length):
    rng = np.random.default_rng(0)
    start, radius = rng.uniform(0, 2 * np.pi, 200), rng.uniform(0.5, 1.5, 200)
    t = np.tile(0.1 * np.arange(length), 200)
    group = np.repeat(np.arange(200), length)
    phase, radius = start[group] + t, radius[group]
    X = np.column_stack([radius * np.cos(phase), radius * np.sin(phase)])
    X = X @ rng.standard_normal((2, 12))
    est = LatentSymmetryDiscoverer(random_state=0)
    est.fit(np.hstack([X, X[:, :4] ** 2]), t=t, groups=group)
    assert est.motion_algebra_.time_translation.name == "so(2)"
    rates = np.linalg.eigvals(est.equations_.coefficients[:, 1:3])
    assert_allclose(np.abs(rates.imag), 1, rtol=0.01)


def three_orbits(n_rows, dt):
    t = dt * np.arange(3 * n_rows)
    group = np.repeat(np.arange(3), n_rows)
    phase, radius = 2 * t + group, 1.0 + 0.5 * group
    lift = np.random.default_rng(1).standard_normal((2, 12))
    X = (radius * np.array([np.cos(phase), -np.sin(phase)])).T @ lift
    return X, {"t": t, "groups": group}


def test_time_stands_in_for_derivatives():
    X, times = three_orbits(200, 0.04)
    # Three orbits do not certify a rotation of their distribution.
    found = LatentSymmetryDiscoverer(random_state=0).fit(X, **times)
    assert found.lie_algebra_.name == "scaling"
    assert "the distribution, undecided: so(2), defect" in str(found.lie_algebra_)
    assert found.lie_algebra_.time_translation.name == "so(2)"
    assert found.lie_algebra_.time_translation.rate == pytest.approx(2.0)
    assert found.distribution_algebra_.undecided.name == "so(2)"


def test_adversaries_take_derivatives_along_time():
    X, times = three_orbits(200, 0.04)
    est = LatentSymmetryDiscoverer(2, max_iter=25, tol=1, random_state=0, **GAME)
    # The rate of a turn needs no generator, and little training.
    linear = est.fit(X, **times).equations_.coefficients[:, 1:3]
    assert_allclose(np.abs(np.linalg.eigvals(linear).imag), 2, rtol=0.01)


@pytest.mark.slow
def test_adversaries_recover_a_rotation_along_time():
    X, times = three_orbits(400, 0.02)
    est = LatentSymmetryDiscoverer(random_state=0, **GAME)
    assert_rotation(est.fit(X, **times), 2.0)


def test_empty_latent_direction_stays_zero(rotation):
    X, X_dot, _, frequency = rotation
    with pytest.warns(UserWarning, match="1 of these directions .* n_components=2"):
        est = LatentSymmetryDiscoverer(3, random_state=0).fit(X, X_dot)
    assert est.rank_ == 2
    assert est.lie_algebra_.name == "so(2)"
    eigenvalues = np.abs(np.linalg.eigvals(est.lie_algebra_.basis[0]))
    assert eigenvalues.min() < 0.02 * eigenvalues.max()
    assert est.transform(X).shape == (len(X), 3)
    np.testing.assert_array_equal(est.transform(X)[:, 2], 0)
    rates = np.linalg.eigvals(est.equations_.coefficients[:, 1:4])
    np.testing.assert_allclose(np.abs(rates.imag).max(), frequency, rtol=0.01)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:n_components=3, but 1 of these")
def test_units_and_empty_features_do_not_matter(rotation):
    X, X_dot, *_ = rotation
    empty = np.zeros((len(X), 3))
    X, X_dot = 1e-3 * np.hstack([X, empty]), 1e-3 * np.hstack([X_dot, empty])
    est = LatentSymmetryDiscoverer(3, random_state=0).fit(X, X_dot)
    assert est.rank_ == 2
    assert est.lie_algebra_.name == "so(2)"
    assert est.reconstruction_error_ < 1e-3


def test_more_components_than_independent_rows():
    X = np.random.default_rng(0).standard_normal((6, 9))
    est = LatentSymmetryDiscoverer(8, max_iter=5, tol=1, random_state=0)
    with pytest.warns(UserWarning, match="or more rows"):
        est.fit(X)
    assert est.rank_ <= 5
    assert est.transform(X).shape == (6, 8)


@pytest.fixture(scope="module")
def few():
    """Rows for what does not depend on the symmetry that is found."""
    return embedded_rotation(0, 300, 8)[:2]


@pytest.fixture(scope="module")
def fitted(fitted_rotation):
    return fitted_rotation


@pytest.fixture(scope="module")
def game(rotation):
    X, X_dot, *_ = rotation
    return LatentSymmetryDiscoverer(random_state=0, **GAME).fit(X, X_dot)


def test_history_of_adversaries(game):
    assert game.n_iter_ == game.max_iter
    lengths = {name: len(values) for name, values in game.history_.items()}
    assert lengths == dict.fromkeys(
        ["reconstruction", "equation", "discriminator", "generator"],
        game.max_iter // 25,
    )


def test_fitted_attributes(fitted, rotation):
    X = rotation[0]
    assert isinstance(fitted.lie_algebra_, LieAlgebra)
    assert fitted.n_features_in_ == X.shape[1]
    assert fitted.agreement_ is None
    assert set(fitted.verdict_) == {"certified"}
    assert isinstance(fitted.encoder_, torch.nn.Module)
    assert list(fitted.get_feature_names_out()) == ["z0", "z1"]


def test_latents_are_centred_and_white(fitted, rotation):
    Z = fitted.transform(rotation[0])
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=0.05)
    np.testing.assert_allclose(np.cov(Z.T), np.eye(2), atol=0.1)


def test_round_trip_and_score_say_the_same(fitted, rotation):
    X = rotation[0]
    decoded = fitted.inverse_transform(fitted.transform(X))
    error = np.square(X - decoded).sum() / np.square(X - X.mean(axis=0)).sum()
    assert error == pytest.approx(fitted.reconstruction_error_, rel=1e-3)
    assert fitted.score(X) == pytest.approx(1 - error, abs=1e-6)
    half = np.arange(len(X)) < len(X) // 2
    assert fitted.score(X, sample_weight=half.astype(float)) == pytest.approx(
        fitted.score(X[half]), abs=1e-6
    )


@pytest.mark.parametrize("mode", first_of([torch.inference_mode, torch.no_grad]))
@pytest.mark.parametrize(
    "est",
    first_of(
        [
            LatentSINDy(max_iter=5, random_state=0),
            LatentSymmetryDiscoverer("auto", max_iter=5, tol=1.0, random_state=0),
        ]
    ),
)
def test_fit_without_gradients_of_the_caller(est, mode, few):
    X, X_dot = few
    expected = clone(est).fit(X, X_dot)
    with mode():
        found = clone(est).fit(X, X_dot)
        assert not torch.is_grad_enabled()
    assert (found.transform(X) == expected.transform(X)).all()
    assert found.equation_score_ == expected.equation_score_
    assert found.to_pysindy(X, X_dot)["x_dot"][0].any()


def test_weights_of_the_score_are_checked(fitted, rotation):
    X = rotation[0]
    half = np.arange(len(X)) % 2
    assert fitted.score(X, sample_weight=half.tolist()) == pytest.approx(
        fitted.score(X[half == 1]), abs=1e-6
    )
    for bad in (half[:-1], half[:, None], np.full(len(X), np.nan)):
        with pytest.raises(ValueError, match=r"[Ss]ample.weight"):
            fitted.score(X, sample_weight=bad)


@pytest.mark.parametrize("way", [{}, GAME], ids=["spectral", "adversarial"])
def test_same_seed_same_result(few, way):
    X, X_dot = few
    est = LatentSymmetryDiscoverer(2, max_iter=50, tol=1, random_state=0, **way)
    first, again = (clone(est).fit(X, X_dot) for _ in range(2))
    np.testing.assert_array_equal(again.lie_algebra_.basis, first.lie_algebra_.basis)
    np.testing.assert_array_equal(again.transform(X), first.transform(X))


def test_pickle_and_joblib(fitted, rotation, tmp_path):
    X = rotation[0]
    joblib.dump(fitted, tmp_path / "est.joblib")
    for copy in (
        pickle.loads(pickle.dumps(fitted)),
        joblib.load(tmp_path / "est.joblib"),
    ):
        np.testing.assert_array_equal(copy.transform(X), fitted.transform(X))
        assert str(copy.lie_algebra_) == str(fitted.lie_algebra_)
        assert str(copy.equations_) == str(fitted.equations_)


def test_pandas_output(fitted, rotation):
    pytest.importorskip("pandas")
    frame = pickle.loads(pickle.dumps(fitted)).set_output(transform="pandas")
    assert list(frame.transform(rotation[0]).columns) == ["z0", "z1"]


def test_float32_stays_float32(rotation):
    X, X_dot, _, frequency = rotation
    est = LatentSymmetryDiscoverer(random_state=0)
    est.fit(X.astype(np.float32), X_dot.astype(np.float32))
    assert_rotation(est, frequency)
    Z = est.transform(X.astype(np.float32))
    assert Z.dtype == np.float32
    assert est.inverse_transform(Z).dtype == np.float32


@pytest.mark.parametrize("way", [{}, GAME], ids=["spectral", "adversarial"])
def test_leaves_global_state_alone(few, way):
    X, X_dot = few
    np.random.seed(5)  # noqa: NPY002
    before = torch.get_rng_state()
    threads = torch.get_num_threads()
    X_before = X.copy()
    options = {"max_iter": 25, "random_state": 0, "tol": 1}
    LatentSymmetryDiscoverer(2, **options, **way).fit(X, X_dot)
    assert torch.equal(before, torch.get_rng_state())
    drawn = np.random.random()  # noqa: NPY002
    assert drawn == np.random.RandomState(5).random()
    assert torch.get_num_threads() == threads
    np.testing.assert_array_equal(X, X_before)


def test_threads_do_not_disturb_each_other(few):
    X, X_dot = few
    est = LatentSymmetryDiscoverer(2, max_iter=25, random_state=0, tol=1, **GAME)
    alone = clone(est).fit(X, X_dot).transform(X)
    together = [clone(est), clone(est)]
    threads = [threading.Thread(target=e.fit, args=(X, X_dot)) for e in together]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for e in together:
        np.testing.assert_allclose(e.transform(X), alone, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
def test_grid_search_in_a_pipeline(rotation):
    X, *_ = rotation
    search = GridSearchCV(
        make_pipeline(
            StandardScaler(),
            LatentSymmetryDiscoverer(max_iter=100, random_state=0, tol=1),
        ),
        {"latentsymmetrydiscoverer__n_components": [1, 2]},
        cv=GroupKFold(2),
    )
    search.fit(X, groups=np.arange(len(X)) // 100)
    assert search.best_params_ == {"latentsymmetrydiscoverer__n_components": 2}
    assert search.best_score_ > 0.9


def test_silent_by_default_and_progress_on_request(few, capsys):
    X, X_dot = few
    est = LatentSymmetryDiscoverer(2, max_iter=25, random_state=0, tol=1, **GAME)
    est.fit(X, X_dot)
    assert capsys.readouterr() == ("", "")
    est.set_params(verbose=1).fit(X, X_dot)
    assert "reconstruction=" in capsys.readouterr().err


def test_warns_when_adversaries_disagree(few):
    X, X_dot = few
    est = LatentSymmetryDiscoverer(2, max_iter=20, random_state=0, **GAME)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        est.fit(X, X_dot)


def test_diverging_training_is_never_returned(few):
    X, X_dot = few
    est = LatentSymmetryDiscoverer(
        2, max_iter=50, loss_weights={"recon": 1e300}, random_state=0, **GAME
    )
    with pytest.raises(FloatingPointError, match="not finite"):
        est.fit(X, X_dot)
    assert not hasattr(est, "lie_algebra_")


def _spoil(X, value):
    X = X.copy()
    X[3, 1] = value
    return X


BAD = {
    "nan": (lambda X: (_spoil(X, np.nan),), {}, {}, "NaN"),
    "infinity": (lambda X: (_spoil(X, np.inf),), {}, {}, "infinity"),
    "1-D": (lambda X: (X[0],), {}, {}, "2D"),
    "few rows": (lambda X: (X[:4],), {}, {}, "minimum of 5"),
    "constant": (lambda X: (np.ones_like(X),), {}, {}, "constant"),
    "X_dot shape": (lambda X: (X, X[:, 1:]), {}, {}, "y has shape"),
    "X_dot nan": (lambda X: (X, X * np.nan), {}, {}, "y contains NaN"),
    "n_components": (lambda X: (X,), {"n_components": 99}, {}, "n_components=99"),
    "n_generators": (lambda X: (X,), {"n_generators": 9}, {}, "n_generators=9"),
    "option": (lambda X: (X,), {"symmetry_of": "x"}, {}, "symmetry_of"),
    "no derivative": (
        lambda X: (X,),
        {"symmetry_of": "derivatives"},
        {},
        "pass X_dot as y, or t",
    ),
    "device": (lambda X: (X,), {"device": "nowhere"}, {}, "device='nowhere'"),
    "unsorted t": (
        lambda X: (X,),
        {},
        {"t": np.r_[1, 0, np.arange(2, 1500)]},
        "increas",
    ),
    "length of t": (lambda X: (X,), {}, {"t": np.arange(3)}, "t "),
    "groups": (lambda X: (X,), {}, {"groups": np.arange(3)}, "groups"),
    "no transitions": (
        lambda X: (X,),
        {"symmetry_of": "transitions"},
        {"groups": np.arange(1500)},
        "groups",
    ),
    "t against X_dot": (lambda X: (X, X), {}, {"t": 0.1}, "disagree"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_a_remedy(rotation, case):
    arguments, parameters, more, message = BAD[case]
    options = {"n_components": 2, "max_iter": 2, "tol": 1} | parameters
    est = LatentSymmetryDiscoverer(**options)
    for way in ({}, GAME | parameters):
        with pytest.raises(ValueError, match=message):
            est.set_params(**way).fit(*arguments(rotation[0]), **more)


def test_the_default_solves_for_all_generators():
    est = LatentSymmetryDiscoverer()
    assert (est.n_generators, est.solver) == ("auto", "spectral")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_generators": "auto"}, 'n_generators="auto" .* solver="spectral", or give'),
        ({"symmetry_of": "motion"}, "symmetry_of='motion' .* solver=\"spectral\""),
        ({"symmetry_of": "dynamics"}, "symmetry_of='dynamics' .* distributions"),
        ({"symmetry_of": "labels"}, "symmetry_of='labels' .* solver=\"spectral\""),
        ({"autoencoder": "none"}, 'autoencoder="none" .* or another autoencoder'),
        ({"solver": "gan"}, "The 'solver' parameter"),
    ],
)
def test_what_adversaries_are_not_for_is_refused(rotation, parameters, message):
    est = LatentSymmetryDiscoverer(2, max_iter=2, tol=1, **(GAME | parameters))
    with pytest.raises(ValueError, match=message):
        est.fit(*rotation[:2])


@pytest.mark.parametrize("make", [LatentSymmetryDiscoverer, LatentSINDy])
def test_equations_of_a_limit_cycle_are_the_sparse_ones(make):
    """Candidates depend on each other, z0**2 + z1**2 = 2, but for errors of rates."""
    t = np.arange(2000) * np.pi / 100
    lift = np.random.default_rng(0).standard_normal((2, 10))
    Z = np.sqrt(2) * np.column_stack([np.cos(0.9 * t), -np.sin(0.9 * t)])
    wobble = 1e-3 * np.cos(5 * t)
    rates = 0.9 * np.column_stack([Z[:, 1], -Z[:, 0]])
    rates[:, 0] += 5 * wobble
    X, X_dot = (Z * (1 + wobble)[:, None]) @ lift, rates @ lift
    est = make(threshold=0.1, random_state=0).fit(X, X_dot)
    assert est.equations_.n_terms == 2
    np.testing.assert_allclose(
        np.abs(est.equations_.coefficients[[0, 1], [2, 1]]), 0.9, rtol=0.01
    )


def test_fewer_symmetries_than_asked_for_are_a_warning(rotation):
    X, X_dot, *_ = rotation
    est = LatentSymmetryDiscoverer(2, n_generators=1, random_state=0).fit(X)
    assert est.verdict_ == ("certified",)
    assert est.lie_algebra_.name == "so(2)"
    est.set_params(n_generators=2)
    asked = "n_generators=2 asks for more symmetries than are found: "
    with pytest.warns(ConvergenceWarning, match=asked + "1 certified, defect_=.*auto"):
        est.fit(X)
    assert est.verdict_ == ("certified",)
    with pytest.warns(ConvergenceWarning, match=asked + "1 certified, defect_="):
        assert len(clone(est).fit(X, X_dot).lie_algebra_) == 1
    clone(est).set_params(tol=1.0).fit(X)
    with pytest.warns(ConvergenceWarning, match="=1 asks .*: 1 undecided, .*More rows"):
        clone(est).set_params(n_generators=1).fit(X[:100])


@pytest.mark.parametrize("n_generators", first_of([3, 4]))
def test_too_many_generators_do_not_hide_those_that_there_are(rotation, n_generators):
    X, X_dot, *_ = rotation
    est = LatentSymmetryDiscoverer(2, n_generators=n_generators, random_state=0)
    asked = (
        f"n_generators={n_generators} asks .* found: 1 certified, .* Every other map"
    )
    with pytest.warns(ConvergenceWarning, match=asked):
        est.fit(X, X_dot)
    assert (est.lie_algebra_.name, est.verdict_) == ("so(2)", ("certified",))
    with pytest.warns(ConvergenceWarning, match="found: 1 undecided"):
        est.fit(X[:100])
    assert est.verdict_ == ("undecided",)


@pytest.mark.slow
def test_one_generator_of_a_plane_that_has_to_be_bent():
    data = make_lotka_volterra(10, 300, dt=0.05, random_state=0)
    est = LatentSymmetryDiscoverer(n_generators=1, random_state=0)
    assert est.fit(data.X, data.X_dot).lie_algebra_.name == "so(2)"
    assert est.verdict_ == ("conditional",)


def test_latents_of_wrong_width_are_refused(fitted):
    with pytest.raises(ValueError, match="n_components=2"):
        fitted.inverse_transform(np.zeros((3, 5)))


def test_label_vector_is_ignored_with_a_warning(few):
    X = few[0]
    est = LatentSymmetryDiscoverer(2, max_iter=2, tol=1)
    with pytest.warns(UserWarning, match="1-D and is ignored"):
        est.fit(X, np.arange(len(X)) % 5)
    assert est.equations_ is None


def test_noncontiguous_and_readonly_input(few):
    X, X_dot = few
    X = np.asfortranarray(X)
    X.flags.writeable = False
    est = LatentSymmetryDiscoverer(2, max_iter=5, tol=1, random_state=0)
    est.fit(X, X_dot)
    assert np.isfinite(est.transform(X)).all()


def test_html_repr_of_fitted_estimator(fitted):
    assert "LatentSymmetryDiscoverer" in fitted._repr_html_()
    buffer = io.StringIO()
    print(fitted.lie_algebra_, fitted.equations_, file=buffer)
    assert "dz0/dt" in buffer.getvalue()


@pytest.mark.slow
def test_restarts_are_counted_and_agree(rotation):
    X, X_dot, *_ = rotation
    options = {"n_restarts": 3, "max_iter": 300, "tol": 1, "random_state": 0}
    est = LatentSymmetryDiscoverer(2, **options, **GAME)
    est.fit(X, X_dot)
    assert est.restart_agreement_.shape == (3,)
    assert (est.restart_agreement_ <= 1 + 1e-6).all()
    # The consensus is that of the better half of them.
    assert np.sort(est.restart_agreement_)[1] > 0.95


@pytest.mark.parametrize("lifted", [False, True])
def test_equations_are_read_in_the_degree_of_the_motion(lifted):
    """Those of a limit cycle are cubic: of degree 2 they would be those of a focus."""
    rng = np.random.default_rng(0)
    Z = rng.uniform(-1.5, 1.5, (1000, 2))
    Z_dot = Z @ np.array([[1.0, 1.0], [-1.0, 1.0]]) - Z * (Z**2).sum(axis=1)[:, None]
    turn = np.array([[0.8, 0.6], [-0.6, 0.8]]) @ np.eye(2, 12)
    X, X_dot = (Z @ turn, Z_dot @ turn) if lifted else (Z, Z_dot)
    options = {} if lifted else {"autoencoder": "none"}
    est = LatentSymmetryDiscoverer(random_state=0, **options).fit(X, X_dot)
    assert est.equation_score_ > 0.999
    names = sympy.symbols("z:2")
    jacobian = sympy.Matrix(est.equations_.expressions).jacobian(names)
    jacobian = jacobian.subs(dict.fromkeys(names, 0))
    eigenvalues = np.linalg.eigvals(np.array(jacobian, dtype=float))
    np.testing.assert_allclose(eigenvalues.real, 1, atol=0.1)
    np.testing.assert_allclose(np.abs(eigenvalues.imag), 1, atol=0.1)
    # A rotation alone is linear, and a threshold keeps no more.
    linear = LatentSymmetryDiscoverer(random_state=0, **options).fit(
        X, np.column_stack([-Z[:, 1], Z[:, 0]]) @ (turn if lifted else np.eye(2))
    )
    assert len(linear.equations_.library) == 6


def test_errors_are_of_the_space_that_was_taken(fitted_rotation):
    (taken,) = (space for space in fitted_rotation.spaces_ if space.taken)
    errors = fitted_rotation.errors_
    assert (errors["x"], errors["x_dot"]) == (taken.x, taken.x_dot)
    assert errors["symmetry"] == fitted_rotation.defect_.max()
