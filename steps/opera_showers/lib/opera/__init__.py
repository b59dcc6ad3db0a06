"""Electromagnetic showers in an emulsion brick: material, cascade, films, volumes, matching."""
