"""A push to js-ipfs is killed: on a node of its own, for its collection may hang ever after."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from coopt_dag.store.remote.kubo import KuboStore
from tests.interop.nodes import REPOSITORY, js_ipfs

UPLOAD = """
import sys
from coopt_dag.store.cid import Codec
from coopt_dag.store.remote.kubo import KuboStore
with KuboStore(sys.argv[1]) as store:
    with store.batch() as put:
        for n in range(150):
            cid = put(n.to_bytes(4, "big") * (1 << 16), Codec.RAW)
        print("sending", flush=True)
    store.move("killed", frozenset(), cid)
    print("acknowledged", flush=True)
"""


@pytest.mark.kill
@pytest.mark.parametrize("wait_s", [0.0, 0.1])
def test_a_killed_upload_names_nothing_and_the_next_one_goes_through(
    tmp_path: Path, wait_s: float
) -> None:
    with js_ipfs(tmp_path) as api, KuboStore(api, timeout_s=20) as kubo:
        command = [sys.executable, "-c", UPLOAD, kubo.place]
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
        assert process.stdout
        assert process.stdout.readline() == "sending\n"
        time.sleep(wait_s)
        process.kill()
        assert process.communicate()[0] == ""  # never acknowledged
        assert kubo.heads("killed") == frozenset()
        again = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True)
        assert "acknowledged" in again.stdout
        [head] = kubo.heads("killed")
        assert kubo.get(head) == (149).to_bytes(4, "big") * (1 << 16)
