"""What the service operator asks of one integration, and does to it: pause, months, issues, notices, tokens check."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Any

from invoicing.application import keep_months
from invoicing.application.change_integration import pause
from invoicing.application.ports import ChangedMeanwhileError, ClientRefusedError, SyncRequest
from invoicing.application.send_notice import addresses_of
from invoicing.domain.cause import with_send_problems
from invoicing.domain.errors import InvoicingError, ReconnectRequiredError, RetryLaterError, UpstreamContractError
from invoicing.domain.export import Export
from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue
from invoicing.domain.month import MonthIndex
from invoicing.domain.notice import Notice, NoticeKind
from invoicing.domain.standing import unspecified
from invoicing.rendering.issue_texts import issue_text
from invoicing.runtime.order import Order, RefusedError, shown_time

BY = "service operator"  # named in histories and logs as who did it
_SHOWN_NOTICES = 100


def integration_of(order: Order) -> Integration:
    """The one that was asked for. Raises RefusedError."""
    found = order.parts.integrations.get(order.asked.integration_id)
    if found is None:
        raise RefusedError(
            f"there is no integration {order.asked.integration_id}. Its id is the name in the system's address; "
            "`invoicing integrations` lists all."
        )
    return found


def why_not(integration: Integration) -> str:
    """Why it does not run, and who changes that."""
    if integration.broken_since:
        return (
            f"its keys to Fortnox are dead since {shown_time(integration.broken_since)}. Its Fortnox administrator "
            "connects it again with the link in the mail or on its page."
        )
    if integration.status is IntegrationStatus.PAUSED and integration.status_by == BY:
        return f"it is paused by you. `invoicing resume {integration.id}` lets it go on."
    return f"it is {integration.status}. Only its operator changes that, on its page."


def sync(order: Order) -> None:
    """invoicing sync ID"""
    integration = integration_of(order)
    if since := order.parts.integrations.stopped_since():
        raise RefusedError(f"the service is paused since {shown_time(since)}: `invoicing resume-all` lets it go on")
    if not integration.runs:
        raise RefusedError(f"{integration.id} does not run: {why_not(integration)}")
    slot = f"operator-{order.parts.clock():%Y%m%d%H%M%S}"
    order.parts.queue.send([SyncRequest(integration_id=integration.id, by=BY, slot=slot)])
    print(
        f"A sync of {integration.id} is queued. It begins when the run before it has ended: within a minute, or some "
        f"six if that one was killed. `invoicing integrations {integration.id}` shows when it has run."
    )


def pause_one(order: Order) -> None:
    """invoicing pause ID"""
    integration = integration_of(order)
    if integration.status is not IntegrationStatus.ACTIVE:
        raise RefusedError(f"{integration.id} is {integration.status} and cannot be paused")
    pause(order.parts, integration, paused=True, by=BY)
    print(
        f"{integration.id} is paused from now on; a run that is under way ends by itself. Its page says who paused it. "
        f"`invoicing resume {integration.id}` lets it go on."
    )


def resume_one(order: Order) -> None:
    """invoicing resume ID [--anyway]"""
    integration = integration_of(order)
    if integration.status is not IntegrationStatus.PAUSED:
        raise RefusedError(f"{integration.id} is {integration.status}, not paused")
    if integration.status_by != BY and not order.asked.anyway:
        since = f" since {shown_time(integration.status_since)}" if integration.status_since else ""
        raise RefusedError(
            f"{integration.id} was not paused by you, but by {integration.status_by or 'its operator'}{since}, who may "
            "have a reason. --anyway lets it go on all the same."
        )
    pause(order.parts, integration, paused=False, by=BY)
    print(f"{integration.id} goes on with the next schedule, which reads anew what is due.")


# ---- months


def rebuild_months(order: Order) -> None:
    """invoicing months rebuild ID"""
    integration, parts = integration_of(order), order.parts
    index = parts.months.index(integration.id) or MonthIndex()
    try:
        keep_months.rebuild_months(
            parts.months,
            parts.exports,
            integration.id,
            index=replace(index, began_at=None),
            now=parts.clock(),
            goes_on=lambda: True,
        )
    except ChangedMeanwhileError:
        raise RefusedError(
            f"a run of {integration.id} counted at the same time: what it saved may be missing. Type it again when "
            f"`invoicing integrations {integration.id}` shows that the run has ended."
        ) from None
    count = len(parts.months.stored(integration.id))
    print(f"The months of {integration.id} are counted anew from its records: {count}.")


# ---- issues


def issues(order: Order) -> None:
    """invoicing issues [ID]"""
    if order.asked.integration_id:
        rows = list(_issues_of(order, integration_of(order)))
        order.show(rows, nothing="It has no issues.")
        return
    found = [one for one in order.parts.integrations.all() if isinstance(one, Integration)]
    order.show(
        [row for one in sorted(found, key=lambda one: one.id) for row in _kinds_of(order, one)],
        nothing="No integration has issues.",
    )


def _kinds_of(order: Order, integration: Integration) -> Iterator[Mapping[str, Any]]:
    """A row for each kind of issue of an integration, and since when the oldest stands."""
    run = integration.last_run
    if run is not None and run.problem is not None:
        yield _kind(integration, run.problem, 1, run.problem_since, of="all invoices")
    held = list(_records(order, integration))
    for code, count in Counter(issue.code for _, issue in held).most_common():
        same = [(record, issue) for record, issue in held if issue.code is code]
        since = min((record.issue_since for record, _ in same if record.issue_since), default=None)
        yield _kind(integration, same[0][1], count, since, of="invoices")


def _kind(integration: Integration, issue: Issue, count: int, since: datetime | None, *, of: str) -> Mapping[str, Any]:
    return {
        "id": integration.id,
        "since": shown_time(since) if since else "",
        "issue": issue.code,
        "of": of if of == "all invoices" else f"{count} {of}",
        "who mends it": issue.fixer,
    }


def _issues_of(order: Order, integration: Integration) -> Iterator[Mapping[str, Any]]:
    run = integration.last_run
    if run is not None and run.problem is not None:
        yield _row(run.problem, run.problem_since, invoice="all", number="")
    for record, issue in sorted(_records(order, integration), key=lambda pair: pair[0].invoice_id):
        yield _row(issue, record.issue_since, invoice=str(record.invoice_id), number=record.wms_number)


def _row(issue: Issue, since: datetime | None, *, invoice: str, number: str) -> Mapping[str, Any]:
    text = issue_text(issue, Language.ENGLISH)
    return {
        "invoice": invoice,
        "WMS number": number,
        "since": shown_time(since) if since else "",
        "issue": issue.code,
        "who mends it": issue.fixer,
        "Fortnox says": issue.params.get("message", ""),
        "what and how": f"{text.cause} {text.fix}",
    }


def _records(order: Order, integration: Integration) -> list[tuple[Export, Issue]]:
    """What an issue stops: invoices, their specifications, and their way to the customer."""
    unsent = integration.last_run.send_problems if integration.last_run else frozenset[int]()
    ids = sorted(integration.unfinished | unsent)
    found = list(order.parts.exports.get_many(integration.id, ids).values()) if ids else []
    lacking = (unspecified(record) for record in found)
    every = [*found, *(one for one in lacking if one is not None), *with_send_problems(found)]
    return [(record, record.issue) for record in every if record.issue is not None]


# ---- notices


def notices(order: Order) -> None:
    """invoicing notices ID: the newest first."""
    integration_id, parts = order.asked.integration_id, order.parts
    ids = list(islice(parts.notices.of(integration_id), _SHOWN_NOTICES + 1))
    if not ids:
        integration_of(order)  # a wrong id is said
    if len(ids) > _SHOWN_NOTICES:
        print(f"invoicing: the newest {_SHOWN_NOTICES} are shown", file=sys.stderr)
    integration = parts.integrations.get(integration_id)
    rows = [_notice_row(order, one, integration) for one in ids[:_SHOWN_NOTICES]]
    order.show(rows, nothing="Nobody was mailed about it in the last 400 days.")


def _notice_row(order: Order, notice_id: str, integration: Integration | None) -> Mapping[str, Any]:
    try:
        notice = order.parts.notices.get(notice_id)
    except UpstreamContractError as error:
        print(f"invoicing: {notice_id} cannot be read: {error}", file=sys.stderr)
        notice = None
    if notice is None:
        return {"put": "", "kind": notice_id.partition("#")[0], "to": "", "state": "UNREADABLE", "sent": "", "next": ""}
    due = None if notice.closed else notice.due_at
    late = due is not None and due <= order.parts.clock()
    return {
        "put": shown_time(notice.created_at),
        "kind": notice.kind,
        "to": ", ".join(_told(order, notice, integration)),
        "state": "LATE" if late else "open" if due else "closed",
        "sent": ", ".join(map(shown_time, notice.sent)),
        "next": shown_time(due) if due else "",
    }


def _told(order: Order, notice: Notice, integration: Integration | None) -> list[str]:
    """As settings are now; what was sent before they were changed went to the address of that time."""
    if notice.kind is NoticeKind.NOT_UNDERSTOOD:
        return [order.parameters.get("AlarmEmail") or "nobody: no AlarmEmail"]
    return addresses_of(notice, integration) if integration else []


# ---- keys


def check_tokens(order: Order) -> None:
    """invoicing tokens check ID: asks Fortnox with the stored keys, as a run does."""
    integration = integration_of(order)
    keys = order.parts.tokens.get(integration.id)
    if keys is None:
        raise RefusedError(f"{integration.id} has no keys: it was never connected, or docs/runbooks/restore-backup.md")
    order.parts.invoked(Unhurried())
    try:
        company = order.parts.fortnox_of(integration).company()
    except ReconnectRequiredError:
        raise RefusedError(f"{integration.id}: {why_not(integration)}") from None
    except ClientRefusedError as error:
        raise RefusedError(f"{error}: docs/runbooks/client-refused.md. Nothing is said of these keys.") from None
    except RetryLaterError as error:
        raise RefusedError(f"nothing is known of these keys yet: {error}") from None
    except InvoicingError as error:
        raise RefusedError(f"{type(error).__name__}: {error}: docs/runbooks/token-fault.md") from None
    keys = order.parts.tokens.get(integration.id) or keys
    same = company.organisation_number == integration.company.organisation_number
    order.show(
        [
            {
                "id": integration.id,
                "keys": f"{keys.status}, {keys.mode}",
                "version": keys.ver,
                "rotated": shown_time(keys.blob_at),
                "answers": f"{company.name}, {company.organisation_number}",
                "as connected": "yes" if same else f"NO: {integration.company.name}",
            }
        ],
        nothing="",
    )
    if not same:
        raise RefusedError("these keys open the books of another company: pause it, and ask its administrator")


class Unhurried:
    """What knows the time left of a command that nobody stops."""

    def get_remaining_time_in_millis(self) -> int:
        return 600_000
