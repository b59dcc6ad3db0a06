"""Waits for DVC to be imported and then registers `ipfs://`; costs nothing where DVC is not.

`coopt_dag_dvc.pth` imports this at every start of the interpreter, so it must stay tiny and
must never fail.
"""

import sys

_MODULES = frozenset(("dvc_objects.fs", "dvc.config_schema"))


class _Finder:
    """Lets the other finders find, and acts after the module has run."""

    def find_spec(self, name, path=None, target=None):  # import machinery
        if name not in _MODULES:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                _act_after(name, spec.loader)
                return spec
        return None


def _act_after(name, loader):
    run = loader.exec_module

    def exec_module(module):
        run(module)
        try:
            from coopt_dag.store.dvc.registration import TARGETS

            TARGETS[name](module)
        except Exception as error:  # noqa: BLE001  # DVC must go on without us, and say why
            sys.stderr.write(f"coopt-dag: ipfs:// remotes are not registered: {error!r}\n")

    try:
        loader.exec_module = exec_module
    except AttributeError as error:
        sys.stderr.write(f"coopt-dag: ipfs:// remotes are not registered: {error!r}\n")


sys.meta_path.insert(0, _Finder())
