"""The area theorem: on resonance a two-level system turns by the area under the drive."""

from transmon.tone import area_scaled, tone


def solve(inputs, *, params, rng):
    return {"pulse": tone(area_scaled(inputs["envelope"]), gain=1.0)}
