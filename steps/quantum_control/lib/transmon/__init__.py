"""A driven transmon of four levels: control line, evolution, gate errors, exact gradients.

Energies are frequencies in MHz (divided by h), times are in ns, so that 1 MHz for 1 ns turns a
phase by 2 pi / 1000. Everything is vectorised over draws of the noise and draws no random number.
"""
