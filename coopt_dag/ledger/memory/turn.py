"""One call of a contract: who makes it, when, with how much coin, and what it leaves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from coopt_dag.ledger.refusals import refused

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from coopt_dag.ledger.memory.storage import Storage
    from coopt_dag.ledger.typed import Domain

Told = tuple["Callable[..., Any]", dict[str, Any]]
"""An event that has no place yet: its class and its fields."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A call.

    Attributes
    ----------
    world : Storage
    home : str
        The contract that is called: ledger, guard, treasury or notes.
    who : str
        Who acts: the sender, or the author of a relayed request.
    now : int
        Seconds since 1970.
    value : int
        Wei that came with the call.
    domains
        Where each contract's signatures count.
    guardian : str
        Who may stop new things.
    told : list
        The events so far.
    """

    world: Storage
    home: str
    who: str
    now: int
    value: int
    domains: Mapping[str, Domain]
    guardian: str
    told: list[Told]

    @property
    def domain(self) -> Domain:
        """Tell where signatures for the called contract count."""
        return self.domains[self.home]

    def by(self, who: str) -> Turn:
        """Give the call that the contract makes in an author's name."""
        return replace(self, who=who)

    def tell(self, event: Callable[..., Any], /, **fields: Any) -> None:
        """Leave an event; who acts is the caller unless `actor` says otherwise."""
        self.told.append((event, {"actor": self.who, **fields}))

    def require_open(self) -> None:
        """Refuse while new things are stopped."""
        if self.now < self.world.brake.get("until", 0):
            raise refused("Paused")

    def pay(self, to: str, amount: int) -> None:
        """Send coin of the called contract; our contracts take none that nobody accounts for."""
        coin, home = self.world.coin, self.domain.contract
        if to in {d.contract for d in self.domains.values()}:
            raise refused("PaymentFailed")
        coin[home] -= amount
        coin[to] = coin.get(to, 0) + amount

    def owe(self, account: str, amount: int) -> None:
        """Let an account fetch coin of the called contract."""
        key = self.home, account
        self.world.owed[key] = self.world.owed.get(key, 0) + amount
