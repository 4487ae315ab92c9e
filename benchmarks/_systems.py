"""Systems of the benchmark of equation recovery, from textbooks and papers.

Systems are autonomous and of first order. The list was written before any fit, and
nothing in it was chosen by how a method does. Spans are those of the figures where
these show up to some twenty turns; else they are ten to twenty turns, or the times in
which a transient dies out. Starts are off fixed points and lead to bounded motion.

Run it as ``python benchmarks/_systems.py`` to simulate all and to check the judge.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import sympy
from scipy.integrate import solve_ivp

# Rates off by less than this fraction of their rms are counted as reproduced.
MAX_RATE_ERROR = 1e-3


@dataclass(frozen=True, eq=False)
class System:
    """Equations of motion, and how they are observed.

    Attributes
    ----------
    name : str
        Unique name.
    equations : dict
        Name of each variable -> its rate as text.
    starts : tuple of tuple of float
        First states of the two trajectories.
    span : float
        Time that each trajectory lasts.
    degree : int
        Degree of the polynomial candidates.
    library : tuple of str
        Further candidates in z0, z1, ...; empty for polynomial systems.
    source : str
        Where the system comes from.
    """

    name: str
    equations: dict
    starts: tuple
    span: float
    degree: int
    library: tuple
    source: str


@cache
def simulate(system, n_rows=1000):
    """Follow both trajectories.

    Parameters
    ----------
    system : System
        What to simulate.
    n_rows : int, default=1000
        Number of rows of each trajectory.

    Returns
    -------
    t : ndarray of shape (n_rows,)
        Times.
    states, rates : list of ndarray of shape (n_rows, n_variables)
        The trajectories, and their exact rates.
    """
    t = np.linspace(0, system.span, n_rows)
    symbols = _symbols(system)
    field = sympy.lambdify([symbols], _right_sides(system), modules="numpy")
    size = np.abs(system.starts).max()
    states = []
    for start in system.starts:
        path = solve_ivp(
            lambda _, z: field(z),
            (0, system.span),
            start,
            method="DOP853",
            t_eval=t,
            rtol=1e-11,
            atol=1e-12 * size,
        )
        if not path.success:
            raise FloatingPointError(f"{system.name}: {path.message}")
        states.append(path.y.T)
    return t, states, [np.column_stack(field(z.T)) for z in states]


@cache
def truth(system):
    """Return the terms of each equation.

    Parameters
    ----------
    system : System
        Any system.

    Returns
    -------
    equations : list of dict
        Term in z0, z1, ... as text -> its coefficient.
    """
    return [
        {str(term): float(value) for term, value in side.as_coefficients_dict().items()}
        for side in _right_sides(system)
    ]


def is_exact(system, found):
    """Tell whether every equation has exactly the right terms.

    Terms are right that are the true ones. So are no more than the true number if they
    reproduce the exact rates of both trajectories, with coefficients refitted to these:
    where a total is conserved, several sets of terms are exact.

    Parameters
    ----------
    system : System
        What was sought.
    found : (ndarray of shape (n_variables, n_terms), list of sympy expressions)
        Coefficients, and candidates in z0, z1, ...

    Returns
    -------
    bool
        Whether all equations are exact.
    """
    coefficients, expressions = found
    _, states, rates = simulate(system)
    states, rates = np.vstack(states), np.vstack(rates)
    for row, true, rate in zip(coefficients, truth(system), rates.T, strict=True):
        kept = [expressions[i] for i in np.flatnonzero(row)]
        if set(map(str, kept)) == set(true):
            continue
        if not kept or len(kept) > len(true):
            return False
        if _refit_error(_evaluate(system, kept, states), rate) > MAX_RATE_ERROR:
            return False
    return True


def _refit_error(features, rate):
    features = features / np.linalg.norm(features, axis=0).clip(1e-300)
    fitted = features @ np.linalg.lstsq(features, rate)[0]
    return np.linalg.norm(rate - fitted) / np.linalg.norm(rate)


def _evaluate(system, expressions, states):
    columns = sympy.lambdify(_symbols(system), expressions, modules="numpy")(*states.T)
    return np.column_stack([np.broadcast_to(c, len(states)) for c in columns])


def _symbols(system):
    return sympy.symbols(f"z:{len(system.equations)}")


def _right_sides(system):
    """Right-hand sides in z0, z1, ..., products multiplied out."""
    names = dict(zip(system.equations, _symbols(system), strict=True))
    return [
        sympy.sympify(text, locals=names).expand(power_exp=False, log=False)
        for text in system.equations.values()
    ]


_SPROTT = "Sprott, Some simple chaotic flows, Phys. Rev. E 50, 1994, case "
_STROGATZ = "Strogatz, Nonlinear Dynamics and Chaos, 1994, "
_BRUNTON = "Brunton, Proctor, Kutz, Discovering governing equations, PNAS 113, 2016, "

POLYNOMIAL = (
    System(
        "sprott_a",
        {"x": "y", "y": "-x + y*z", "z": "1 - y**2"},
        ((0.0, 5.0, 0.0), (1.0, 1.0, 0.5)),
        60.0,
        2,
        (),
        _SPROTT + "A (also Nose-Hoover)",
    ),
    System(
        "sprott_b",
        {"x": "y*z", "y": "x - y", "z": "1 - x*y"},
        ((0.05, 0.05, 0.05), (1.0, -1.0, 1.0)),
        60.0,
        2,
        (),
        _SPROTT + "B",
    ),
    System(
        "sprott_c",
        {"x": "y*z", "y": "x - y", "z": "1 - x**2"},
        ((0.05, 0.05, 0.05), (1.0, -1.0, 1.0)),
        60.0,
        2,
        (),
        _SPROTT + "C",
    ),
    System(
        "sprott_d",
        {"x": "-y", "y": "x + z", "z": "x*z + 3*y**2"},
        ((0.05, 0.05, 0.05), (-1.0, 0.5, 0.5)),
        60.0,
        2,
        (),
        _SPROTT + "D",
    ),
    System(
        "sprott_e",
        {"x": "y*z", "y": "x**2 - y", "z": "1 - 4*x"},
        ((0.05, 0.05, 0.05), (-1.0, 0.6, 0.8)),
        60.0,
        2,
        (),
        _SPROTT + "E",
    ),
    System(
        "sprott_f",
        {"x": "y + z", "y": "-x + 0.5*y", "z": "x**2 - z"},
        ((0.2, 0.5, 0.1), (0.7, -0.9, 0.5)),
        60.0,
        2,
        (),
        _SPROTT + "F",
    ),
    System(
        "sprott_g",
        {"x": "0.4*x + z", "y": "x*z - y", "z": "-x + y"},
        ((0.05, 0.05, 0.05), (0.3, -0.5, -0.9)),
        60.0,
        2,
        (),
        _SPROTT + "G",
    ),
    System(
        "sprott_h",
        {"x": "-y + z**2", "y": "x + 0.5*y", "z": "x - z"},
        ((0.2, 0.5, 0.1), (0.9, 0.6, -1.0)),
        60.0,
        2,
        (),
        _SPROTT + "H",
    ),
    System(
        "sprott_i",
        {"x": "-0.2*y", "y": "x + z", "z": "x + y**2 - z"},
        ((-0.6, 0.7, 0.1), (-0.4, -0.2, -0.9)),
        120.0,
        2,
        (),
        _SPROTT + "I",
    ),
    System(
        "sprott_j",
        {"x": "2*z", "y": "-2*y + z", "z": "-x + y + y**2"},
        ((0.05, 0.05, 0.05), (2.0, 1.0, -1.0)),
        60.0,
        2,
        (),
        _SPROTT + "J",
    ),
    System(
        "sprott_k",
        {"x": "x*y - z", "y": "x - y", "z": "x + 0.3*z"},
        ((0.05, 0.05, 0.05), (-0.5, 0.5, 0.5)),
        60.0,
        2,
        (),
        _SPROTT + "K",
    ),
    System(
        "sprott_l",
        {"x": "y + 3.9*z", "y": "0.9*x**2 - y", "z": "1 - x"},
        ((0.3, -0.5, -0.9), (0.7, -0.9, 0.5)),
        60.0,
        2,
        (),
        _SPROTT + "L",
    ),
    System(
        "sprott_m",
        {"x": "-z", "y": "-x**2 - y", "z": "1.7 + 1.7*x + y"},
        ((0.05, 0.05, 0.05), (-0.5, -0.5, 0.5)),
        60.0,
        2,
        (),
        _SPROTT + "M",
    ),
    System(
        "sprott_n",
        {"x": "-2*y", "y": "x + z**2", "z": "1 + y - 2*z"},
        ((0.05, 0.05, 0.05), (-1.0, 0.5, 0.5)),
        60.0,
        2,
        (),
        _SPROTT + "N",
    ),
    System(
        "sprott_o",
        {"x": "y", "y": "x - z", "z": "x + x*z + 2.7*y"},
        ((0.05, 0.05, 0.05), (-0.5, 0.2, -0.2)),
        60.0,
        2,
        (),
        _SPROTT + "O",
    ),
    System(
        "sprott_p",
        {"x": "2.7*y + z", "y": "-x + y**2", "z": "x + y"},
        ((0.05, 0.05, 0.05), (0.2, -0.2, 0.1)),
        60.0,
        2,
        (),
        _SPROTT + "P",
    ),
    System(
        "sprott_q",
        {"x": "-z", "y": "x - y", "z": "3.1*x + y**2 + 0.5*z"},
        ((0.05, 0.05, 0.05), (-1.0, -0.5, 0.5)),
        60.0,
        2,
        (),
        _SPROTT + "Q",
    ),
    System(
        "sprott_r",
        {"x": "0.9 - y", "y": "0.4 + z", "z": "x*y - z"},
        ((0.05, 0.05, 0.05), (-0.5, 1.0, -0.5)),
        60.0,
        2,
        (),
        _SPROTT + "R",
    ),
    System(
        "sprott_s",
        {"x": "-x - 4*y", "y": "x + z**2", "z": "1 + x"},
        ((0.05, 0.05, 0.05), (-1.0, 0.5, 0.5)),
        60.0,
        2,
        (),
        _SPROTT + "S",
    ),
    System(
        "lorenz",
        {"x": "10*(y - x)", "y": "28*x - y - x*z", "z": "x*y - 2.6666666666666667*z"},
        ((0.0, 1.0, 0.0), (-8.0, 7.0, 27.0)),
        15.0,
        2,
        (),
        "Lorenz, Deterministic nonperiodic flow, J. Atmos. Sci. 20, 1963, eqs. 25-27",
    ),
    System(
        "lorenz_84",
        {
            "x": "-y**2 - z**2 - 0.25*x + 2",
            "y": "x*y - 4*x*z - y + 1",
            "z": "4*x*y + x*z - z",
        },
        ((2.0, 0.5, 0.0), (0.5, 1.0, -1.0)),
        20.0,
        2,
        (),
        "Lorenz, Irregularity, Tellus 36A, 1984 (Hadley circulation)",
    ),
    System(
        "lorenz_96",
        {
            "a": "(b - d)*e - a + 8",
            "b": "(c - e)*a - b + 8",
            "c": "(d - a)*b - c + 8",
            "d": "(e - b)*c - d + 8",
            "e": "(a - c)*d - e + 8",
        },
        ((8.0, 8.0, 8.01, 8.0, 8.0), (1.0, 2.0, 3.0, 4.0, 5.0)),
        15.0,
        2,
        (),
        "Lorenz, Predictability: a problem partly solved, ECMWF seminar, 1996",
    ),
    System(
        "roessler",
        {"x": "-y - z", "y": "x + 0.2*y", "z": "0.2 + x*z - 5.7*z"},
        ((1.0, 1.0, 0.0), (-5.0, -4.0, 0.02)),
        100.0,
        2,
        (),
        "Roessler, An equation for continuous chaos, Phys. Lett. A 57, 1976",
    ),
    System(
        "roessler_hyperchaos",
        {
            "x": "-y - z",
            "y": "x + 0.25*y + w",
            "z": "3 + x*z",
            "w": "-0.5*z + 0.05*w",
        },
        ((-20.0, 0.0, 0.0, 15.0), (-10.0, -6.0, 0.0, 10.0)),
        80.0,
        2,
        (),
        "Roessler, An equation for hyperchaos, Phys. Lett. A 71, 1979",
    ),
    System(
        "chen",
        {"x": "35*(y - x)", "y": "-7*x - x*z + 28*y", "z": "x*y - 3*z"},
        ((-10.0, 0.0, 37.0), (3.0, 4.0, 15.0)),
        6.0,
        2,
        (),
        "Chen, Ueta, Yet another chaotic attractor, Int. J. Bif. Chaos 9, 1999",
    ),
    System(
        "lue",
        {"x": "36*(y - x)", "y": "-x*z + 20*y", "z": "x*y - 3*z"},
        ((-6.0, 8.0, 20.0), (3.0, 4.0, 15.0)),
        8.0,
        2,
        (),
        "Lue, Chen, A new chaotic attractor coined, Int. J. Bif. Chaos 12, 2002",
    ),
    System(
        "liu",
        {"x": "10*(y - x)", "y": "40*x - x*z", "z": "-2.5*z + 4*x**2"},
        ((2.2, 2.4, 38.0), (-3.0, -1.0, 20.0)),
        12.0,
        2,
        (),
        "Liu, Liu, Liu, Liu, A new chaotic attractor, Chaos Solit. Fract. 22, 2004",
    ),
    System(
        "tigan",
        {"x": "2.1*(y - x)", "y": "27.9*x - 2.1*x*z", "z": "x*y - 0.6*z"},
        ((0.1, -0.3, 0.2), (3.0, 5.0, 12.0)),
        25.0,
        2,
        (),
        "Tigan, Opris, Analysis of a 3D chaotic system, Chaos Solit. Fract. 36, 2008",
    ),
    System(
        "chua_cubic",
        {"x": "10*(y - x**3 + 0.143*x)", "y": "x - y + z", "z": "-16*y"},
        ((0.1, 0.0, 0.0), (-0.3, 0.1, 0.2)),
        30.0,
        3,
        (),
        "Huang et al., Chua's equation with cubic nonlinearity, IJBC 6, 1996",
    ),
    System(
        "rabinovich_fabrikant",
        {
            "x": "y*(z - 1 + x**2) + 0.87*x",
            "y": "x*(3*z + 1 - x**2) + 0.87*y",
            "z": "-2*z*(1.1 + x*y)",
        },
        ((-1.0, 0.6, 0.8), (0.7, -0.9, 0.5)),
        40.0,
        3,
        (),
        "Rabinovich, Fabrikant, Sov. Phys. JETP 50, 1979, gamma 0.87, alpha 1.1",
    ),
    System(
        "rabinovich",
        {"x": "6.75*y - 4*x + y*z", "y": "6.75*x - y - x*z", "z": "-z + x*y"},
        ((1.0, 0.5, 0.5), (-3.0, 2.0, 4.0)),
        25.0,
        2,
        (),
        "Pikovski, Rabinovich, Trakhtengerts, Sov. Phys. JETP 47, 1978",
    ),
    System(
        "halvorsen",
        {
            "x": "-1.27*x - 4*y - 4*z - y**2",
            "y": "-1.27*y - 4*z - 4*x - z**2",
            "z": "-1.27*z - 4*x - 4*y - x**2",
        },
        ((-5.0, 0.0, 0.0), (1.0, -3.0, -2.0)),
        20.0,
        2,
        (),
        "Sprott, Chaos and Time-Series Analysis, 2003, appendix A",
    ),
    System(
        "rikitake",
        {"x": "-2*x + y*z", "y": "-2*y + (z - 5)*x", "z": "1 - x*y"},
        ((-1.4, -1.0, -1.0), (3.0, 1.0, 6.0)),
        50.0,
        2,
        (),
        "Rikitake, System of disk dynamos, Proc. Camb. Phil. Soc. 54, 1958",
    ),
    System(
        "burke_shaw",
        {"x": "-10*(x + y)", "y": "-y - 10*x*z", "z": "10*x*y + 4.272"},
        ((0.6, 0.0, 0.0), (-1.0, 0.5, 1.0)),
        12.0,
        2,
        (),
        "Shaw, Strange attractors and chaotic behavior, Z. Naturforsch. 36a, 1981",
    ),
    System(
        "rucklidge",
        {"x": "-2*x + 6.7*y - y*z", "y": "x", "z": "-z + y**2"},
        ((1.0, 0.0, 4.5), (-2.0, 1.0, 8.0)),
        40.0,
        2,
        (),
        "Rucklidge, Chaos in models of double convection, J. Fluid Mech. 237, 1992",
    ),
    System(
        "finance",
        {"x": "z + (y - 0.9)*x", "y": "1 - 0.2*y - x**2", "z": "-x - 1.2*z"},
        ((1.0, 3.0, 2.0), (-0.5, 2.0, 0.5)),
        80.0,
        2,
        (),
        "Ma, Chen, Study for the bifurcation topological structure, 2001",
    ),
    System(
        "aizawa",
        {
            "x": "(z - 0.7)*x - 3.5*y",
            "y": "3.5*x + (z - 0.7)*y",
            "z": "0.6 + 0.95*z - 0.33333333333333333*z**3"
            " - (x**2 + y**2)*(1 + 0.25*z) + 0.1*z*x**3",
        },
        ((0.1, 0.0, 0.0), (-0.8, 0.4, 1.2)),
        30.0,
        4,
        (),
        "Langford, Numerical studies of torus bifurcations, 1984 (known as Aizawa's)",
    ),
    System(
        "dadras",
        {
            "x": "y - 3*x + 2.7*y*z",
            "y": "1.7*y - x*z + z",
            "z": "2*x*y - 9*z",
        },
        ((5.0, 0.0, -4.0), (1.0, 1.0, 1.0)),
        25.0,
        2,
        (),
        "Dadras, Momeni, A novel three-dimensional autonomous system, PLA 373, 2009",
    ),
    System(
        "four_wing",
        {
            "x": "0.2*x + y*z",
            "y": "-0.01*x - 0.4*y - x*z",
            "z": "-z - x*y",
        },
        ((1.3, -0.18, 0.01), (-0.5, 1.0, 0.5)),
        100.0,
        2,
        (),
        "Wang, Sun, van Wyk, Qi, van Wyk, Braz. J. Phys. 39, 2009",
    ),
    System(
        "shimizu_morioka",
        {"x": "y", "y": "x - 0.75*y - x*z", "z": "-0.45*z + x**2"},
        ((0.1, 0.1, 0.1), (-1.0, 0.2, 1.5)),
        70.0,
        2,
        (),
        "Shimizu, Morioka, Phys. Lett. A 76, 1980",
    ),
    System(
        "moore_spiegel",
        {"x": "y", "y": "z", "z": "-z + 14*y - 20*x**2*y - 6*x"},
        ((0.1, 0.0, 0.0), (-0.5, 1.0, 0.0)),
        30.0,
        3,
        (),
        "Moore, Spiegel, A thermally excited nonlinear oscillator, ApJ 143, 1966",
    ),
    System(
        "genesio_tesi",
        {"x": "y", "y": "z", "z": "-x - 1.1*y - 0.44*z + x**2"},
        ((0.1, 0.1, 0.1), (-0.3, 0.2, 0.0)),
        80.0,
        2,
        (),
        "Genesio, Tesi, Harmonic balance methods, Automatica 28, 1992",
    ),
    System(
        "arneodo",
        {"x": "y", "y": "z", "z": "5.5*x - 3.5*y - z - x**3"},
        ((0.2, 0.2, -0.75), (-2.0, 1.0, 0.5)),
        50.0,
        3,
        (),
        "Arneodo, Coullet, Tresser, Possible new strange attractors, CMP 79, 1981",
    ),
    System(
        "simplest_jerk",
        {"x": "y", "y": "z", "z": "-2.017*z + y**2 - x"},
        ((-0.6, 0.7, 0.1), (0.9, 0.6, -1.0)),
        80.0,
        2,
        (),
        "Sprott, Simplest dissipative chaotic flow, Phys. Lett. A 228, 1997",
    ),
    System(
        "van_der_pol",
        {"x": "y", "y": "1.5*(1 - x**2)*y - x"},
        ((0.5, 0.0), (-3.0, 2.0)),
        20.0,
        3,
        (),
        _STROGATZ + "example 7.1.2, figs. 7.1.4 and 7.1.5",
    ),
    System(
        "rayleigh",
        {"x": "y", "y": "y - 0.33333333333333333*y**3 - x"},
        ((0.1, 0.0), (3.0, 0.0)),
        30.0,
        3,
        (),
        "Rayleigh, On maintained vibrations, Phil. Mag. 15, 1883",
    ),
    System(
        "duffing_hardening",
        {"x": "y", "y": "-x - 0.1*x**3"},
        ((1.0, 0.0), (3.0, 0.0)),
        30.0,
        3,
        (),
        _STROGATZ + "section 7.6, the Duffing equation",
    ),
    System(
        "duffing_damped",
        {"x": "y", "y": "x - x**3 - 0.25*y"},
        ((0.1, 0.5), (-2.0, 1.0)),
        40.0,
        3,
        (),
        _STROGATZ + "section 12.5 without forcing",
    ),
    System(
        "double_well",
        {"x": "y", "y": "x - x**3"},
        ((0.5, 0.0), (1.6, 0.0)),
        30.0,
        3,
        (),
        _STROGATZ + "example 6.5.2",
    ),
    System(
        "fitzhugh_nagumo",
        {
            "v": "v - 0.33333333333333333*v**3 - w + 0.5",
            "w": "0.08*(v + 0.7 - 0.8*w)",
        },
        ((-1.0, 1.0), (2.0, -0.5)),
        150.0,
        3,
        (),
        "FitzHugh, Impulses and physiological states, Biophys. J. 1, 1961",
    ),
    System(
        "hindmarsh_rose",
        {
            "x": "y - x**3 + 3*x**2 - z + 3.25",
            "y": "1 - 5*x**2 - y",
            "z": "0.006*(4*(x + 1.6) - z)",
        },
        ((-1.5, -10.0, 3.0), (0.5, 0.0, 3.4)),
        300.0,
        3,
        (),
        "Hindmarsh, Rose, A model of neuronal bursting, Proc. R. Soc. B 221, 1984",
    ),
    System(
        "lotka_volterra",
        {"x": "x - x*y", "y": "x*y - y"},
        ((0.5, 0.5), (2.0, 1.0)),
        20.0,
        2,
        (),
        "Murray, Mathematical Biology, 1989, section 3.1, eq. 3.4 with alpha 1",
    ),
    System(
        "competition",
        {"x": "x*(3 - x - 2*y)", "y": "y*(2 - x - y)"},
        ((0.1, 0.1), (2.0, 2.5)),
        10.0,
        2,
        (),
        _STROGATZ + "section 6.4, rabbits versus sheep",
    ),
    System(
        "may_leonard",
        {
            "x": "x*(1 - x - 0.8*y - 1.3*z)",
            "y": "y*(1 - 1.3*x - y - 0.8*z)",
            "z": "z*(1 - 0.8*x - 1.3*y - z)",
        },
        ((0.5, 0.3, 0.2), (0.05, 0.6, 0.1)),
        150.0,
        2,
        (),
        "May, Leonard, Nonlinear aspects of competition, SIAM J. Appl. Math. 29, 1975",
    ),
    System(
        "volterra_chaos",
        {
            "x": "x*(1.1 - 0.5*x - 0.5*y - 0.1*z)",
            "y": "y*(-0.5 + 0.5*x + 0.1*y - 0.1*z)",
            "z": "z*(1.7 - 1.5*x - 0.1*y - 0.1*z)",
        },
        ((1.2, 0.8, 1.0), (0.5, 1.0, 2.0)),
        150.0,
        2,
        (),
        "Arneodo, Coullet, Tresser, Strange attractors in Volterra, PLA 79, 1980",
    ),
    System(
        "four_species",
        {
            "a": "a*(1 - a - 1.09*b - 1.52*c)",
            "b": "0.72*b*(1 - b - 0.44*c - 1.36*d)",
            "c": "1.53*c*(1 - 2.33*a - c - 0.47*d)",
            "d": "1.27*d*(1 - 1.21*a - 0.51*b - 0.35*c - d)",
        },
        ((0.3013, 0.4586, 0.1307, 0.3557), (0.1, 0.3, 0.4, 0.2)),
        300.0,
        2,
        (),
        "Vano et al., Chaos in low-dimensional Lotka-Volterra, Nonlinearity 19, 2006",
    ),
    System(
        "kermack_mckendrick",
        {"x": "-0.5*x*y", "y": "0.5*x*y - 0.1*y"},
        ((0.99, 0.01), (0.6, 0.1)),
        60.0,
        2,
        (),
        "Kermack, McKendrick, Proc. R. Soc. A 115, 1927; Strogatz, exercise 6.5.6",
    ),
    System(
        "sir",
        {"s": "-0.4*s*i", "i": "0.4*s*i - 0.1*i", "r": "0.1*i"},
        ((0.99, 0.01, 0.0), (0.7, 0.05, 0.25)),
        80.0,
        2,
        (),
        "Murray, Mathematical Biology, 1989, section 19.1",
    ),
    System(
        "sir_endemic",
        {"s": "0.02 - 0.5*s*i - 0.02*s", "i": "0.5*s*i - 0.22*i"},
        ((0.9, 0.02), (0.4, 0.2)),
        200.0,
        2,
        (),
        "Hethcote, The mathematics of infectious diseases, SIAM Rev. 42, 2000",
    ),
    System(
        "seir",
        {"s": "-s*i", "e": "s*i - 0.2*e", "i": "0.2*e - 0.25*i", "r": "0.25*i"},
        ((0.98, 0.0, 0.02, 0.0), (0.7, 0.1, 0.0, 0.2)),
        60.0,
        2,
        (),
        "Anderson, May, Infectious Diseases of Humans, 1991, chapter 4",
    ),
    System(
        "brusselator",
        {"x": "1 - 4*x + x**2*y", "y": "3*x - x**2*y"},
        ((1.0, 1.0), (3.0, 2.0)),
        30.0,
        3,
        (),
        _STROGATZ + "exercise 8.3.1 with a 1, b 3",
    ),
    System(
        "schnakenberg",
        {"x": "0.1 - x + x**2*y", "y": "0.5 - x**2*y"},
        ((0.5, 1.0), (1.5, 0.5)),
        60.0,
        3,
        (),
        "Schnakenberg, J. Theor. Biol. 81, 1979; Murray, 1989, chapter 6",
    ),
    System(
        "selkov",
        {"x": "-x + 0.08*y + x**2*y", "y": "0.6 - 0.08*y - x**2*y"},
        ((0.5, 1.0), (2.0, 1.0)),
        50.0,
        3,
        (),
        _STROGATZ + "example 7.3.2, fig. 7.3.7",
    ),
    System(
        "enzyme_kinetics",
        {
            "s": "-s*e + 0.5*c",
            "e": "-s*e + 0.8*c",
            "c": "s*e - 0.8*c",
            "p": "0.3*c",
        },
        ((1.0, 0.5, 0.0, 0.0), (2.0, 0.8, 0.1, 0.0)),
        20.0,
        2,
        (),
        "Murray, Mathematical Biology, 1989, section 5.2",
    ),
    System(
        "laser",
        {"n": "n*m - n", "m": "2 - 0.5*m - n*m"},
        ((0.05, 0.5), (3.0, 2.0)),
        20.0,
        2,
        (),
        _STROGATZ + "exercise 3.3.1 (Milonni, Eberly), with G 1, k 1, f 0.5, p 2",
    ),
    System(
        "logistic",
        {"x": "x - x**2"},
        ((0.05,), (2.0,)),
        10.0,
        2,
        (),
        _STROGATZ + "section 2.3",
    ),
    System(
        "allee",
        {"x": "x*(x - 0.2)*(1 - x)"},
        ((0.15,), (0.3,)),
        20.0,
        3,
        (),
        _STROGATZ + "exercise 2.3.4, in the common cubic form",
    ),
    System(
        "hopf",
        {
            "x": "0.5*x - y - x*(x**2 + y**2)",
            "y": "x + 0.5*y - y*(x**2 + y**2)",
        },
        ((0.05, 0.0), (0.0, 1.5)),
        30.0,
        3,
        (),
        _STROGATZ + "section 8.2, supercritical Hopf bifurcation",
    ),
    System(
        "hopf_subcritical",
        {
            "x": "-0.1*x - y + (x - y)*(x**2 + y**2) - x*(x**2 + y**2)**2",
            "y": "x - 0.1*y + (x + y)*(x**2 + y**2) - y*(x**2 + y**2)**2",
        },
        ((0.4, 0.0), (0.0, 1.3)),
        30.0,
        5,
        (),
        _STROGATZ + "section 8.2, subcritical Hopf bifurcation with b 1",
    ),
    System(
        "stuart_landau",
        {
            "x": "x - 3*y - (x - 0.5*y)*(x**2 + y**2)",
            "y": "3*x + y - (y + 0.5*x)*(x**2 + y**2)",
        },
        ((0.05, 0.05), (-1.5, 1.0)),
        15.0,
        3,
        (),
        "Kuramoto, Chemical Oscillations, Waves, and Turbulence, 1984, chapter 2",
    ),
    System(
        "takens_bogdanov",
        {"x": "y", "y": "-1 + 0.8*y + x**2 + x*y"},
        ((-1.5, 0.0), (-0.5, 0.5)),
        30.0,
        2,
        (),
        "Guckenheimer, Holmes, Nonlinear Oscillations, 1983, section 7.3",
    ),
    System(
        "rigid_body",
        {"x": "-y*z", "y": "x*z", "z": "-0.33333333333333333*x*y"},
        ((0.1, 1.0, 0.1), (1.0, 0.3, 0.8)),
        40.0,
        2,
        (),
        "Landau, Lifshitz, Mechanics, section 37, moments of inertia 1, 2, 3",
    ),
    System(
        "linear_oscillator",
        {"x": "-0.1*x + 2*y", "y": "-2*x - 0.1*y"},
        ((2.0, 0.0), (0.0, 1.0)),
        25.0,
        1,
        (),
        _BRUNTON + "supporting information",
    ),
    System(
        "linear_three",
        {"x": "-0.1*x - 2*y", "y": "2*x - 0.1*y", "z": "-0.3*z"},
        ((2.0, 0.0, 1.0), (0.0, 1.0, -1.0)),
        25.0,
        1,
        (),
        _BRUNTON + "supporting information",
    ),
    System(
        "cubic_oscillator",
        {"x": "-0.1*x**3 + 2*y**3", "y": "-2*x**3 - 0.1*y**3"},
        ((2.0, 0.0), (0.0, 1.0)),
        25.0,
        3,
        (),
        _BRUNTON + "supporting information",
    ),
    System(
        "cylinder_wake",
        {
            "x": "0.1*x - y - 0.1*x*z",
            "y": "x + 0.1*y - 0.1*y*z",
            "z": "-z + x**2 + y**2",
        },
        ((0.01, 0.0, 0.0), (1.2, 0.0, 3.0)),
        80.0,
        2,
        (),
        "Noack et al., J. Fluid Mech. 497, 2003, mean-field model with lambda 1",
    ),
    System(
        "coupled_oscillators",
        {"x": "v", "y": "w", "v": "-2*x + y", "w": "x - 2*y"},
        ((1.0, 0.0, 0.0, 0.0), (0.0, 0.5, 1.0, -0.2)),
        30.0,
        1,
        (),
        "Taylor, Classical Mechanics, 2005, section 11.2",
    ),
    System(
        "damped_coupled_oscillators",
        {
            "x": "v",
            "y": "w",
            "v": "-2*x + y - 0.1*v",
            "w": "0.5*x - y - 0.05*w",
        },
        ((1.0, 0.0, 0.0, 0.0), (0.0, 0.5, 1.0, -0.2)),
        40.0,
        1,
        (),
        "Taylor, Classical Mechanics, 2005, section 11.1, masses 1 and 2, with drag",
    ),
    System(
        "bloch",
        {"x": "2*y - 0.2*x", "y": "-2*x + z - 0.2*y", "z": "-y - 0.1*z + 0.1"},
        ((0.0, 0.0, 1.0), (1.0, 0.0, 0.0)),
        30.0,
        1,
        (),
        "Bloch, Nuclear induction, Phys. Rev. 70, 1946, in the rotating frame",
    ),
    System(
        "henon_heiles",
        {"x": "p", "y": "q", "p": "-x - 2*x*y", "q": "-y - x**2 + y**2"},
        ((0.0, 0.1, 0.35, 0.1), (0.3, -0.2, 0.0, 0.25)),
        60.0,
        2,
        (),
        "Henon, Heiles, The third integral of motion, Astron. J. 69, 1964",
    ),
)

_TRIG = ("sin(z0)", "cos(z0)")
_TRIG_3 = (
    "sin(z0)",
    "sin(z1)",
    "sin(z2)",
    "cos(z0)",
    "cos(z1)",
    "cos(z2)",
)

OTHERS = (
    System(
        "pendulum",
        {"x": "y", "y": "-sin(x)"},
        ((1.0, 0.0), (2.8, 0.0)),
        25.0,
        2,
        _TRIG,
        _STROGATZ + "section 6.7",
    ),
    System(
        "pendulum_damped",
        {"x": "y", "y": "-sin(x) - 0.2*y"},
        ((2.8, 0.0), (-2.0, 3.0)),
        30.0,
        2,
        _TRIG,
        _STROGATZ + "section 6.7, with damping",
    ),
    System(
        "pendulum_drag",
        {"x": "y", "y": "-sin(x) - 0.2*y*Abs(y)"},
        ((2.8, 0.0), (-1.0, 2.5)),
        30.0,
        2,
        (*_TRIG, "z1*Abs(z1)"),
        "Nelson, Olsson, The pendulum: rich physics, Am. J. Phys. 54, 1986",
    ),
    System(
        "hoop",
        {"x": "y", "y": "-0.1*y - sin(x) + 2.3*sin(x)*cos(x)"},
        ((0.1, 0.0), (2.5, 0.0)),
        30.0,
        2,
        (*_TRIG, "sin(z0)*cos(z0)"),
        _STROGATZ + "section 3.5, bead on a rotating hoop, gamma 2.3",
    ),
    System(
        "josephson",
        {"x": "y", "y": "1.2 - sin(x) - 0.5*y"},
        ((0.0, 0.0), (1.0, 4.0)),
        25.0,
        2,
        _TRIG,
        _STROGATZ + "section 8.5, eq. 1 with I 1.2, alpha 0.5",
    ),
    System(
        "nonuniform_oscillator",
        {"x": "1 - 0.9*sin(x)"},
        ((0.0,), (2.0,)),
        30.0,
        2,
        _TRIG,
        _STROGATZ + "section 4.3",
    ),
    System(
        "two_oscillators",
        {"x": "1 + 0.4*sin(y - x)", "y": "1.8 + 0.3*sin(x - y)"},
        ((0.0, 1.0), (2.0, 0.0)),
        25.0,
        1,
        ("sin(z0 - z1)", "cos(z0 - z1)"),
        _STROGATZ + "section 8.6, eq. 1",
    ),
    System(
        "kuramoto",
        {
            "x": "0.5 + 0.3*sin(y - x) + 0.3*sin(z - x)",
            "y": "1.1 + 0.3*sin(x - y) + 0.3*sin(z - y)",
            "z": "2 + 0.3*sin(x - z) + 0.3*sin(y - z)",
        },
        ((0.0, 1.0, 3.0), (2.0, 0.0, 1.0)),
        25.0,
        1,
        (
            "sin(z0 - z1)",
            "sin(z0 - z2)",
            "sin(z1 - z2)",
            "cos(z0 - z1)",
            "cos(z0 - z2)",
            "cos(z1 - z2)",
        ),
        "Kuramoto, Chemical Oscillations, Waves, and Turbulence, 1984, section 5.4",
    ),
    System(
        "frenkel_kontorova",
        {
            "x": "v",
            "y": "w",
            "v": "-sin(x) + 0.5*(y - 2*x)",
            "w": "-sin(y) + 0.5*(x - 2*y)",
        },
        ((2.0, 0.0, 0.0, 0.0), (1.0, -1.5, 0.0, 1.0)),
        30.0,
        2,
        ("sin(z0)", "sin(z1)", "cos(z0)", "cos(z1)"),
        "Braun, Kivshar, The Frenkel-Kontorova Model, 2004, chapter 1, two atoms",
    ),
    System(
        "thomas",
        {
            "x": "sin(y) - 0.208186*x",
            "y": "sin(z) - 0.208186*y",
            "z": "sin(x) - 0.208186*z",
        },
        ((1.1, 1.1, -0.01), (-2.0, 0.5, 1.0)),
        150.0,
        2,
        _TRIG_3,
        "Thomas, Deterministic chaos seen in terms of feedback, IJBC 9, 1999",
    ),
    System(
        "labyrinth",
        {"x": "sin(y)", "y": "sin(z)", "z": "sin(x)"},
        ((0.1, 0.5, 1.0), (2.0, -1.0, 0.3)),
        60.0,
        2,
        _TRIG_3,
        "Sprott, Chlouverakis, Labyrinth chaos, IJBC 17, 2007",
    ),
    System(
        "abc_flow",
        {
            "x": "1.7320508075688773*sin(z) + cos(y)",
            "y": "1.4142135623730951*sin(x) + 1.7320508075688773*cos(z)",
            "z": "sin(y) + 1.4142135623730951*cos(x)",
        },
        ((0.1, 0.2, 0.3), (2.0, 4.0, 1.0)),
        30.0,
        2,
        _TRIG_3,
        "Dombre et al., Chaotic streamlines in the ABC flows, JFM 167, 1986",
    ),
    System(
        "unicycle",
        {"x": "cos(a)", "y": "sin(a)", "a": "0.5 + 0.3*sin(a)"},
        ((0.0, 0.0, 0.0), (1.0, -1.0, 2.0)),
        25.0,
        1,
        ("sin(z2)", "cos(z2)"),
        "LaValle, Planning Algorithms, 2006, section 13.1, steered by the heading",
    ),
    System(
        "morse",
        {"x": "y", "y": "-2*exp(-x) + 2*exp(-2*x)"},
        ((0.5, 0.0), (-0.5, 0.3)),
        25.0,
        2,
        ("exp(-z0)", "exp(-2*z0)"),
        "Morse, Diatomic molecules, Phys. Rev. 34, 1929, with D 1, a 1",
    ),
    System(
        "toda",
        {
            "x": "p",
            "y": "q",
            "p": "exp(-x) - exp(x - y)",
            "q": "exp(x - y) - exp(y)",
        },
        ((1.0, 0.0, 0.0, 0.5), (0.0, -0.5, 1.0, 1.0)),
        25.0,
        2,
        ("exp(-z0)", "exp(z0 - z1)", "exp(z1)"),
        "Toda, Theory of Nonlinear Lattices, 1981, section 2.1, two between walls",
    ),
    System(
        "lotka_logarithms",
        {
            "q": "0.66666666666666667 - 1.3333333333333333*exp(p)",
            "p": "exp(q) - 1",
        },
        ((0.5, -0.5), (1.0, 0.0)),
        20.0,
        2,
        ("exp(z0)", "exp(z1)"),
        "Yang et al., Symmetry-informed governing equation discovery, 2024",
    ),
    System(
        "ivlev",
        {"x": "x*(1 - x) - y*(1 - exp(-3*x))", "y": "y*(0.5 - exp(-3*x))"},
        ((0.8, 0.3), (0.2, 0.1)),
        60.0,
        2,
        ("exp(-3*z0)", "z1*exp(-3*z0)", "z0*exp(-3*z0)"),
        "Kooij, Zegeling, A predator-prey model with Ivlev's response, JMAA 198, 1996",
    ),
    System(
        "salnikov",
        {"x": "0.15 - 0.1*x*exp(y)", "y": "x*exp(y) - y"},
        ((0.5, 0.5), (0.2, 2.0)),
        80.0,
        2,
        ("exp(z1)", "z0*exp(z1)", "z1*exp(z1)"),
        "Gray, Scott, Chemical Oscillations and Instabilities, 1990, chapter 4",
    ),
    System(
        "diode_jerk",
        {
            "x": "y",
            "y": "z",
            "z": "-z - x - 0.000000001*(exp(38.461538461538462*y) - 1)",
        },
        ((0.1, 0.1, 0.1), (-0.5, 0.3, 0.0)),
        60.0,
        2,
        ("exp(38.461538461538462*z1)",),
        "Sprott, A new chaotic jerk circuit, IEEE Trans. Circuits Syst. II 58, 2011",
    ),
    System(
        "hopfield_two",
        {"x": "-x + 2*tanh(x) - 2*tanh(y)", "y": "-y + 2*tanh(x) + 2*tanh(y)"},
        ((0.1, 0.0), (3.0, -2.0)),
        30.0,
        2,
        ("tanh(z0)", "tanh(z1)"),
        "Hopfield, PNAS 81, 1984, two neurons",
    ),
    System(
        "hopfield_chaos",
        {
            "x": "-x + 2*tanh(x) - 1.2*tanh(y)",
            "y": "-y + 2*tanh(x) + 1.71*tanh(y) + 1.15*tanh(z)",
            "z": "-z - 4.75*tanh(x) + 1.1*tanh(z)",
        },
        ((0.1, 0.1, 0.1), (-0.5, 1.0, 0.5)),
        80.0,
        2,
        ("tanh(z0)", "tanh(z1)", "tanh(z2)"),
        "Yang, Yuan, Chaos and transient chaos in Hopfield networks, 2005",
    ),
    System(
        "wilson_cowan",
        {"x": "-x + tanh(3*x - 3*y)", "y": "-y + tanh(2*x)"},
        ((0.1, 0.0), (-0.8, 0.9)),
        30.0,
        2,
        ("tanh(3*z0 - 3*z1)", "tanh(2*z0)"),
        "Wilson, Cowan, Biophys. J. 12, 1972, with tanh as the response",
    ),
    System(
        "friction",
        {"x": "y", "y": "-x - 0.2*tanh(5*y)"},
        ((2.0, 0.0), (0.0, 1.5)),
        25.0,
        2,
        ("tanh(5*z1)",),
        "Pennestri et al., Dry friction force models, Nonlinear Dyn. 83, 2016",
    ),
    System(
        "gompertz",
        {"x": "-0.5*x*log(x)"},
        ((0.2,), (3.0,)),
        12.0,
        2,
        ("log(z0)", "z0*log(z0)"),
        _STROGATZ + "exercise 2.3.3, tumor growth",
    ),
    System(
        "two_tanks",
        {"x": "1 - 0.8*sqrt(x)", "y": "0.8*sqrt(x) - 0.6*sqrt(y)"},
        ((0.4, 3.0), (4.0, 0.6)),
        25.0,
        2,
        ("sqrt(z0)", "sqrt(z1)"),
        "Johansson, The quadruple-tank process, IEEE Trans. CST 8, 2000, one branch",
    ),
    System(
        "abs_jerk",
        {"x": "y", "y": "z", "z": "-0.6*z - y + Abs(x) - 1"},
        ((0.0, 0.1, 0.0), (-1.0, 0.5, 0.5)),
        80.0,
        2,
        ("Abs(z0)",),
        "Linz, Sprott, Elementary chaotic flow, Phys. Lett. A 259, 1999",
    ),
    System(
        "chua",
        {
            "x": "9*y - 2.5714285714285714*x"
            " + 1.9285714285714286*(Abs(x + 1) - Abs(x - 1))",
            "y": "x - y + z",
            "z": "-14.285714285714286*y",
        },
        ((0.1, 0.0, 0.0), (-2.0, 0.1, 2.0)),
        30.0,
        2,
        ("Abs(z0 + 1)", "Abs(z0 - 1)"),
        "Matsumoto, Chua, Komuro, The double scroll, IEEE Trans. CAS 32, 1985",
    ),
)

SYSTEMS = {system.name: system for system in (*POLYNOMIAL, *OTHERS)}


def main():
    """Simulate all systems; check that the judge tells right from wrong."""
    for system in SYSTEMS.values():
        _, states, rates = simulate(system)
        _check_judge(system)
        finite = np.isfinite(states + rates).all() and np.shape(states)[1] == 1000
        print(
            f"{system.name:27s} {len(system.equations)} {np.min(states):9.3g} "
            f"{np.max(states):9.3g} {'finite' if finite else 'NOT FINITE'}"
        )
    print(f"{len(POLYNOMIAL)} polynomial systems, {len(OTHERS)} others")


def _check_judge(system):
    """Accept the truth, refuse it with one more term in any equation."""
    terms = truth(system)
    names = sorted({"z0**7", *(name for side in terms for name in side)})
    coefficients = np.array([[side.get(n, 0.0) for n in names] for side in terms])
    candidates = list(map(sympy.sympify, names))
    assert is_exact(system, (coefficients, candidates)), system.name
    for row in coefficients:
        row[names.index("z0**7")] = 1.0
        assert not is_exact(system, (coefficients, candidates)), system.name
        row[names.index("z0**7")] = 0.0


if __name__ == "__main__":
    main()
