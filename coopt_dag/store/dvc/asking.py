"""Many small questions of coroutines become few large ones for a thread."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

Item = TypeVar("Item")
Answer = TypeVar("Answer")

_GATHER_S = 0.003
_MOST_GATHERS = 100


class Asking(Generic[Item, Answer]):
    """Collects what coroutines of one event loop ask, and answers all of it at once.

    Parameters
    ----------
    work
        Takes the items of a batch, gives an answer or an exception for each; runs in a thread.
        If it raises, everybody in the batch gets that exception.

    Examples
    --------
    >>> async def ask_two():
    ...     asking = Asking(lambda words: [w.upper() for w in words])
    ...     return await asyncio.gather(asking.ask("a"), asking.ask("b"))
    >>> asyncio.run(ask_two())
    ['A', 'B']
    """

    def __init__(self, work: Callable[[list[Item]], Sequence[Answer | BaseException]]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._worker: asyncio.Task[None] | None = None

    async def ask(self, item: Item) -> Answer:
        """Give the answer for one item."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.ensure_future(self._run())
        return await future

    async def _run(self) -> None:
        await self._gather()
        while self._waiting:
            batch, self._waiting = self._waiting, []
            answers = await asyncio.gather(
                asyncio.to_thread(self._work, [item for item, _ in batch]), return_exceptions=True
            )
            _deliver([future for _, future in batch], answers[0])
            await asyncio.sleep(0)  # let those who were answered ask again

    async def _gather(self) -> None:
        """Wait as long as more keep asking: DVC starts all its coroutines in one go."""
        for _ in range(_MOST_GATHERS):
            before = len(self._waiting)
            await asyncio.sleep(_GATHER_S)
            if len(self._waiting) == before:
                return


def _deliver(
    futures: list[asyncio.Future[Answer]],
    answers: Sequence[Answer | BaseException] | BaseException,
) -> None:
    if isinstance(answers, BaseException):
        answers = [answers] * len(futures)
    for future, answer in zip(futures, answers, strict=True):
        if future.done():  # its coroutine was cancelled
            continue
        if isinstance(answer, BaseException):
            future.set_exception(answer)
        else:
            future.set_result(answer)
