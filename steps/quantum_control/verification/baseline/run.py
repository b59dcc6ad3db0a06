"""Claim the worst corner of the data sheet: safe, and far too much."""

import itertools

import numpy as np
from transmon.certificate import Certificate, write_certificate
from transmon.evolution import Draws
from transmon.fidelity import gate_errors


def solve(inputs, *, params, rng):
    device, pulse = inputs["device"], inputs["pulse"]
    signs = np.array(list(itertools.product((-1.0, 0.0, 1.0), repeat=3)))
    corners = Draws(
        signs[:, 0] * device["detuning_tolerance_mhz"],
        signs[:, 1] * device["amplitude_tolerance"],
        device["anharmonicity_mhz"] + signs[:, 2] * device["anharmonicity_tolerance_mhz"],
    )
    lost, leaked = (float(errors.max()) for errors in gate_errors(pulse, corners))
    certificate = Certificate(pulse, typical=lost, guaranteed=lost, leakage=leaked)
    return {"certificate": write_certificate(certificate)}
