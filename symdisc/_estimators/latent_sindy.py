"""Governing equations in a latent space, by sparse regression."""

import os
from numbers import Integral, Real

import numpy as np
import torch
from sklearn.base import _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from symdisc._equations.names import learns_latents
from symdisc._estimators.base import (
    COUNT_OR_AUTO,
    MISSING,
    NONE_OR_SEVERAL,
    LatentEstimator,
)
from symdisc._estimators.doubts import warn_of_doubts
from symdisc._estimators.fit_sindy import find_space
from symdisc._estimators.forecast import ForecastingEstimator
from symdisc._estimators.outcome import warn_of_misfit
from symdisc._estimators.sindy_equations import (
    find_equations,
    set_equations,
    set_space,
)
from symdisc._estimators.sindy_samples import given_to_fit, score_of
from symdisc._lie.algebra import LieAlgebra
from symdisc._persistence.checkpoint import Checkpoint
from symdisc.autoencoders._names import AUTOENCODERS
from symdisc.autoencoders._strategy import Strategy


class LatentSINDy(ForecastingEstimator):
    """Find latent coordinates and the sparse equations of motion they obey.

    An autoencoder phi maps snapshots x to latents z, in which the motion is a
    combination of few candidate functions, dz/dt = Xi Theta(z). Reconstruction and
    equation error, ``E |J_phi(x) x_dot - F(z)|^2``, are minimised together ([1]_,
    eq. 5), and with the latter its image under the decoder [2]_. A symmetry, given or
    discovered, restricts the equations to those that are equivariant.

    Parameters
    ----------
    n_components : int or "auto", default="auto"
        Number of latent dimensions; "auto" counts them as `estimate_dimension` does, or
        takes that of a LieAlgebra. With ``autoencoder="none"`` the columns of `X` are
        the latent coordinates, under their names, and this is ignored.
    degree : int, default=2
        Degree of the polynomial candidates.
    include_constant : bool, default=True
        Whether the constant 1 is a candidate. The origin of a learned latent space is
        the mean of the data, which is seldom a fixed point.
    library : sequence, optional
        Further candidates: the names "sin", "abs", ..., expressions as text or sympy,
        in z0, z1, ... or names of columns, or a pysindy feature library.
    constants : dict, optional
        Values of names in `library` that are no variables, such as ``{"K": None, "n":
        2}`` for "z0**n/(K**n + z0**n)". None are positive numbers that are found along
        with the coefficients, see `constants_`.
    denominator_degree : int, default=0
        Degree of the polynomials that the candidates of each equation may be divided
        by, see `constants_`. It needs latents that are given, and no symmetry.
    inputs : sequence of str or int, optional
        Columns of `X`, by name or number, that drive the others and have no equation,
        such as forces, or constants of a trajectory. They need ``autoencoder="none"``,
        are candidates as they are, taken to be exact, and `simulate` is given them.
    discrete : bool, default=False
        Whether to look for a map, x[k+1] = F(x[k]), of rows that follow each other,
        instead of equations for rates. It needs ``autoencoder="none"``.
    fix : dict, optional
        Terms with known coefficients, by equation: ``{"dz1/dt": "-9.81*sin(z0)"}``. The
        others are found.
    order : {1, 2}, default=1
        2 looks for d2z/dt2 = F(z, dz/dt), whose velocities are called z0_dot, ...
    autoencoder : str, strategy, list, estimator or (encoder, decoder), default="auto"
        How latents are found: one or several strategies of `symdisc.autoencoders`, of
        which one is chosen as `spaces_` says; "auto" is its list `AUTO`. "none" takes
        the columns of `X`. A `LatentSymmetryDiscoverer` is used as it is where fitted,
        else a clone is fitted first; a pair of torch modules is copied and used as is.
    symmetry : None, "discover", str or LieAlgebra, default=None
        Symmetry of the equations: none; "discover", which finds it in the latent space
        (or takes that of the estimator given as `autoencoder`); or a known one, as a
        LieAlgebra (rounded where it is inexact) or by a name such as "so(2)".
    max_defect : float, default=0.05
        Largest defect of a symmetry that is discovered, see `LatentSymmetryDiscoverer`.
    max_x_error : float, default=1e-3
        Share of the variance of X that latents lose beside what the modes leave out.
    equivariance_weight : float, default=inf
        Infinity imposes the symmetry exactly; a number is the weight of a penalty.
    threshold : float or "auto", default="auto"
        A candidate stays in an equation if the ratio of rms(coefficient * candidate)
        to rms(rate) is at least this. "auto" chooses the terms by cross-validation over
        trajectories or parts of them, see `path_`.
    optimizer : object, optional
        Regression used instead, with ``fit(features, targets)`` and ``coef_``.
    n_bootstrap : int, default=0
        Number of resamplings of trajectories or blocks for standard errors, at least
        2. With 0 they are those of least squares whose residuals are correlated within
        trajectories or blocks; see ``equations_.to_text(errors=True)``.
    differentiation : {"auto", "spline", "weak", "central", "savgol"}, default="auto"
        How rates are taken along `t` where `y` is not given. "spline" and "savgol"
        smooth noise away, "weak" integrates the equations over windows of time,
        "central" takes differences. "auto" takes "spline", "weak" or "central", the
        one whose equations hold best on rows not fitted, and "weak" in a latent space
        that is learned. Where windows are too few for "weak", it is "spline".
    refine : {"auto", "states", "none"}, default="auto"
        "states" fits the states that the noisy rows are observations of together with
        the coefficients, for noise on the states is noise in the candidates, too; with
        ``threshold="auto"`` it also chooses the terms, by their posterior probability
        [3]_. It needs `t`, no `y`, and latents that are not learned. "auto" does so
        where noise exceeds the errors of the rates, and what is left of the rows is
        white, and without noise fits steps from row to row. "none" is least squares.
    missing : {"raise", "drop"}, default="raise"
        What to do about NaN in `X` or `y`: raise an error, or leave out the rows
        concerned, with a warning. The others keep their times.
    loss_weights : dict, optional
        Weights of the losses "recon", "eq" and "x_dot", each relative to the variance
        of what it measures; default 1, 0.1, 0.01.
    max_iter : int, default=1200
        Most minibatch iterations; training ends when rows held out gain no more.
    checkpoint : str, os.PathLike or None, default=None
        File that training writes its state to now and then. Where it exists, `fit` goes
        on from it, to the same result, and removes it in the end. Needs the same data
        and parameters, and a `random_state`.
    device : str or torch.device, default="cpu"
        Where to train.
    random_state : int, RandomState instance or None, default=None
        Seed of all that is drawn.
    verbose : int, default=0
        1 shows a progress bar with the losses.

    Attributes
    ----------
    equations_ : EquationSystem
        The equations; print them.
    coefficients_ : ndarray of shape (`n_components_`, n_terms)
        Coefficients of the candidates.
    constants_, constant_errors_ : dict of float
        Values of the names in `constants` and of the coefficients in denominators,
        such as "q_z0[z1]" of z1 in that of z0, of which one is 1; and standard errors
        of those that were found, where these are known.
    complexity_ : int
        Number of coefficients that are not zero.
    n_free_ : int
        Number of free coefficients under the symmetry, before any is dropped.
    lie_algebra_ : LieAlgebra or None
        The symmetry imposed or discovered.
    library_ : CandidateLibrary
        The candidates.
    equation_scores_ : ndarray of shape (`n_components_`,)
        R2 of each rate, its integrals or its steps, on the training data; 1 where the
        rate is constant, and for inputs.
    equation_score_ : float
        Their mean, constant rates left out.
    dense_score_ : float
        Mean of the adjusted R2 with all candidates: `threshold` costs the difference.
    path_ : ModelPath or None
        Models of every number of terms, with their errors on rows not fitted, which
        ``threshold="auto"`` chooses from; None with a number, an optimizer or a
        symmetry.
    differentiation_ : str
        How rates were taken: "given", or along `t` in one of the ways of
        `differentiation`.
    states_, rates_ : ndarray of shape (n_rows, `n_components_`)
        Latents and their rates as they were used, smoothed or refined, for the rows
        that were: none that is missing, an outlier, or in a trajectory too short.
    noise_ : ndarray of shape (`n_components_`,) or None
        Standard deviation of the noise of each latent, where states were refined.
    rivals_ : list of EquationSystem
        Up to three systems with other terms that explain refined states nearly as well:
        their posterior probability is less by a factor of at most 20.
    errors_ : dict of float
        What the learned space leaves unexplained of rows held out: "x", of snapshots,
        and, if these are more than the candidates, "x_dot", of rates, by the equations
        and the decoder. Empty for given spaces.
    spaces_ : SpaceTable
        The spaces tried, also by a `LatentSymmetryDiscoverer` as `autoencoder`.
    encoder_, decoder_ : torch.nn.Module
        Maps between snapshots and latents.
    history_ : dict of ndarray
        Losses per epoch (25 iterations); empty where nothing was trained.
    n_iter_ : int
        Number of iterations run; 1 where the solution is in closed form.
    n_components_, n_features_in_ : int
        Number of latent dimensions, and of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of features seen in `fit`, where `X` has string names.
    snapshot_shape_ : tuple of int
        Shape of a frame, only where `X` had more than two dimensions. `predict`,
        `simulate` and `inverse_transform` return frames of it.
    time_unit_ : "s"
        Only where `t` was given as dates or durations.

    References
    ----------
    .. [1] J. Yang, N. Dehmamy, R. Walters, R. Yu, "Latent Space Symmetry Discovery",
       ICML 2024, arXiv:2310.00105.
    .. [2] K. Champion, B. Lusch, J. N. Kutz, S. L. Brunton, "Data-driven discovery of
       coordinates and governing equations", PNAS 116 (2019), 22445-22451.
    .. [3] L. Fung, "Orthogonal distance regression for Bayesian identification of
       nonlinear dynamics", arXiv:2507.23426.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import LatentSINDy
    >>> t = np.linspace(0, 10, 500)
    >>> X = np.column_stack([np.cos(t), -np.sin(t)])
    >>> est = LatentSINDy(autoencoder="none", degree=1).fit(X, t=t)
    >>> print(est.equations_)
    dz0/dt = z1
    dz1/dt = -z0
    """

    __metadata_request__score = {"t": True, "groups": True}

    _parameter_constraints: dict = {
        "n_components": COUNT_OR_AUTO,
        "degree": [Interval(Integral, 0, None, closed="left")],
        "include_constant": ["boolean"],
        "library": "no_validation",
        "constants": [dict, None],
        "denominator_degree": [Interval(Integral, 0, None, closed="left")],
        "inputs": ["array-like", None],
        "discrete": ["boolean"],
        "fix": [dict, None],
        "order": [Interval(Integral, 1, 2, closed="both")],
        "autoencoder": [
            StrOptions({"auto", "none", *AUTOENCODERS}),
            *(Strategy, LatentEstimator, list, tuple),
        ],
        "symmetry": [str, LieAlgebra, None],
        "max_defect": [Interval(Real, 0, 1, closed="neither")],
        "max_x_error": [Interval(Real, 0, 1, closed="left")],
        "equivariance_weight": [Interval(Real, 0, None, closed="both")],
        "threshold": [StrOptions({"auto"}), Interval(Real, 0, None, closed="left")],
        "optimizer": "no_validation",
        "n_bootstrap": NONE_OR_SEVERAL,
        "differentiation": [
            StrOptions({"auto", "central", "savgol", "spline", "weak"})
        ],
        "refine": [StrOptions({"auto", "states", "none"})],
        "missing": MISSING,
        "loss_weights": [dict, None],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "checkpoint": [str, os.PathLike, None],
        "device": [str, torch.device],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        n_components="auto",
        *,
        degree=2,
        include_constant=True,
        library=None,
        constants=None,
        denominator_degree=0,
        inputs=None,
        discrete=False,
        fix=None,
        order=1,
        autoencoder="auto",
        symmetry=None,
        max_defect=0.05,
        max_x_error=1e-3,
        equivariance_weight=np.inf,
        threshold="auto",
        optimizer=None,
        n_bootstrap=0,
        differentiation="auto",
        refine="auto",
        missing="raise",
        loss_weights=None,
        max_iter=1200,
        checkpoint=None,
        device="cpu",
        random_state=None,
        verbose=0,
    ):
        self.n_components = n_components
        self.degree = degree
        self.include_constant = include_constant
        self.library = library
        self.constants = constants
        self.denominator_degree = denominator_degree
        self.inputs = inputs
        self.discrete = discrete
        self.fix = fix
        self.order = order
        self.autoencoder = autoencoder
        self.symmetry = symmetry
        self.max_defect = max_defect
        self.max_x_error = max_x_error
        self.equivariance_weight = equivariance_weight
        self.threshold = threshold
        self.optimizer = optimizer
        self.n_bootstrap = n_bootstrap
        self.differentiation = differentiation
        self.refine = refine
        self.missing = missing
        self.loss_weights = loss_weights
        self.max_iter = max_iter
        self.checkpoint = checkpoint
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, *, t=None, groups=None, feature_names=None):
        """Learn the latent space and its equations.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots, one a row; at least 5. Or frames of shape (n_samples, height,
            width), or a list of trajectories, arrays of either kind, with `y` and `t`
            as lists beside it.
        y : array-like of shape (n_samples, n_features), default=None
            X_dot, the time derivative of `X`; with ``order=2``, X_dot and X_ddot side
            by side, of shape (n_samples, 2 * n_features). A 1-D `y` is ignored with a
            warning.
        t : array-like of shape (n_samples,) or float, default=None
            Times of the snapshots, or the step between them, strictly increasing
            within a group; numbers, or dates or durations, which become seconds.
            Without `y` and `t` the step is 1. No derivative is taken across a gap, a
            step above 1.5 times those around it in which the fastest column moves by
            half of its standard deviation.
        groups : array-like of shape (n_samples,), default=None
            Trajectory that each snapshot belongs to. Those with too few rows for a
            derivative along `t` are left out, with a warning.
        feature_names : sequence of str, default=None
            Names of the columns instead of those that `X` has. With
            ``autoencoder="none"`` these are the variables of the equations.

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
        given = given_to_fit(self, X, y, t, groups, feature_names)
        governing, along = given.governing, (given.t, given.groups)
        self._median_step = given.step
        random, checkpoint = check_random_state(self.random_state), Checkpoint.of(self)
        with torch.inference_mode(False):  # training needs gradients
            data = given.X, given.rates, *along
            space = find_space(self, governing, *data, random, checkpoint)
        governing.settle(self.symmetry, space)
        seed = int(random.randint(2**31 - 1))
        found, motion = find_equations(self, governing, space, *along, seed)
        set_space(self, space, governing)
        set_equations(self, governing, found, space)
        if not learns_latents(self.autoencoder):
            warn_of_doubts(self, governing, motion, *along, space)
        else:
            warn_of_misfit(self, space, motion)
        if checkpoint is not None:
            checkpoint.finish()
        return self

    def score(self, X, y=None, sample_weight=None, *, t=None, groups=None):
        """Return R2 of the rates of snapshots under the equations and the decoder.

        With ``autoencoder="none"`` it is the mean of the R2 of each equation; rates
        that were constant in training are left out, and where there are no others, the
        score is 1.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Snapshots, at least 2.
        y : array-like, default=None
            Time derivatives as in `fit`. Without them, or with 1-D `y`, they are taken
            along `t`.
        sample_weight : array-like of shape (n_samples,), default=None
            Weight of each snapshot.
        t : array-like of shape (n_samples,) or float, default=None
            Times as in `fit`. Without `y` and `t`, rows are taken as consecutive
            snapshots at the median step of the training data.
        groups : array-like of shape (n_samples,), default=None
            Trajectory that each snapshot belongs to.

        Returns
        -------
        float
            ``1 - sum |x_dot - D psi(z) F(z)|^2 / sum |x_dot - mean|^2``; 1 is perfect.
        """
        check_is_fitted(self)
        return score_of(self, X, y, t, groups, sample_weight)
