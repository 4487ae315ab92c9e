"""Rates of an enzyme, a chemostat and a gene, whose laws are fractions."""


def enzyme(_, z):
    return [0.6 - 1.5 * z[0] / (0.3 + z[0])]


def monod(_, z):
    growth = 0.9 * z[0] * z[1] / (0.5 + z[0])
    return [0.3 * (4 - z[0]) - growth / 0.6, growth - 0.3 * z[1]]


def hill(_, z):
    return [0.1 + 1.2 * 0.49 / (0.49 + z[1] ** 2) - 0.5 * z[0], 0.8 * z[0] - 0.6 * z[1]]
