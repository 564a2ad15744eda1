"""A case: one promise of a Twirp server."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from tests.conformance.exchange import Answer, Request, send
from tests.conformance.target import Target

Ask = Callable[[Target], Request]


class Send(Protocol):
    """Brings requests to a server, one after the other on one connection."""

    def __call__(self, url: str, *requests: Request) -> list[Answer]:
        """Their answers."""
        ...


@dataclass(frozen=True)
class Exchange:
    """What was asked and answered; checks may ask further."""

    target: Target
    request: Request
    answer: Answer
    send: Send = send

    def ask(self, ask: Ask) -> "Exchange":
        """Another request to the same server."""
        request = ask(self.target)
        return Exchange(self.target, request, self.send(self.target.url, request)[-1], self.send)


Check = Callable[[Exchange], None]
"""Raises AssertionError with what is wrong."""

Need = Callable[[Target], bool]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One request and what must be true of its answer."""

    name: str
    promise: str
    ask: Ask
    expect: tuple[Check, ...]
    note: str = ""
    """Where Go's server does not what the specification says, or the specification is silent."""
    needs: Need = field(default=lambda _target: True)
    """Whether the target tells what this case has to know."""
    before: Ask | None = None
    """Asked before on the same connection."""

    def run(self, target: Target, send: Send = send) -> None:
        """Raises AssertionError if the target does not keep the promise."""
        request = self.ask(target)
        requests = [self.before(target), request] if self.before else [request]
        exchange = Exchange(target, request, send(target.url, *requests)[-1], send)
        for check in self.expect:
            check(exchange)
