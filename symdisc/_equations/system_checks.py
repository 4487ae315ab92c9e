"""What the parts of an EquationSystem must be."""

import numpy as np


def check_order(order, library):
    if order not in (1, 2):
        raise ValueError(
            f"order must be 1 or 2; got {order!r}. Use 2 for accelerations."
        )
    if len(library.symbols) % order:
        raise ValueError(
            f"order=2 needs a library in positions followed by as many velocities; got "
            f"the {len(library.symbols)} variables {list(map(str, library.symbols))}."
        )
    return int(order)


def check_coefficients(coefficients, library, order):
    coefficients = np.array(coefficients, dtype=float)
    expected = (len(library.symbols) // order, len(library))
    if coefficients.shape != expected:
        raise ValueError(
            f"coefficients has shape {coefficients.shape}; with this library and order "
            f"it must be (k, n_terms) = {expected}."
        )
    if not np.isfinite(coefficients).all():
        raise ValueError(
            "coefficients contains NaN or infinity; check the derivatives they were "
            "fitted to."
        )
    return coefficients


def check_errors(errors, coefficients):
    if errors is None:
        return None
    errors = np.array(errors, dtype=float)
    if errors.shape != coefficients.shape:
        raise ValueError(
            f"errors has shape {errors.shape}; give one standard error for each "
            f"coefficient: shape {coefficients.shape}."
        )
    if not (np.isfinite(errors) & (errors >= 0)).all():
        raise ValueError(
            "errors contains negative numbers, NaN or infinity; give standard errors, "
            "0 for a coefficient that is known."
        )
    return errors


def check_inputs(inputs, coefficients):
    """Return the variables without an equation, as a tuple of numbers."""
    inputs = tuple(sorted(map(int, inputs)))
    k = len(coefficients)
    if len(set(inputs)) < len(inputs) or not set(inputs) < set(range(k)):
        raise ValueError(
            f"inputs={inputs} must be numbers of different variables, of which there "
            f"are {k}, and leave at least one with an equation."
        )
    if np.any(coefficients[list(inputs)]):
        raise ValueError(
            f"inputs={inputs} have coefficients, but no equation; set these to 0."
        )
    return inputs
