"""Faults on purpose: rules that change how chosen calls end."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from local.http import Delivery, Reply
from local.ongoing.soap import SoapFaultError, fault, refusal


class Effect(StrEnum):
    """How a call ends. What is not said to happen after the call was carried out happens instead of it."""

    BEFORE = "before"  # the connection is reset and nothing was done
    AFTER = "after"  # the connection is reset after the call was carried out
    DELAY = "delay"  # carried out `seconds` later; with `commit`, at once, and only the answer is late
    TRUNCATE = "truncate"  # carried out; the connection ends in the middle of the answer
    HALF = "half"  # carried out; half a document that calls itself complete
    HTML = "html"  # a page for people, with `status`
    STATUS = "status"  # an empty answer with `status`
    SOAP_FAULT = "soap_fault"  # a fault with `message`
    SUCCESS_FALSE = "success_false"  # HTTP 200 with `message`
    BOMB = "bomb"  # a document whose entities grow to gigabytes
    ENCODING = "encoding"  # carried out; Latin-1 that calls itself UTF-8
    PARTIAL = "partial"  # UpdateInvoice sets the number, does not mark as exported, and faults


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Which calls a rule is about; None matches all. `nth` counts matching calls, from 1."""

    operation: str | None = None
    warehouse: str | None = None
    nth: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One rule. It ends after it was used `times` times; None means never."""

    effect: Effect
    match: Match = Match()
    times: int | None = 1
    status: int | None = None
    seconds: float = 0.0
    message: str = "Server was unable to process request."
    commit: bool = False  # also carry the call out, where the effect would otherwise replace it


class FaultRules:
    """The rules in force, first come first served."""

    def __init__(self) -> None:
        self._rules: list[FaultRule] = []
        self._matched: list[int] = []

    @property
    def rules(self) -> tuple[FaultRule, ...]:
        """The rules that are left."""
        return tuple(self._rules)

    def add(self, rule: FaultRule) -> None:
        """Puts a rule behind the others."""
        self._rules.append(rule)
        self._matched.append(0)

    def clear(self) -> None:
        """Ends all rules."""
        self._rules.clear()
        self._matched.clear()

    def take(self, *, warehouse: str, operation: str) -> FaultRule | None:
        """The rule for this call, which is used up by it."""
        chosen = None
        for place, rule in enumerate(self._rules):
            if rule.match.operation not in (None, operation) or rule.match.warehouse not in (None, warehouse):
                continue
            self._matched[place] += 1
            if chosen is None and rule.match.nth in (None, self._matched[place]):
                chosen = place
        if chosen is None:
            return None
        rule = self._rules[chosen]
        if rule.times is not None and rule.times <= 1:
            del self._rules[chosen], self._matched[chosen]
        elif rule.times is not None:
            self._rules[chosen] = replace(rule, times=rule.times - 1)
        return rule


_PAGE = (
    "<!DOCTYPE html><html><head><title>Service unavailable</title></head>"
    "<body><h1>We will be back soon</h1><br></body></html>"
)
_BOMB = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE e [<!ENTITY a0 "'
    + "ha" * 50
    + '">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + ']><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>&a9;</soap:Body></soap:Envelope>'
)


type _CarryOut = Callable[[], Reply]


def _late(rule: FaultRule, carry_out: _CarryOut) -> Reply:
    if rule.commit:
        return replace(carry_out(), delay_seconds=rule.seconds)
    return Reply(status=0, delay_seconds=rule.seconds, resume=carry_out)


def _half(reply: Reply) -> Reply:
    return replace(reply, body=reply.body[: len(reply.body) // 2])


def _as_latin_1(reply: Reply) -> Reply:
    return replace(reply, body=reply.body.decode().encode("latin-1", "replace"))


def _bomb() -> Reply:
    return Reply(status=200, headers=(("Content-Type", "text/xml; charset=utf-8"),), body=_BOMB.encode())


_CARRIED_OUT: Mapping[Effect, Callable[[FaultRule, _CarryOut], Reply]] = {
    Effect.AFTER: lambda _, carry_out: replace(carry_out(), delivery=Delivery.RESET),
    Effect.DELAY: _late,
    Effect.TRUNCATE: lambda _, carry_out: replace(carry_out(), delivery=Delivery.TRUNCATED),
    Effect.HALF: lambda _, carry_out: _half(carry_out()),
    Effect.ENCODING: lambda _, carry_out: _as_latin_1(carry_out()),
    Effect.PARTIAL: lambda _, carry_out: carry_out(),  # the operation itself does it
}
_INSTEAD: Mapping[Effect, Callable[[FaultRule, str], Reply]] = {
    Effect.BEFORE: lambda _rule, _operation: Reply(status=0, delivery=Delivery.RESET),
    Effect.HTML: lambda rule, _operation: Reply.html(rule.status or 200, _PAGE),
    Effect.STATUS: lambda rule, _operation: Reply(status=rule.status or 500),
    Effect.SOAP_FAULT: lambda rule, _operation: fault(SoapFaultError("Server", rule.message)),
    Effect.SUCCESS_FALSE: lambda rule, operation: refusal(operation, rule.message),
    Effect.BOMB: lambda _rule, _operation: _bomb(),
}


def misbehave(rule: FaultRule, operation: str, carry_out: _CarryOut) -> Reply:
    """The answer that a rule wants."""
    if rule.effect in _CARRIED_OUT:
        return _CARRIED_OUT[rule.effect](rule, carry_out)
    if rule.commit:
        carry_out()
    return _INSTEAD[rule.effect](rule, operation)
