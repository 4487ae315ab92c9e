"""Discovered Lie algebras: numbers kept, canonical sympy matrices shown."""

import hashlib
import re
from collections.abc import Sequence
from numbers import Real

import numpy as np
import sympy
from scipy import linalg

from symdisc._lie.canonical_basis import canonical_basis
from symdisc._lie.exponential import symbolic_exponential
from symdisc._lie.invariants import invariant_polynomials
from symdisc._lie.names import identify, nearest_name
from symdisc._lie.read_weights import exact_generators, reading_of
from symdisc._lie.structure import bracket_residual, structure_constants
from symdisc._numerics.equality import EqualByContents
from symdisc._numerics.rounding import check_decimals, rounded_matrix

# Dimensions in which weights are read to be printed.
MAX_PRINTED = 9


class LieAlgebra(EqualByContents, Sequence):
    """Matrix Lie algebra spanned by generators that act on the latent space.

    A sequence of sympy matrices: the canonical generators, rounded. Scale, sign
    and linear combination of generators carry no meaning. They are chosen so that
    the matrices are nearly sparse; the latent coordinates stay as they are.
    A single generator has the largest absolute eigenvalue 1, hence
    ``group_element(2 * pi)`` is one full turn of so(2).

    A basis of commuting generators that can be diagonalised together has one
    generator for each joint eigenspace: one rotation per plane of a torus. In other
    algebras compact generators come first, then those on which the Killing form is
    positive, such as boosts, then those on which it is zero, such as translations.

    Algebras are equal where their unrounded canonical generators are, number by number:
    a copy equals the original, an algebra found again in other data does not (see
    `symdisc.metrics.algebra_distance`).

    Parameters
    ----------
    basis : array-like of shape (c, k, k)
        Linearly independent generators; a single (k, k) matrix is one
        generator, and shape (0, k, k) says that there is no symmetry.
    tol : float, default=0.05
        Relative tolerance of naming and of the canonical form.
    decimals : int, default=2
        Digits after the decimal point that the sympy matrices keep.
    exact : bool, default=True
        Whether the generators are exact up to rounding errors. Those found in data are
        not: a symmetry imposed on equations is then the rounded one.

    Attributes
    ----------
    basis : ndarray of shape (c, k, k)
        The generators as given, in float64.
    matrices : ndarray of shape (c, k, k)
        Canonical generators, not rounded.
    name : str
        Name of the algebra: "trivial" without generators, names such as "so(3)",
        "so(1,1)" or "so(2)+so(2)" for direct sums, and "unidentified" for others.
    nearest : tuple of (str, float)
        The name, and the tolerance at which it holds: `tol`, or if there is no name at
        that, the lowest of several larger ones with a name, up to 0.25. Otherwise
        "unidentified" and infinity.
    bracket_residual : float
        Distance from being closed under brackets: 0 is closed, and above `tol`
        the generators are not a Lie algebra and the name is "unidentified".

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import LieAlgebra
    >>> algebra = LieAlgebra(np.array([[[0.0, 2.503], [-2.497, 0.002]]]))
    >>> print(algebra)
    so(2): [[0, -1], [1, 0]]
    >>> algebra[0]
    Matrix([
    [0, -1],
    [1,  0]])
    """

    def __init__(self, basis, *, tol=0.05, decimals=2, exact=True):
        self.tol = _check_tol(tol)
        self.decimals = check_decimals(decimals)
        self.exact = bool(exact)
        self.basis = check_basis(basis)
        basis = _of_size_one(self.basis)
        self.matrices = canonical_basis(basis, self.tol)
        self.bracket_residual = bracket_residual(basis)
        self.name = identify(basis, self.tol)
        self.nearest = (self.name, self.tol)
        if self.name == "unidentified":
            self.nearest = nearest_name(basis, self.tol)
        self._generators = tuple(
            rounded_matrix(matrix, self.decimals) for matrix in self.matrices
        )

    def __len__(self):
        return len(self._generators)

    def __getitem__(self, index):
        return self._generators[index]

    def _contents(self):
        return (self.matrices,)

    @property
    def weights(self):
        """The representation that the generators are, as a text, or None.

        Of so(2), tori, so(3) and su(2) in up to 9 dimensions: "so(2): 1, 2" turns two
        planes, the second twice as fast. Of a torus each plane has one number for each
        rotation. Of so(3) and su(2) the numbers are spins, l of 2 l + 1 coordinates,
        and those of su(2) that are not integer of 2 (2 l + 1). 0 is a coordinate that
        stays. `Block` takes such a text for `action`. None for other groups, and where
        noise hides the weights.

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc import LieAlgebra
        >>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])
        >>> once_and_twice = np.kron(np.diag([1.0, 2.0]), turn)
        >>> LieAlgebra(once_and_twice).weights
        'so(2): 1, 2'
        """
        reading = self._reading()
        return None if reading is None else str(reading.weights)

    def _reading(self):
        return reading_of(self, self.matrices, MAX_PRINTED)

    def structure_constants(self):
        """Coefficients of the brackets of the raw `basis`, by least squares.

        Returns
        -------
        constants : ndarray of shape (c, c, c)
            ``f[i, j, l]`` with ``[B_i, B_j] = sum_l f[i, j, l] B_l``.

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc import LieAlgebra
        >>> shear = np.array([[0.0, 1.0], [0.0, 0.0]])
        >>> affine = LieAlgebra(np.array([np.diag([1.0, 0.0]), shear]))
        >>> affine.structure_constants()[0, 1].round(6)
        array([0., 1.])
        """
        return structure_constants(self.basis)

    def group_element(self, theta=None):
        """Group element reached by the canonical generators.

        Parameters
        ----------
        theta : array-like of shape (c,) or (n, c), or scalar if c is 1, optional
            Coefficients of the canonical generators. Without them the answer
            is symbolic.

        Returns
        -------
        element : sympy.Matrix of shape (k, k), or ndarray
            Without ``theta``: ``exp(theta0 L0) exp(theta1 L1) ...`` (canonical
            coordinates of the second kind), with numbers rounded to `decimals`.
            With it: ``exp(theta[0] L0 + theta[1] L1 + ...)`` (of the first
            kind) of the generators that are not rounded, of shape (k, k) or
            (n, k, k). The two agree where the generators commute.

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc import LieAlgebra
        >>> algebra = LieAlgebra(np.array([[[0.0, -3.0], [3.0, 0.0]]]))
        >>> algebra.group_element()
        Matrix([
        [cos(theta0), -sin(theta0)],
        [sin(theta0),  cos(theta0)]])
        >>> algebra.group_element(np.pi / 2).round(6) + 0.0
        array([[ 0., -1.],
               [ 1.,  0.]])
        """
        if theta is None:
            return self._symbolic_element()
        theta = np.asarray(theta, dtype=float)
        if theta.ndim == 0:
            theta = theta[None]
        if theta.ndim > 2 or theta.shape[-1] != len(self):
            raise ValueError(
                f"theta has shape {theta.shape}; give one coefficient for each of the "
                f"{len(self)} generators: shape ({len(self)},) or (n, {len(self)})."
            )
        if not np.isfinite(theta).all():
            raise ValueError("theta contains NaN or infinity; give finite numbers.")
        return linalg.expm(np.tensordot(theta, self.matrices, axes=1))

    def _symbolic_element(self):
        element = sympy.eye(self.basis.shape[1])
        for index, matrix in enumerate(self.matrices):
            theta = sympy.Symbol(f"theta{index}")
            element = element * symbolic_exponential(
                matrix, theta, tol=self.tol, decimals=self.decimals
            )
        return element

    def vector_fields(self):
        """Infinitesimal action ``L z`` of each canonical generator.

        Returns
        -------
        fields : list of sympy.Matrix of shape (k, 1)
            In the symbols ``z0, z1, ...``.

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc import LieAlgebra
        >>> LieAlgebra(np.array([[[0.0, -1.0], [1.0, 0.0]]])).vector_fields()[0].T
        Matrix([[-z1, z0]])
        """
        z = sympy.Matrix(sympy.symbols(f"z:{self.basis.shape[1]}"))
        return [generator.as_mutable() * z for generator in self]

    def invariants(self, degree):
        """Polynomials that no group element changes.

        Parameters
        ----------
        degree : int
            Highest degree, at least 1.

        Returns
        -------
        invariants : InvariantPolynomials
            A sequence of sympy expressions in ``z0, z1, ...`` from which all others
            up to `degree` follow as sums of products. Called on data of shape
            (n, k), it returns their values (n, n_invariants).


        Examples
        --------
        >>> import numpy as np
        >>> from symdisc import LieAlgebra
        >>> algebra = LieAlgebra(np.array([[0.0, -1.001], [0.999, 0.0]]))
        >>> algebra.invariants(degree=4)[0]
        z0**2 + z1**2
        """
        return invariant_polynomials(
            self.basis, degree, tol=self.tol, decimals=self.decimals
        )

    def to_emlp(self):
        """Return the group of the library emlp, for its equivariant networks.

        Returns
        -------
        group : emlp.groups.Group
            With the `lie_algebra` of this one and without `discrete_generators`. Where
            `weights` are read off generators with noise, it has the exact generators of
            these weights. ``emlp.reps.V(group)`` is the latent space.

        Raises
        ------
        ImportError
            If emlp is not installed.

        References
        ----------
        M. Finzi, M. Welling and A. G. Wilson, "A practical method for constructing
        equivariant multilayer perceptrons for arbitrary matrix groups", ICML (2021).

        Examples
        --------
        >>> from symdisc import LieAlgebra
        >>> turn = LieAlgebra([[0.0, -1.0], [1.0, 0.0]])
        >>> group = turn.to_emlp()  # doctest: +SKIP
        >>> group.d, group.is_orthogonal  # doctest: +SKIP
        (2, True)
        """
        try:
            from emlp.groups import Group
        except ImportError as error:
            raise ImportError(
                "LieAlgebra.to_emlp needs the package emlp, which cannot be imported "
                f"({error}). Install it with pip install 'symdisc[emlp]'."
            ) from error
        generators = exact_generators(self)[0]

        class FoundGroup(Group):
            """The group of a LieAlgebra of symdisc."""

            def __init__(self, name, digest):
                self.d = generators.shape[1]
                self.lie_algebra = np.array(generators)
                self.discrete_generators = np.zeros((0, self.d, self.d))
                super().__init__(name, digest)

        # Groups of emlp are equal, and share solutions, where their arguments are.
        return FoundGroup(self.name, hashlib.sha256(generators.tobytes()).hexdigest())

    def __str__(self):
        # Without full precision: 0.71 and not 0.710000000000000.
        rows = [sympy.sstr(matrix.tolist(), full_prec=False) for matrix in self]
        rows = [f"{self.name}: {rows[0]}"] if len(rows) == 1 else [self.name, *rows]
        reading = self._reading()
        if reading is not None and not reading.weights.is_plain:
            # Copies of the group as it is named need no word.
            rows.append(f"weights {reading.weights}")
        return "\n".join(rows)

    def __repr__(self):
        c, k = self.basis.shape[:2]
        plural = "" if c == 1 else "s"
        return f"<LieAlgebra {self.name}: {c} generator{plural} acting on R^{k}>"

    def _repr_latex_(self):
        matrices = [sympy.latex(generator, mat_delim="(") for generator in self]
        separator = r":\ " if matrices else ""
        shown = _latex_name(self.name) + separator + r",\ ".join(matrices)
        return rf"$\displaystyle {shown}$"


def check_basis(basis, name="basis"):
    """Check generators of a Lie algebra.

    Parameters
    ----------
    basis : array-like of shape (c, k, k) or (k, k)
        Linearly independent generators.
    name : str, default="basis"
        What error messages call it.

    Returns
    -------
    basis : ndarray of shape (c, k, k)
        In float64.

    Examples
    --------
    >>> from symdisc._lie.algebra import check_basis
    >>> check_basis([[0, -1], [1, 0]]).shape
    (1, 2, 2)
    """
    basis = np.array(basis, dtype=float)
    if basis.ndim == 2:
        basis = basis[None]
    if basis.ndim != 3 or basis.shape[1] != basis.shape[2] or basis.shape[1] == 0:
        raise ValueError(
            f"{name} has shape {basis.shape}; stack square matrices into an array of "
            "shape (n_generators, k, k)."
        )
    if not np.isfinite(basis).all():
        raise ValueError(
            f"{name} contains NaN or infinity; refit, or drop the generators concerned."
        )
    flat = _of_size_one(basis).reshape(len(basis), basis.shape[1] ** 2)
    norms = np.linalg.norm(flat, axis=1, keepdims=True)
    if not norms.all():
        raise ValueError(
            f"{name}[{int(np.argmin(norms))}] is zero; drop it, and pass an array of "
            "shape (0, k, k) for the trivial algebra."
        )
    # Rank of unit vectors, so that small generators are not taken for noise.
    rank = int(np.linalg.matrix_rank(flat / norms, tol=1e-8)) if len(flat) else 0
    if rank < len(basis):
        raise ValueError(
            f"{name} has {len(basis)} generators but spans only {rank} dimensions; "
            "drop those that are combinations of the others."
        )
    return basis


def _of_size_one(basis):
    """Scale generators, by powers of 2, so that squares neither overflow nor vanish."""
    sizes = np.abs(basis).max(axis=(1, 2), keepdims=True)
    return np.ldexp(basis, -np.frexp(sizes)[1])


def _latex_name(name):
    return r" \oplus ".join(map(_latex_term, name.split("+")))


def _latex_term(term):
    letters, rest = re.fullmatch(r"([A-Za-z]+)(.*)", term).groups()
    if letters == "R":
        return r"\mathbb{R}" + (f"^{{{rest[1:]}}}" if rest else "")
    return rf"\mathfrak{{{letters}}}{rest}" if rest else rf"\text{{{letters}}}"


def _check_tol(tol):
    if not isinstance(tol, Real) or not 0 < tol < 0.5:
        raise ValueError(f"tol must be a number between 0 and 0.5; got {tol!r}.")
    return float(tol)
