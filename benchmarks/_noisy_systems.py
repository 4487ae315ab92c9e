"""Systems that are observed under noise: their rates, and the terms of these."""


def lorenz(sigma=10.0, rho=28.0, beta=8 / 3):
    """Rates of the Lorenz system, and their terms."""

    def rates(_, x):
        return [
            sigma * (x[1] - x[0]),
            x[0] * (rho - x[2]) - x[1],
            x[0] * x[1] - beta * x[2],
        ]

    terms = [{"z0": -sigma, "z1": sigma}, {"z0": rho, "z1": -1.0, "z0*z2": -1.0}]
    return rates, [*terms, {"z0*z1": 1.0, "z2": -beta}]


def van_der_pol(mu=1.0):
    """Rates of the van der Pol oscillator, and their terms."""

    def rates(_, x):
        return [x[1], mu * (1 - x[0] ** 2) * x[1] - x[0]]

    return rates, [{"z1": 1.0}, {"z0": -1.0, "z1": mu, "z0**2*z1": -mu}]


def roessler(a=0.2, b=0.2, c=5.7):
    """Rates of the Roessler system, and their terms."""

    def rates(_, x):
        return [-x[1] - x[2], x[0] + a * x[1], b + x[2] * (x[0] - c)]

    terms = [{"z1": -1.0, "z2": -1.0}, {"z0": 1.0, "z1": a}]
    return rates, [*terms, {"1": b, "z0*z2": 1.0, "z2": -c}]


def lotka_volterra(a=1.0, b=0.5, c=0.5, d=1.0):
    """Rates of prey and predators, and their terms."""

    def rates(_, x):
        return [a * x[0] - b * x[0] * x[1], c * x[0] * x[1] - d * x[1]]

    return rates, [{"z0": a, "z0*z1": -b}, {"z0*z1": c, "z1": -d}]


def fitzhugh_nagumo(current=0.5, a=0.7, b=0.8, tau=12.5):
    """Rates of the FitzHugh-Nagumo neuron, and their terms."""

    def rates(_, x):
        fast = x[0] - x[0] ** 3 / 3 - x[1] + current
        return [fast, (x[0] + a - b * x[1]) / tau]

    terms = [{"1": current, "z0": 1.0, "z1": -1.0, "z0**3": -1 / 3}]
    return rates, [*terms, {"1": a / tau, "z0": 1 / tau, "z1": -b / tau}]


def logistic():
    """Rates of logistic growth, and their terms."""
    return lambda _, x: [x[0] - x[0] ** 2], [{"z0": 1.0, "z0**2": -1.0}]


def hindmarsh_rose():
    """Rates of the Hindmarsh-Rose neuron, and their terms."""

    def rates(_, x):
        fast = 10 * x[1] - 10 * x[0] ** 3 + 30 * x[0] ** 2 - 10 * x[2]
        slow = 0.04 * x[0] + 0.0319 - 0.01 * x[2]
        return [fast, 10 - 50 * x[0] ** 2 - 10 * x[1], slow]

    terms = [{"z1": 10.0, "z0**3": -10.0, "z0**2": 30.0, "z2": -10.0}]
    terms += [{"1": 10.0, "z0**2": -50.0, "z1": -10.0}]
    return rates, [*terms, {"z0": 0.04, "1": 0.0319, "z2": -0.01}]


def excitable(a=3.0, b=1 / 3, c=17 / 150, d=1 / 15):
    """Rates of the FitzHugh-Nagumo neuron as WENDy has it, and their terms."""

    def rates(_, x):
        return [a * (x[0] - x[0] ** 3 + x[1]), c - b * x[0] + d * x[1]]

    return rates, [{"z0": a, "z0**3": -a, "z1": a}, {"1": c, "z0": -b, "z1": d}]


def protein_transduction():
    """Rates of the protein transduction benchmark, and their terms."""

    def rates(_, x):
        bound, saturated = 0.6 * x[0] * x[2], 0.017 * x[4] / (0.3 + x[4])
        return [
            -0.07 * x[0] - bound + 0.035 * x[3],
            0.07 * x[0],
            -bound + 0.05 * x[3] + saturated,
            bound - 0.35 * x[3],
            0.3 * x[3] - saturated,
        ]

    last = "z4/(z4 + 0.3)"
    terms = [{"z0": -0.07, "z0*z2": -0.6, "z3": 0.035}, {"z0": 0.07}]
    terms += [{"z0*z2": -0.6, "z3": 0.05, last: 0.017}]
    return rates, [*terms, {"z0*z2": 0.6, "z3": -0.35}, {"z3": 0.3, last: -0.017}]
