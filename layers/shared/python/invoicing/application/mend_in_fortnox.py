"""What stops invoices is mended in Fortnox because a person says so, after seeing what; then they are tried again.

Every write is followed by a look at what is there, whatever its answer was: so a lost answer, a second click and
somebody who was faster end alike. docs/decisions/0024.
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from invoicing.application.ask_for_run import ask_for_invoices
from invoicing.application.change_integration import ChangeTools, export_all_again
from invoicing.application.ports import ChangedMeanwhileError, Fortnox, SecondsLeft
from invoicing.application.tell_change import tell_change, with_change
from invoicing.domain.agreement import Agreement, plainly_the_same
from invoicing.domain.cause import Cause
from invoicing.domain.change import Change, ChangeKind
from invoicing.domain.errors import (
    HeldError,
    InvoicingError,
    RetryLaterError,
    UnknownOutcomeError,
    UpstreamContractError,
)
from invoicing.domain.export import EventKind, HistoryEvent
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import Language
from invoicing.domain.remedy import CREATED, Act, CustomerDraft, Entry, MendProblem, Remedy, Thing
from invoicing.domain.texts import clean_text

HOME_CURRENCY = "SEK"  # of an invoice in Ongoing that names none
SECONDS_TO_MEND = 14.0  # with less left nothing is begun: a write, a look at what is there, and what is kept of it
_SECONDS_TO_TELL = 3.0  # with less left the histories of the rest are not written; all are asked for by then
_NAME_LIMIT = 200
_NO_ANSWER = (RetryLaterError, UpstreamContractError)  # or none that can be read
_ROUNDS = 3  # of one write against others that change the integration at the same moment


@dataclass(frozen=True, slots=True, kw_only=True)
class MendTools:
    """What mending works with."""

    change: ChangeTools
    fortnox: Fortnox
    seconds_left: SecondsLeft


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What would be done. `there` is what Fortnox has; None: nothing.

    `act` None: there is nothing to do, or, if it is not there, nothing that is ours to make.
    """

    remedy: Remedy
    there: Entry | None
    act: Act | None
    customer: CustomerDraft | None = None  # as far as Ongoing tells; where one would be created

    @property
    def is_there(self) -> bool:
        """Whether it can be used already."""
        return self.there is not None and self.there.active


class NotMendedError(Exception):
    """The page goes back to the person. `plan` is how things were when it was tried, if that is known."""

    def __init__(self, problem: MendProblem, message: str = "", *, plan: Plan | None = None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.message = message
        self.plan = plan


def plan_remedy(tools: MendTools, integration: Integration, cause: Cause, remedy: Remedy) -> Plan:
    """Looks at what Fortnox has, and writes nothing. Raises NotMendedError, ReconnectRequiredError."""
    try:
        there = _look(tools, cause, remedy)
    except HeldError as refused:
        raise NotMendedError(MendProblem.REFUSED, _words(refused)) from refused
    except _NO_ANSWER as error:
        raise NotMendedError(MendProblem.NOT_ANSWERING) from error
    act: Act | None = None
    if there is None and remedy.thing in CREATED:
        act = Act.CREATE
    elif there is not None and not there.active:
        act = Act.SWITCH_ON
    is_new_customer = act is Act.CREATE and remedy.thing is Thing.CUSTOMER
    return Plan(
        remedy=replace(remedy, act=act or remedy.act),
        there=there,
        act=act,
        customer=_customer_of(integration, cause, remedy.key) if is_new_customer else None,
    )


def mend_in_fortnox(
    tools: MendTools,
    integration: Integration,
    cause: Cause,
    remedy: Remedy,
    *,
    wanted: Act,
    by: str,
    customer: CustomerDraft | None = None,
) -> Remedy | None:
    """Does what a person has seen (`wanted`), and asks for the invoices of that cause. Gives what was done.

    None: it was there already, by somebody in Fortnox. What an earlier try did whose answer was lost, or whose page was
    cut off, is finished and counts as done by who asked for it. Raises NotMendedError, ReconnectRequiredError.
    """
    plan = plan_remedy(tools, integration, cause, remedy)
    if plan.is_there:
        wish = _unfinished_wish(tools, integration, cause, remedy)
        if wish is None or wish.remedy is None:
            _try_again(tools, integration, cause, by=by)
            return None
        _finish(tools, integration, cause, wish.remedy, by=wish.by, there=plan.there, customer=customer)
        return wish.remedy
    if plan.act is not wanted or (plan.customer is None) is not (customer is None):
        raise NotMendedError(MendProblem.OTHERWISE, plan=plan)
    if tools.seconds_left() < SECONDS_TO_MEND:
        raise NotMendedError(MendProblem.NOT_ANSWERING, plan=plan)
    _note(tools, integration, plan, ChangeKind.MENDED, by=by)
    try:
        there = _write(tools, cause, plan, customer)
    except NotMendedError as failed:
        if failed.problem is not MendProblem.UNCLEAR:
            with suppress(NotMendedError, RetryLaterError):  # then the wish stands alone
                _note(tools, integration, plan, ChangeKind.NOT_MENDED, by=by)
        raise
    if customer is not None and not plainly_the_same(there.name, customer.name):
        # Somebody else was faster, with another name: whose invoice it is, is asked as ever.
        _try_again(tools, integration, cause, by=by)
        return None
    _finish(tools, integration, cause, plan.remedy, by=by, there=there, customer=customer)
    return plan.remedy


def _finish(
    tools: MendTools,
    integration: Integration,
    cause: Cause,
    done: Remedy,
    *,
    by: str,
    there: Entry | None,
    customer: CustomerDraft | None,
) -> None:
    """All that follows from what is there now: mail, histories, and the run that tries the invoices again."""
    if customer is not None and there is not None and plainly_the_same(there.name, customer.name):
        _agree(tools, integration, cause, customer, by=by)
    tell_change(
        tools.change.notices,
        tools.change.integrations.get(integration.id) or integration,
        ChangeKind.MENDED,
        at=tools.change.clock(),
        by=by,
        params={"thing": done.thing, "act": done.act, "key": done.key},
    )
    _go_on(tools, integration, cause, done, by=by)


def _unfinished_wish(tools: MendTools, integration: Integration, cause: Cause, remedy: Remedy) -> Change | None:
    """The last wish for this, if no invoice of the cause tells yet that it was done."""

    def is_it(one: Remedy | None) -> bool:
        return one is not None and (one.thing, one.key) == (remedy.thing, remedy.key)

    wish = next((one for one in reversed(integration.changes) if is_it(one.remedy)), None)
    if wish is None or wish.kind is ChangeKind.NOT_MENDED:
        return None
    if not cause.exports and wish.at < cause.since:
        return None  # it lacked after that
    records = [tools.change.exports.get(integration.id, one.invoice_id) for one in cause.exports[:1]]
    told = any(is_it(event.remedy) and event.at >= wish.at for record in records if record for event in record.history)
    return None if told else wish


def _look(tools: MendTools, cause: Cause, remedy: Remedy) -> Entry | None:
    return tools.fortnox.entry(remedy.thing, remedy.key, on=_day_of(cause))


def _write(tools: MendTools, cause: Cause, plan: Plan, customer: CustomerDraft | None) -> Entry:
    """One write, and then a look, which alone says what came of it."""
    remedy = plan.remedy
    doubt: InvoicingError = UnknownOutcomeError("Fortnox does not have what it said it made")
    try:
        if remedy.act is Act.SWITCH_ON:
            tools.fortnox.switch_on(remedy.thing, remedy.key, on=_day_of(cause))
        elif customer is not None:
            tools.fortnox.create_customer(customer)
        else:
            tools.fortnox.create_code(remedy.thing, remedy.key)
    except (HeldError, *_NO_ANSWER) as error:
        doubt = error
    try:
        there = _look(tools, cause, remedy)
    except (HeldError, *_NO_ANSWER):
        there = None  # what the write said still counts, if it was a no
    if there is not None and there.active:
        return there
    if isinstance(doubt, HeldError):
        raise NotMendedError(MendProblem.REFUSED, _words(doubt), plan=plan) from doubt
    unclear = isinstance(doubt, UnknownOutcomeError | UpstreamContractError)
    raise NotMendedError(MendProblem.UNCLEAR if unclear else MendProblem.NOT_ANSWERING, plan=plan) from doubt


def _words(refused: HeldError) -> str:
    return refused.issue.params.get("message", "")


def _note(tools: MendTools, integration: Integration, plan: Plan, kind: ChangeKind, *, by: str) -> None:
    """Who asked for what stands in the integration's history before Fortnox is asked; a certain no, afterwards."""
    now, remedy = tools.change.clock(), plan.remedy
    for _ in range(_ROUNDS):
        changed = with_change(integration, kind, at=now, by=by, remedy=remedy)
        try:
            tools.change.integrations.put(replace(changed, version=integration.version + 1))
        except ChangedMeanwhileError:
            integration = tools.change.integrations.get(integration.id) or integration
        else:
            event = "mending_asked" if kind is ChangeKind.MENDED else "mending_refused"
            tools.change.report(event, {"integration": integration.id, "what": str(remedy)})
            return
    raise NotMendedError(MendProblem.NOT_ANSWERING, plan=plan)


def _agree(tools: MendTools, integration: Integration, cause: Cause, customer: CustomerDraft, *, by: str) -> None:
    """Who creates a customer for a goods owner says that they are the same company."""
    with suppress(HeldError, *_NO_ANSWER):  # then it is asked
        made = tools.fortnox.customer(customer.number)
        if made is None:
            return
        agreement = Agreement(
            goods_owner=cause.goods_owner,
            customer_number=made.number,
            customer_name=made.name,
            organisation_number=made.organisation_number,
            by=by,
            at=tools.change.clock(),
        )
        tools.change.exports.agree(integration.id, agreement)


def _try_again(tools: MendTools, integration: Integration, cause: Cause, *, by: str) -> None:
    """As if *Try again* had been pressed."""
    ids = frozenset(record.invoice_id for record in cause.exports)
    export_all_again(tools.change, integration, ids, kind=EventKind.RETRY, by=by)


def _go_on(tools: MendTools, integration: Integration, cause: Cause, done: Remedy, *, by: str) -> None:
    """Asks for all invoices of the cause, in one write, and then tells it in the history of each."""
    integration = tools.change.integrations.get(integration.id) or integration
    ids = frozenset(record.invoice_id for record in cause.exports)
    ask_for_invoices(tools.change, integration, ids, by=by)
    for number, invoice_id in enumerate(sorted(ids)):
        if tools.seconds_left() < _SECONDS_TO_TELL:
            tools.change.report("histories_cut", {"integration": integration.id, "count": len(ids) - number})
            return
        record = tools.change.exports.get(integration.id, invoice_id)
        if record is None:
            continue
        event = HistoryEvent(at=tools.change.clock(), kind=EventKind.MENDED, by=by, remedy=done)
        with suppress(ChangedMeanwhileError):  # a run is at it, or a second click: the wish counts all the same
            tools.change.exports.save(replace(record, version=record.version + 1), event=event)


def _customer_of(integration: Integration, cause: Cause, number: str) -> CustomerDraft:
    language = integration.settings.language if integration.settings else Language.SWEDISH
    return CustomerDraft(
        number=number,
        name=clean_text(cause.goods_owner, _NAME_LIMIT, language),
        currency=cause.currency or HOME_CURRENCY,
    )


def _day_of(cause: Cause) -> date | None:
    return cause.exports[0].invoice_date if cause.exports else None
