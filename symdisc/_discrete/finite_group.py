"""A finite group of symmetries, with what the data say of it."""

import numpy as np

from symdisc._lie.discovered import CHANGED, EXACT

# A defect that may be rounding.
ROUNDING = 1e-6


class FiniteGroup:
    """Finite group of linear maps of latents, found in data.

    Where a Lie algebra was found, too, it holds one element of each component of the
    group of all symmetries: a radial motion in a plane has O(2), whose algebra is so(2)
    and whose finite group Z2.

    Parameters
    ----------
    elements : ndarray of shape (n, k, k)
        Matrices; the identity is the first.
    name : str
        See `name`.
    generators : sequence of int
        Numbers of elements that generate the group.
    question : {"motion", "distribution", "pairs", "labels"}
        What the elements leave unchanged.
    within : str
        The class of functions, or the degree of harmonics, within which that holds.
    centre : ndarray of shape (k,), optional
        Latent point that the elements leave in place; the origin by default.
    defect, defect_upper, defect_lower : float
        See `defect`.
    verdict : {"certified", "conditional", "undecided", ""}
        See `verdict`.
    condition : str
        What a verdict "conditional" depends on.
    max_defect : float
        Tolerance of the verdict.

    Attributes
    ----------
    name : str
        "trivial"; "Z2"; "Cn", cyclic of order n > 2; "Dn", dihedral of order 2n; "T",
        "O", "I", the rotations of tetrahedron, cube and icosahedron; "A4", "S4", "A5",
        where the same groups contain reflections; "Q8"; products; or "order n".
        "C3 x Z2" is the group C6 where its element of order 2 is the inversion -1 of
        an odd number of dimensions.
    order : int
        Number of elements.
    defect, defect_upper, defect_lower : float
        Largest defect of a generator, and its limits (95 %). Of a motion F it is the
        root mean square of ``g F(z) - F(g z)`` over that of ``F(g z) - F(z)`` and ``g
        F(z) - F(z)`` together, as of an algebra where g is near the identity. Of labels
        and distributions it is relative to what a map changes that has nothing to do
        with them.
    verdict : str
        "certified": the upper limit is at most the tolerance; "conditional": so it is,
        given `condition`; "undecided": of labels and distributions, no change is seen
        (0.1 %), and the limit is at most 0.5, half of what an unrelated map changes;
        empty where the group is trivial.
    generators : list of int
        Numbers of elements that generate the group.
    elements, question, within, centre, condition, max_defect
        As given.

    References
    ----------
    M. Hamermesh, "Group Theory and its Application to Physical Problems" (1962),
    chapter 2, has the finite groups of rotations and reflections.

    Examples
    --------
    >>> import numpy as np
    >>> from symdisc import LatentSymmetryDiscoverer
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1.5, 1.5, (400, 2))
    >>> X_dot = np.column_stack([X[:, 1], X[:, 0] - X[:, 0] ** 3 - 0.2 * X[:, 1]])
    >>> est = LatentSymmetryDiscoverer(
    ...     autoencoder="none", symmetry_of="motion", degree=3, finite_group=True
    ... ).fit(X, X_dot)
    >>> print(est.finite_group_)  # doctest: +ELLIPSIS
    Z2: [[-1, 0], [0, -1]]
    certified, symmetry of the motion: defect 0, at most 0 ...
    """

    def __init__(
        self,
        elements,
        *,
        name,
        generators=(),
        question="",
        within="",
        centre=None,
        defect=0.0,
        defect_upper=0.0,
        defect_lower=0.0,
        verdict="",
        condition="",
        max_defect=0.05,
    ):
        self.elements = np.asarray(elements, dtype=float)
        self.name, self.generators = name, [int(i) for i in generators]
        self.question, self.within, self.condition = question, within, condition
        k = self.elements.shape[1]
        self.centre = np.zeros(k) if centre is None else np.asarray(centre, dtype=float)
        self.defect, self.defect_upper = float(defect), float(defect_upper)
        self.defect_lower = float(defect_lower)
        self.verdict, self.max_defect = verdict, float(max_defect)

    @property
    def order(self):
        """Number of elements."""
        return len(self.elements)

    @property
    def is_broken(self):
        """Whether the data exclude that the symmetry is exact.

        They exclude a defect below a tenth of the tolerance, or below half of `defect`:
        of an exact symmetry the lower limit is a small part of it.
        """
        least = min(EXACT * self.max_defect, max(self.defect / 2, ROUNDING))
        return bool(self.defect_lower > least)

    def __len__(self):
        return len(self.elements)

    def __repr__(self):
        return f"<FiniteGroup: {self.name}, {self.order} elements>"

    def __str__(self):
        """Return the name with generators, then the verdict."""
        shown = ", ".join(_matrix_text(self.elements[i]) for i in self.generators)
        name = self.name
        if self.is_broken:
            name += f", broken by {100 * self.defect:.2g} %"
        first = f"{name}: {shown}" if shown else name
        return "\n".join([first, *self.evidence])

    @property
    def evidence(self):
        """What the data say, as a list of sentences without a full stop."""
        changed = CHANGED.get(self.question, "the data")
        within = f" ({self.within})" if self.within else ""
        if self.order == 1:
            return [f"no other map was found that leaves {changed} unchanged{within}"]
        condition = f"; {self.condition}" if self.condition else ""
        return [
            f"{self.verdict}, symmetry of {changed}: defect {_figure(self.defect)}, at "
            f"most {_figure(self.defect_upper)}{within}{condition}"
        ]

    def act(self, z, element):
        """Move latents by an element.

        Parameters
        ----------
        z : ndarray of shape (n, k)
        element : int or ndarray of shape (k, k)
            Number of an element, or its matrix.

        Returns
        -------
        ndarray of shape (n, k)

        Raises
        ------
        ValueError
            If there is no such element.

        Examples
        --------
        >>> import numpy as np
        >>> from symdisc import FiniteGroup
        >>> group = FiniteGroup([[[1.0]], [[-1.0]]], name="Z2", centre=[3.0])
        >>> group.act(np.array([[5.0]]), 1)
        array([[1.]])
        """
        matrix = self._matrix(element)
        return self.centre + (z - self.centre) @ matrix.T

    def _matrix(self, element):
        if isinstance(element, int | np.integer) and 0 <= element < self.order:
            return self.elements[element]
        k = self.elements.shape[1]
        if np.shape(element) == (k, k):
            return np.asarray(element, dtype=float)
        raise ValueError(
            f"element={element!r} is none of the {self.order} elements of "
            f"{self.name}; pass a number from 0 to {self.order - 1}, or a matrix of "
            f"shape {(k, k)}."
        )


def _matrix_text(matrix):
    rows = (", ".join(f"{x + 0.0:.3g}" for x in row) for row in matrix.round(3))
    return "[" + ", ".join(f"[{row}]" for row in rows) + "]"


def _figure(value):
    # What rounding leaves of zero is zero.
    return f"{value:.2g}" if value > ROUNDING else "0"
