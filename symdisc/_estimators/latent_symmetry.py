"""Discovery of a linear Lie group symmetry in a learned latent space."""

import os
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from symdisc._data.training_data import QUESTIONS, SHORT_NAMES
from symdisc._data.validation import check_device
from symdisc._estimators.action import ActingEstimator
from symdisc._estimators.base import COUNT_OR_AUTO, MISSING
from symdisc._estimators.fit_symmetry import solve_for_symmetry, train_adversaries
from symdisc._estimators.forecast import ForecastingEstimator
from symdisc._estimators.outcome import (
    extent,
    latent_size,
    read_equations,
    reconstruction_error,
    warn_of_doubts,
    warn_of_little_explained,
)
from symdisc._estimators.symmetry_data import (
    SymmetryData,
    count_components,
    read_samples,
)
from symdisc._latent.coders import Decoder, Encoder
from symdisc._latent.pod import Modes
from symdisc._numerics.threads import one_thread
from symdisc._persistence.checkpoint import Checkpoint
from symdisc._symmetry.adversary import check_solver
from symdisc.autoencoders._names import AUTOENCODERS
from symdisc.autoencoders._strategy import Strategy


class LatentSymmetryDiscoverer(ActingEstimator, ForecastingEstimator):
    """Find a latent space on which a Lie group acts linearly as a symmetry.

    An autoencoder maps snapshots x to latents z. Generators L_i of the group are the
    linear maps that change the latents least, the solutions of an eigenvalue problem.
    With time derivatives, the equations of motion dz/dt = F(z) are found by sparse
    regression in the same latent space. ``solver="adversarial"`` is LaLiGAN [1]_: a
    generator of group elements exp(sum_i w_i L_i), w uniform, is trained against a
    discriminator that tells moved latents from original ones.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of latent dimensions; "auto" counts them as `estimate_dimension` does.
        Directions that the data do not fill stay zero, see `rank_`.
    n_generators : int or "auto", default="auto"
        Number of Lie algebra generators. "auto" finds all symmetries, possibly none. A
        number asks for as many: of fewer symmetries `fit` warns, and reports these.
    solver : {"spectral", "adversarial"}, default="spectral"
        "spectral" solves an eigenvalue problem in latents that were learned before.
        "adversarial" trains adversaries together with the autoencoder, for symmetries
        of distributions, and needs a number of generators or a `representation`.
    discriminator : {"latents", "reconstructions"}, default="latents"
        What adversaries tell apart: latents, or also the snapshots decoded from them.
        Double `max_iter` for these, for generators as exact.
    representation : sequence of Block, Translations and Scalars, optional
        Blocks of latent coordinates, in order. Each has generators of its own to be
        found, known generators, or none; see `Block`. Those that are no symmetries are
        left out, but not by adversaries or with ``n_generators=1``. Axes of the latent
        space are chosen to suit the blocks, except with ``autoencoder="none"``.
    symmetry_of : {"auto", "distribution", "pairs", "derivatives", "motion", \
"labels"}, default="auto"
        What is invariant: the distribution of z; that of (z_t, z_t+1), consecutive
        snapshots; that of (z, dz/dt), which needs no row order; the motion, where g
        maps motions to motions at the observed states; or the labels in `y`. "auto"
        means derivatives where they are given or follow from `t`, else the
        distribution; where that of (z, dz/dt) has no symmetry and the motion has one
        beside time translation, it means the motion. "states", "transitions" and
        "dynamics" are other words for distribution, pairs and motion.
    autoencoder : str, strategy, (encoder, decoder) or list, default="auto"
        How latents are found: a strategy of `symdisc.autoencoders`, or several in a
        list, of which one is chosen as `spaces_` says. "auto" is the list `AUTO`, with
        the adversarial solver "residual". This, "slow", "conv1d" and "conv2d" are short
        for `ResidualMLP`, `SlowFeatures` and `Conv`; a pair of torch modules for
        `Modules`. With "none" the columns of `X`, shifted, are the latents: none may
        be constant or a combination of others, and `n_components` is ignored.
    degree : int or "auto", default="auto"
        Degree of the polynomials that the motion is taken to be of: of the candidate
        library of the equations, and of the class within which a symmetry of the motion
        or of labels is certified. "auto" takes 2 for the library, and reads the final
        equations in the lowest degree up to 5 that predicts as well, but for terms
        below `threshold`; it chooses the class by cross-validation: at least one degree
        above the best and at least 3.
    max_defect : float, default=0.05
        Largest defect of a symmetry, see `defect_`.
    max_x_error : float, default=1e-3
        Share of the variance of the snapshots that a latent space may lose beside what
        the leading modes leave out, see `spaces_`.
    finite_group : bool or "auto", default="auto"
        Whether to look for discrete symmetries, see `finite_group_`. "auto" does so for
        motions of at most three latent dimensions, where it takes little time.
    threshold : float or "auto", default="auto"
        A candidate stays in an equation if the ratio of rms(coefficient * candidate)
        to rms(dz/dt) is at least this. "auto" is 0.1 where smaller terms explain at
        most 3e-4 of the rates, and with ``solver="adversarial"``, as published;
        elsewhere it chooses by cross-validation along rows, as in `LatentSINDy`.
    differentiation : {"auto", "central", "savgol", "spline"}, default="auto"
        How derivatives are taken along `t` where `y` is not given; "auto" takes
        smoothing splines.
    missing : {"raise", "drop"}, default="raise"
        What to do about NaN in `X` or `y`: raise an error, or leave out the rows
        concerned, with a warning. The others keep their times.
    loss_weights : dict, optional
        Weights, for the autoencoder, of the losses "recon", "gan" (its weight for
        generator and discriminator is 1), "eq" and "x_dot" (the equation loss in the
        space of snapshots), each relative to the variance of what it measures;
        default 1, 0.001, 0.1, 0. Where `representation` leaves no generator to be
        found, the default of "gan" is 1: only the encoder can adapt.
    max_iter : int, default=600
        Most minibatch iterations. Without adversaries, rows held out may end it.
    batch_size : int, default=128
        Snapshots in a minibatch.
    n_restarts : int, default=4
        Number of adversaries, trained independently at once in one batch.
    tol : float, default=0.01
        Training counts as converged if the generators of independently trained
        adversaries agree to this: 1 - `agreement_` <= tol. 1 silences the warnings
        about the symmetry.
    checkpoint : str, os.PathLike or None, default=None
        File that training writes its state to now and then. Where it exists, `fit` goes
        on from it, to the same result as without the interruption, and removes it in
        the end. Needs the same data and parameters, and a `random_state`.
    device : str or torch.device, default="cpu"
        Where to train.
    random_state : int, RandomState instance or None, default=None
        Seed of initial weights, minibatches and group elements.
    verbose : int, default=0
        1 shows a progress bar with the losses.

    Attributes
    ----------
    lie_algebra_ : DiscoveredAlgebra
        The certified or conditional generators, as many as are closed under brackets;
        as many as a number `n_generators` asks for, where there are so many, or none
        is certified: then undecided ones, else refuted ones. Prints as
        ``so(2): [[0, -1], [1, 0]]``, with the verdict below.
    equations_ : EquationSystem or None
        The discovered equations; None without derivatives.
    equation_score_ : float or None
        R2 of dz/dt under `equations_`, on the training data.
    dense_score_ : float or None
        The same, adjusted, with all candidates: `threshold` costs the difference.
    encoder_, decoder_ : torch.nn.Module
        Maps between snapshots and latents, in the dtype of `X`.
    history_ : dict of ndarray
        Losses per epoch (25 iterations), nan before adversarial training.
    defect_, defect_upper_ : ndarray of shape (c,)
        How much each generator L of ``lie_algebra_.matrices``, as printed, changes what
        is to be invariant, and an upper limit of it that holds for all at once (95 %).
        Of a motion F: ``rms(DF Lz - LF)`` over the rows, relative to the root of
        ``rms(DF Lz)^2 + rms(LF)^2``. Of labels f: ``rms(grad f . Lz)`` over
        ``rms(|grad f| |Lz|)``. Of a distribution: ``rms(E[grad f . Lz])`` over that of
        ``grad f . Lz``, for waves f with a wavelength of 3 to 6 standard deviations.
    verdict_ : tuple of str
        "certified": the limit is at most `max_defect`. "conditional": so it is, but the
        latents depend on an encoder that is not linear, which can make any distribution
        symmetric, or the rows cover less than half a turn. "refuted": the lower limit
        is above `max_defect`. "undecided": else.
    generator_error_ : ndarray of shape (c, `n_components_`, `n_components_`)
        Standard errors of ``lie_algebra_.matrices``.
    motion_algebra_, distribution_algebra_ : DiscoveredAlgebra or None
        Symmetries of the motion and of the distribution, each about a `centre` of its
        own, where rates are known and all symmetries are solved for, not of blocks.
    finite_group_ : FiniteGroup or None
        Discrete symmetries: of the motion where rates are known. None where none were
        looked for: see `finite_group`, with blocks, and for more than six dimensions.
    symmetry_of_ : {"distribution", "pairs", "derivatives", "motion", "labels"}
        What is invariant under `lie_algebra_`.
    n_iter_ : int
        Number of iterations; 1 where the space that was taken is not trained.
    reconstruction_error_ : float
        Sum of squared reconstruction errors over that of the centred data, estimated
        from 1024 to 2048 rows where there are more.
    errors_ : dict of float
        What the space that was taken leaves unexplained of rows held out: "x", of
        snapshots, and "x_dot", of rates, by its equations; and "symmetry", the largest
        of `defect_`; this alone with ``solver="adversarial"``.
    spaces_ : SpaceTable
        The latent spaces that were tried, one a row: their x and x_dot, as in
        `errors_`, number of terms, distortion, seconds, and which was taken or why not.
    distortion_ : float or None
        E|grad z|^2 of the white latents over the least that so many can have. None
        where snapshots fall into parts without neighbours, and where none was compared.
    rank_ : int
        Number of latents that carry information; those beyond it are zero.
    agreement_ : float or None
        Mean squared cosine between the generators of independently trained
        adversaries and their consensus; 1 is perfect. None where none were trained.
    restart_agreement_ : ndarray of shape (`n_restarts`,) or None
        The same between those of each adversary and `lie_algebra_`.
    n_components_, n_features_in_ : int
        Number of latent dimensions, and of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features, where `X` has string names.
    snapshot_shape_ : tuple of int
        Shape of a frame, only where `X` had more than two dimensions. `act`, `orbit`,
        `predict`, `simulate` and `inverse_transform` return frames of it.
    time_unit_ : "s"
        Only where `t` was given as dates or durations.

    References
    ----------
    .. [1] J. Yang, N. Dehmamy, R. Walters, R. Yu, "Latent Space Symmetry Discovery",
       ICML 2024, arXiv:2310.00105.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> rng = np.random.default_rng(0)
    >>> angle = rng.uniform(0, 2 * np.pi, 2000)
    >>> radius = rng.uniform(1, 2, 2000)
    >>> Z = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    >>> lift = rng.standard_normal((2, 10))
    >>> X, X_dot = Z @ lift, Z @ np.array([[0.0, 2.0], [-2.0, 0.0]]) @ lift
    >>> est = LatentSymmetryDiscoverer(random_state=0).fit(X, X_dot)
    >>> print(est.lie_algebra_)  # doctest: +ELLIPSIS
    so(2): [[0, -1], [1, 0]]
    certified, symmetry of the distribution of states and rates: ...
    """

    _parameter_constraints: dict = {
        "n_components": COUNT_OR_AUTO,
        "n_generators": [
            StrOptions({"auto"}),
            Interval(Integral, 1, None, closed="left"),
        ],
        "solver": [StrOptions({"spectral", "adversarial"})],
        "discriminator": [StrOptions({"latents", "reconstructions"})],
        "representation": [list, tuple, None],
        "symmetry_of": [StrOptions({"auto", *QUESTIONS, *SHORT_NAMES})],
        "autoencoder": [
            StrOptions({"auto", "none", *AUTOENCODERS}),
            Strategy,
            tuple,
            list,
        ],
        "degree": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "max_defect": [Interval(Real, 0, 1, closed="neither")],
        "max_x_error": [Interval(Real, 0, 1, closed="left")],
        "finite_group": ["boolean", StrOptions({"auto"})],
        "threshold": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "differentiation": [StrOptions({"auto", "central", "savgol", "spline"})],
        "missing": MISSING,
        "loss_weights": [dict, None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 2, None, closed="left")],
        "n_restarts": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "checkpoint": [str, os.PathLike, None],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_components="auto",
        *,
        n_generators="auto",
        solver="spectral",
        discriminator="latents",
        representation=None,
        symmetry_of="auto",
        autoencoder="auto",
        degree="auto",
        max_defect=0.05,
        max_x_error=1e-3,
        finite_group="auto",
        threshold="auto",
        differentiation="auto",
        missing="raise",
        loss_weights=None,
        max_iter=600,
        batch_size=128,
        n_restarts=4,
        tol=0.01,
        checkpoint=None,
        device="cpu",
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.n_generators = n_generators
        self.solver = solver
        self.discriminator = discriminator
        self.representation = representation
        self.symmetry_of = symmetry_of
        self.autoencoder = autoencoder
        self.degree = degree
        self.max_defect = max_defect
        self.max_x_error = max_x_error
        self.finite_group = finite_group
        self.threshold = threshold
        self.differentiation = differentiation
        self.missing = missing
        self.loss_weights = loss_weights
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.n_restarts = n_restarts
        self.tol = tol
        self.checkpoint = checkpoint
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, t=None, groups=None):
        """Learn the latent space, its symmetry and, with derivatives, its equations.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots, one a row; at least 5. Or frames of shape (n_samples, height,
            width), or a list of trajectories, arrays of either kind, with `y` and `t`
            as lists beside it.
        y : array-like of shape (n_samples, n_features), default=None
            X_dot, the time derivative of `X`. A 1-D `y` is ignored with a warning,
            but with ``symmetry_of="labels"`` it is what has to be invariant: one class
            or number a row.
        t : array-like of shape (n_samples,) or float, default=None
            Times of the snapshots, or the step between them, strictly increasing
            within a group; numbers, or dates or durations, which become seconds.
            Without `y`, derivatives are those of smoothing splines.
        groups : array-like of shape (n_samples,), default=None
            Trajectory that each snapshot belongs to. One of a single row, which has no
            difference along `t`, is left out, with a warning.

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            If an argument has a bad shape or value; the message names it.
        FloatingPointError
            If training diverges.
        """
        check_solver(self)
        X, y, t, groups, labels = read_samples(self, X, y, t, groups)
        X_dot, device = self._check_rates(X, y), check_device(self.device)
        random = check_random_state(self.random_state)
        modes = Modes(X, random)
        self.n_components_ = count_components(self, modes, random)
        seed, checkpoint = int(random.randint(2**31 - 1)), Checkpoint.of(self)

        solve = self.solver == "spectral"
        known = self, modes, X_dot, t, groups, labels, seed, device
        # Whatever mode the caller has set, training needs gradients.
        with torch.inference_mode(False):
            find = solve_for_symmetry if solve else train_adversaries
            with one_thread():
                found = find(self, SymmetryData.of_estimator(*known), checkpoint)
            pod = found.model.pod
            autoencoder = found.model.autoencoder.to(torch.from_numpy(pod.mean).dtype)
            self.encoder_ = Encoder(pod, autoencoder, self.n_components_).to(device)
            self.decoder_ = Decoder(pod, autoencoder, self.n_components_).to(device)
            read = autoencoder, found.snapshots
            explained = 1 - found.model.errors.get("x_dot", 0.0)
            self._set_equations(*read_equations(self, *read, y is not None), explained)
            self._latent_size = latent_size(*read)
            self._spread, self._limits, self._n_seen = extent(found.snapshots, pod)
            self.reconstruction_error_ = reconstruction_error(*read, pod)
        self._set_findings(found)
        if checkpoint is not None:
            checkpoint.finish()
        return self

    def _set_equations(self, equations, score, dense_score, explained):
        self.equations_, self.dense_score_ = equations, dense_score
        self.equation_score_ = score
        if equations is not None:
            warn_of_little_explained([score, explained])

    def _set_findings(self, found):
        self.lie_algebra_, self.agreement_ = found.algebra, found.agreement
        self.motion_algebra_, self.finite_group_ = found.motion, found.finite
        self.distribution_algebra_ = found.distribution
        self.symmetry_of_ = found.algebra.question
        self.defect_, self.verdict_ = found.algebra.defect, found.algebra.verdict
        self.defect_upper_ = found.algebra.defect_upper
        self.generator_error_ = found.algebra.error
        self.restart_agreement_ = found.restart_agreement
        self.rank_, self.history_ = found.model.rank, found.model.history
        self.n_iter_, self.spaces_ = found.model.n_iter, found.spaces
        distortion, self.errors_ = found.model.distortion, {**found.model.errors}
        self.distortion_ = float(distortion) if np.isfinite(distortion) else None
        if len(self.defect_):
            self.errors_["symmetry"] = float(self.defect_.max())
        warn_of_doubts(self)
