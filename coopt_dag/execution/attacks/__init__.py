"""The attacks that a cage must hold, in harmless form: what `coopt doctor --sandbox` tries.

Every module but `table` runs inside a cage and needs the standard library only. An attack is a
function of its aim (what to look for, as plain data) that yields a sentence for everything it
gained; one that yields nothing was held, as far as can be seen from inside.
"""
