"""Floor: a random gain, frequency and phase."""

from transmon.tone import area_scaled, tone


def control(inputs, truths, *, rng):
    gain, frequency, phase = rng.uniform(0.0, 2.0), rng.normal(0.0, 20.0), rng.normal()
    scaled = area_scaled(inputs["envelope"])
    return {"pulse": tone(scaled, gain=gain, frequency_mhz=frequency, phase=phase)}
