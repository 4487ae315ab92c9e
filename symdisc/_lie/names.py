"""Names of matrix Lie algebras, from facts that do not depend on the basis."""

import re

import numpy as np

from symdisc._lie.canonical_basis import spectral_radius, weight_basis
from symdisc._lie.compact import compact_part
from symdisc._lie.one_parameter import is_boost, is_rotation, is_scaling
from symdisc._lie.semisimple import moved_dimensions, name_semisimple
from symdisc._lie.structure import (
    balance,
    bracket_residual,
    is_abelian,
    killing_form,
    orthonormal_basis,
    rank_tolerance,
    structure_constants,
)


def identify(basis, tol=0.05):
    """Name the Lie algebra that the generators span.

    No name depends on the basis, of the algebra or of the latent space. Isomorphic
    algebras that act differently have different names where these are common:
    "so(2)", "so(1,1)" and "scaling" are all one-dimensional.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Linearly independent generators.
    tol : float, default=0.05
        Relative tolerance of every decision. At the default, generators that are
        wrong by 1 % in norm keep their name, in latent coordinates where
        generators are about as large as their eigenvalues. Dimensions (of centre,
        derived algebra and kernel of the Killing form) are decided at
        `symdisc._lie.structure.rank_tolerance`.

    Returns
    -------
    name : str
        * "trivial".
        * Of one generator: "so(2)"; "so(1,1)"; "scaling", by one factor of all
          coordinates that move; "R" for any other.
        * Of commuting ones: a sum with one "so(2)" for each rotation, as in
          "so(2)+R" of rotations and scalings, or "R^c".
        * Semisimple: see `symdisc._lie.semisimple.name_semisimple`.
        * With translations, on which one of the others acts: "aff(n)" (gl(n)),
          "se(n)" (so(n)), "iso(p,q)" (so(p,q)) and "sim(n)" (so(n)+R).
        * "Heisenberg", of dimension 3, and "Heisenberg(2n+1)".
        * A sum of one of these and a centre, or "gl(n)" for sl(n) with scaling.
        * "unidentified" where brackets leave the span, no name fits, or the nearest
          one of a single generator is missed by less than another ``tol``.

    References
    ----------
    W. Fulton and J. Harris, "Representation Theory", Springer (1991).

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.names import identify
    >>> identify(np.array([[[0.0, -2.0], [2.0, 0.0]]]))
    'so(2)'
    >>> identify(np.array([[[0.0, 2.0], [2.0, 0.0]]]))
    'so(1,1)'
    >>> identify(np.array([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]))
    'R^2'
    >>> identify(np.array([np.diag([1.0, 0.0]), [[0.0, 1.0], [0.0, 0.0]]]))
    'aff(1)'
    """
    n_generators = len(basis)
    if n_generators == 0:
        return "trivial"
    if n_generators == 1:
        return _identify_single(basis[0], tol)
    if bracket_residual(basis) > tol:
        return "unidentified"
    if is_abelian(basis, tol):
        return _identify_abelian(basis, tol)
    return _identify_closed(basis, tol)


def nearest_name(basis, tol=0.05):
    """Name at the lowest tolerance above ``tol`` at which there is one.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Generators that `identify` finds unidentified.
    tol : float, default=0.05
        Its products with 1.5, 2, 3, 4, 6 and so on are tried, up to 0.25: at larger
        ones every algebra has a name.

    Returns
    -------
    name : str
        "unidentified" where there is none.
    tol : float
        The tolerance; infinite where there is none.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.names import identify, nearest_name
    >>> spiral = np.array([[[0.07, -1.0], [1.0, 0.07]]])
    >>> identify(spiral), nearest_name(spiral)
    ('unidentified', ('so(2)', 0.075))
    """
    factors = np.outer(2.0 ** np.arange(10), [1.0, 1.5]).ravel()[1:]
    for level in tol * factors[tol * factors <= 0.25]:
        name = identify(basis, level)
        if name != "unidentified":
            return name, float(level)
    return "unidentified", np.inf


def name_with(basis, other, tol=0.05):
    """Name the span of generators and one that commutes with them, and its rotations.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        Generators, in coordinates in which compact ones are skew.
    other : ndarray of shape (k, k)
    tol : float

    Returns
    -------
    str

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc._lie.names import name_with
    >>> turn = np.array([[0.0, -1.0], [1.0, 0.0]])
    >>> name_with(np.eye(2)[None], turn)
    'so(2)+R, compact part so(2)'
    """
    whole = np.concatenate([basis, other[None]])
    k, name = len(other), identify(whole, tol)
    if k > 2 and 2 * len(whole) == k**2 and is_rotation(other, tol):
        # All that commutes with a rotation of all planes alike.
        name = f"gl({k // 2},C)"
    rotations = compact_part(whole, 2 * tol)
    compact = identify(rotations, tol)
    unitary = re.fullmatch(r"su\((\d+)\)\+so\(2\)", compact)
    if unitary:
        compact = f"u({unitary[1]})"
    return f"{name}, compact part {compact}" if len(rotations) < len(whole) else name


def _identify_single(matrix, tol):
    if spectral_radius(matrix, tol) == 0.0:
        return "R"
    if spectral_radius(matrix, 1.5 * tol) == 0.0:
        # Too close to nilpotent for the eigenvalues to mean anything.
        return "unidentified"
    tests = {"so(2)": is_rotation, "so(1,1)": is_boost, "scaling": is_scaling}
    for name, test in tests.items():
        if test(matrix, tol):
            return name
    if any(test(matrix, 2 * tol) for test in tests.values()):
        return "unidentified"
    return "R"


def _identify_abelian(basis, tol):
    canonical = weight_basis(orthonormal_basis(basis), tol)
    if canonical is None:
        return f"R^{len(basis)}"
    turns = [is_rotation(matrix, tol) for matrix in canonical]
    others = [x for x, turn in zip(canonical, turns, strict=True) if not turn]
    names = ["so(2)"] * sum(turns)
    products = [x @ y for i, x in enumerate(others) for y in others[:i]]
    disjoint = all(np.linalg.norm(product) <= 3 * tol for product in products)
    if disjoint and all(is_boost(matrix, tol) for matrix in others):
        names += ["so(1,1)"] * len(others)
    elif others:
        names.append(f"R^{len(others)}" if len(others) > 1 else "R")
    return "+".join(names)


def _identify_closed(basis, tol):
    """Name an algebra that is closed and does not commute."""
    change = balance(basis, tol)
    frame = orthonormal_basis(change @ basis @ np.linalg.inv(change))
    rank_tol = rank_tolerance(frame, tol)
    rest, centre = _split_centre(frame, rank_tol)
    name = _identify_centreless(rest, tol, rank_tol)
    if name == "unidentified" or len(centre) == 0:
        return name
    central = identify(centre, tol)
    everywhere = moved_dimensions(centre, rank_tol) == moved_dimensions(rest, rank_tol)
    if central == "scaling" and name.startswith("sl(") and everywhere:
        return name.replace("sl", "gl")
    return f"{name}+{central}".replace("scaling", "R")


def _split_centre(frame, rank_tol):
    """Write an algebra as a direct sum whose second part is central.

    The first part contains all brackets, so that it is closed, and as little else
    of the centre as possible.
    """
    c = len(frame)
    constants = structure_constants(frame)
    centre = _kernel(constants.reshape(c, c * c), rank_tol)
    no_brackets = _kernel(constants.reshape(c * c, c).T, rank_tol)
    u, singular, rows = np.linalg.svd(centre @ no_brackets.T @ no_brackets)
    free = int(np.sum(singular > rank_tol))
    rest, central = _kernel(rows[:free].T, rank_tol), u[:, :free].T @ centre
    return np.tensordot(rest, frame, axes=1), np.tensordot(central, frame, axes=1)


def _identify_centreless(frame, tol, rank_tol):
    """Name an algebra whose centre, if any, consists of brackets."""
    c = len(frame)
    constants = structure_constants(frame)
    form = killing_form(constants)
    if np.abs(form).max() <= rank_tol:
        n_central = len(_kernel(constants.reshape(c, c * c), rank_tol))
        n_derived = c - len(_kernel(constants.reshape(c * c, c).T, rank_tol))
        heisenberg = n_central == n_derived == 1
        name = "Heisenberg" if c == 3 else f"Heisenberg({c})"
        return name if heisenberg else "unidentified"
    null = _kernel(form, rank_tol)
    if len(null) == 0:
        return name_semisimple(frame, tol, rank_tol)
    return _identify_semidirect(frame, constants, null, tol, rank_tol)


def _identify_semidirect(frame, constants, translations, tol, rank_tol):
    """Name an algebra by how it acts on its commuting ideal of translations."""
    n = len(translations)
    if not is_abelian(np.tensordot(translations, frame, axes=1), tol):
        return "unidentified"
    actions = translations @ constants.transpose(0, 2, 1) @ translations.T
    _, singular, rows = np.linalg.svd(actions.reshape(len(frame), n * n))
    rank = len(frame) - n
    if rank > n * n or singular[rank - 1] <= rank_tol * singular[0]:
        return "unidentified"
    acting = identify(rows[:rank].reshape(rank, n, n), tol)
    names = {f"gl({n})": f"aff({n})", f"so({n})": f"se({n})", f"so({n})+R": f"sim({n})"}
    if n == 1:
        names = {"scaling": "aff(1)"}
    signature = re.fullmatch(r"so\((\d+),(\d+)\)", acting)
    if signature and sum(map(int, signature.groups())) == n:
        return acting.replace("so", "iso")
    return names.get(acting, "unidentified")


def _kernel(matrix, rank_tol):
    """Orthonormal rows x with x @ matrix = 0, up to a relative tolerance."""
    u, singular, _ = np.linalg.svd(matrix, full_matrices=True)
    rank = int(np.sum(singular > rank_tol * singular.max(initial=0.0)))
    return u[:, rank:].T
