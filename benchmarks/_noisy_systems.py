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


def fractions(rng):
    """Draw rational laws: rates, starts, end, degree, and that of denominators.

    The last is the true equations as text, with letters for coefficients.
    """

    def near(*values):
        return [v * rng.uniform(0.8, 1.2) for v in values]

    starts = rng.uniform(0.2, 3, (8, 2))
    a, v, k = near(0.6, 1.5, 0.3)
    yield (
        "enzyme",
        lambda _, x: [a - v * x[0] / (k + x[0])],
        rng.uniform(0.1, 4, (8, 1)),
        (6, 2, 1),
        ["(1 + 2*z0)/(1 + z0)"],
    )
    f, m, h, y = near(0.3, 0.9, 0.5, 0.6)

    def chemostat(_, x):
        growth = m * x[0] * x[1] / (h + x[0])
        return [f * (4 - x[0]) - growth / y, growth - f * x[1]]

    text = ["(1 + 2*z0 + 3*z0**2 + z0*z1)/(1 + z0)", "(z1 + 2*z0*z1)/(1 + z0)"]
    yield "chemostat", chemostat, starts, (20, 2, 1), text
    b, c, d, e, g, kk = near(0.1, 1.2, 0.5, 0.8, 0.6, 0.5)

    def gene(_, x):
        return [b + c * kk / (kk + x[1] ** 2) - d * x[0], e * x[0] - g * x[1]]

    text = ["(1 + 2*z0 + 3*z1**2 + z0*z1**2)/(1 + z1**2)", "z0 + z1"]
    yield "gene", gene, starts, (15, 3, 2), text
    p, q, r, s = near(3, 2.5, 1, 1)

    def switch(_, x):
        return [p / (1 + x[1] ** 2) - r * x[0], q / (1 + x[0] ** 2) - s * x[1]]

    text = [
        "(1 + 2*z0 + 3*z0*z1**2)/(1 + z1**2)",
        "(1 + 2*z1 + 3*z0**2*z1)/(1 + z0**2)",
    ]
    yield "switch", switch, starts, (8, 3, 2), text
    cap, w, gain, death = near(5, 0.5, 0.8, 0.4)

    def predator(_, x):
        eaten = x[0] * x[1] / (1 + w * x[0])
        return [x[0] * (1 - x[0] / cap) - eaten, gain * eaten - death * x[1]]

    text = ["(z0 + 2*z0**2 + 3*z0**3 + z0*z1)/(1 + z0)", "(z1 + 2*z0*z1)/(1 + z0)"]
    yield "predator", predator, starts, (25, 3, 1), text
