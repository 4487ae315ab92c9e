"""A Lie algebra found in data, with what the data say of each of its generators."""

import numpy as np

from symdisc._lie.algebra import LieAlgebra

# Symmetries are called exact while their defect may be this part of the tolerance.
EXACT = 0.1
# What a map changes, in sentences.
CHANGED = {
    "motion": "the motion",
    "distribution": "the distribution",
    "derivatives": "the distribution of states and rates",
    "pairs": "the distribution of consecutive states",
    "labels": "the labels",
}


class TimeTranslation(LieAlgebra):
    """Translation in time, where it is a linear map of the state: z_dot = A (z - c).

    The motion commutes with itself, so that this is no discovery. It does not count
    among the symmetries.

    Parameters
    ----------
    matrix : array-like of shape (k, k)
        A.
    rate : float
        Of the largest eigenvalue of A: the angular frequency, or where it is real the
        eigenvalue, per unit of time.
    rate_error : float
        Its standard error.
    growth : float
        Real part of a complex eigenvalue.
    **options
        Of `LieAlgebra`.

    Examples
    --------
    >>> from symdisc._lie.discovered import TimeTranslation
    >>> print(TimeTranslation([[0.0, -0.906], [0.906, 0.0]], 0.906, 0.002))
    so(2), 0.906 +- 0.002 per unit of time
    """

    def __init__(self, matrix, rate, rate_error, growth=0.0, **options):
        super().__init__(matrix, **options)
        if self.name == "unidentified":
            # Whatever its eigenvalues, it generates a group of one parameter.
            self.name = "R"
        self.rate, self.rate_error = float(rate), float(rate_error)
        self.growth = float(growth)

    def __str__(self):
        """Name it, with its rate."""
        shown = f"{self.rate:.3g}"
        if np.isfinite(self.rate_error) and self.rate_error > 0:
            digits = max(0, 1 - int(np.floor(np.log10(self.rate_error))))
            digits = min(digits, 6)
            shown = f"{self.rate:.{digits}f} +- {self.rate_error:.1g}"
        growth = f", growing by {self.growth:.3g}" if self.growth else ""
        return f"{self.name}, {shown}{growth} per unit of time"


class DiscoveredAlgebra(LieAlgebra):
    """Lie algebra found in data: each generator with its defect, bound and verdict.

    Parameters
    ----------
    basis : ndarray of shape (c, k, k)
        See `LieAlgebra`.
    question : {"motion", "distribution", "derivatives", "pairs", "labels"}
        What the generators leave unchanged.
    within : str
        The class of functions, or the length scale, within which that holds.
    max_defect : float
        Largest defect of a symmetry.
    defect, upper, lower : ndarray of shape (c,)
        Of the canonical generators, with one-sided limits.
    verdict : sequence of str
        One of "certified", "refuted", "undecided" and "conditional" for each.
    error : ndarray of shape (c, k, k)
        Standard errors of the entries of `matrices`.
    covered : ndarray of shape (c,), optional
        Which part of a turn the data cover, nan for other maps than rotations.
    condition : str
        What "conditional" verdicts depend on.
    undecided : DiscoveredAlgebra, optional
        Further maps that the data neither certify nor refute.
    time_translation : TimeTranslation, optional
    least : float
        The data exclude all other maps with a smaller defect.
    **options
        Of `LieAlgebra`.

    Attributes
    ----------
    question, within, max_defect, verdict, condition, undecided, time_translation, least
        As given.
    defect, defect_upper, defect_lower, error, covered : ndarray
        As given, see above.
    joint_name : str
        Name of the algebra with `time_translation`, and of its compact part; empty
        where there is no more than one generator.
    beside : str
        What is undecided of the distribution, where this is the answer for the motion.
    centre : ndarray of shape (k,) or None
        Latent point that the generators leave in place; None for the origin.
    """

    def __init__(
        self,
        basis,
        *,
        question,
        within="",
        max_defect=0.05,
        defect=(),
        upper=(),
        lower=(),
        verdict=(),
        error=None,
        covered=None,
        condition="",
        undecided=None,
        time_translation=None,
        least=np.nan,
        **options,
    ):
        super().__init__(basis, exact=False, **options)
        self.question, self.within = question, within
        self.max_defect, self.condition = float(max_defect), condition
        self.defect, self.defect_upper, self.defect_lower = (
            np.asarray(part, dtype=float) for part in (defect, upper, lower)
        )
        self.verdict = tuple(verdict)
        self.error = np.zeros(self.matrices.shape) if error is None else error
        self.covered = np.full(len(self), np.nan) if covered is None else covered
        self.undecided, self.time_translation = undecided, time_translation
        self.least, self.centre, self.joint_name = float(least), None, ""
        self.beside = ""

    @property
    def is_broken(self):
        """Whether the data exclude a defect below a tenth of the tolerance."""
        return bool((self.defect_lower > EXACT * self.max_defect).any())

    def __str__(self):
        """Return generators, then the verdict, then what is beside them."""
        first, *rest = super().__str__().split("\n")
        name, *matrix = first.split(": ", 1)
        if self.certified and self.is_broken:
            name = f"{name}, {self._broken()}"
        if self.undecided is not None:
            others = self.undecided.name
            if "unidentified" in others:
                more = len(self.undecided) - len(self)
                others = f"{more} more generator{'s' * (more > 1)}"
            name += f"; undecided: {others}, {self.undecided.shown_defects}"
        return "\n".join([": ".join([name, *matrix]), *rest, *self.evidence])

    @property
    def evidence(self):
        """What the data say, as a list of sentences without a full stop."""
        lines = []
        if len(self):
            lines.append(self._verdicts())
        elif self.least > 0:
            lines.append(
                f"every other map changes {CHANGED[self.question]} by at least "
                f"{self.least:.2g}{self._of_class()}{self._condition()}"
            )
        elif self.question:
            lines.append(f"no symmetry of {CHANGED[self.question]} is certified")
        if self.time_translation is not None:
            lines.append(f"time translation: {self.time_translation}")
        if self.joint_name:
            lines.append(f"with time translation: {self.joint_name}")
        if self.beside:
            lines.append(self.beside)
        return lines

    @property
    def certified(self):
        """Whether all generators are certified, or would be but for the condition."""
        return len(self) > 0 and set(self.verdict) <= {"certified", "conditional"}

    def _broken(self):
        worst = int(np.argmax(self.defect))
        low, high = self.defect_lower[worst], self.defect_upper[worst]
        return (
            f"broken by {100 * self.defect[worst]:.2g} %, between {100 * low:.2g} and "
            f"{100 * high:.2g}"
        )

    @property
    def shown_defects(self):
        """The largest defect and its limit, as they are printed."""
        return f"defect {self.defect.max():.2g}, at most {self.defect_upper.max():.2g}"

    def _verdicts(self):
        shown = f"symmetry of {CHANGED[self.question]}"
        if len(set(self.verdict)) == 1:
            shown = f"{self.verdict[0]}, {shown}: {self.shown_defects}"
        else:
            each = zip(self.verdict, self.defect, self.defect_upper, strict=True)
            shown += ": " + "; ".join(
                f"{verdict}, defect {defect:.2g}, at most {upper:.2g}"
                for verdict, defect, upper in each
            )
        return f"{shown}{self._of_class()}{self._condition()}"

    def _condition(self):
        return f"; {self.condition}" if self.condition else ""

    def _of_class(self):
        return f" ({self.within})" if self.within else ""
