"""What a challenge, step, artifact, score, record and identity *are*: frozen data, no I/O.

Floor: foundation. Doors: pydantic models at the YAML edge, whose JSON Schemas are exported
from here; exact score arithmetic in `wad`.
"""
