"""What is the same for every device: times, levels, limits and the control line."""

from __future__ import annotations

LEVELS = 4
"""Levels of the oscillator that are simulated; 0 and 1 are the qubit."""
SAMPLES = 16
"""Samples that the waveform generator (AWG) plays for one gate."""
SAMPLE_NS = 1.0
"""Length of a sample: the generator makes 1e9 of them a second."""
GATE_NS = SAMPLES * SAMPLE_NS
GUARD_NS = 2.0
"""Idle time before and after, in which the line's response rises and decays."""
BANDWIDTH_MHZ = 300.0
"""Frequency at which the line lets half of the power through."""
MAX_DRIVE_MHZ = 100.0
"""Largest drive strength, as Rabi frequency of the qubit."""
SLICES_PER_SAMPLE = 4
"""Steps of constant drive in the simulation of one sample."""
RADIANS = 6.283185307179586e-3
"""Phase that 1 MHz turns in 1 ns."""
