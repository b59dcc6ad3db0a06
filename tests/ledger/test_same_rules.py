"""Random games of all actions: memory and a chain refuse, tell and store the same."""

from __future__ import annotations

import itertools
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from .conftest import Anvil, Bench, anvil_bench, embedded_bench
from .dice import PEOPLE
from .game import Game

# COOPT_GAMES=200 plays longer than every run of the suite can.
GAMES = int(os.environ.get("COOPT_GAMES", "4"))
MOVES = 150


def play(machine: type[Game], *, games: int, moves: int = MOVES) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=games,
            stateful_step_count=moves,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_memory_and_the_embedded_chain_play_the_same_game():
    with tempfile.TemporaryDirectory() as folder:
        games = itertools.count()

        class Embedded(Game):
            def open_chain(self) -> Bench:
                return embedded_bench(Path(folder) / str(next(games)))

        play(Embedded, games=GAMES)


@pytest.mark.slow
@pytest.mark.npm
def test_memory_and_anvil_play_the_same_game(anvil: Anvil):
    class Remote(Game):
        def open_chain(self) -> Bench:
            for who in PEOPLE:  # the node may have known them before
                anvil.rpc("anvil_setBalance", who.address, "0x0")
            return anvil_bench(anvil)

        def sync(self) -> None:
            anvil.rpc("evm_setNextBlockTimestamp", self.clock.now)

    play(Remote, games=GAMES)
