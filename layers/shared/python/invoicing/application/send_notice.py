"""From a notice in the outbox to a mail: the first one, its reminders, and none too many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from invoicing.application.ports import (
    ChangedMeanwhileError,
    Clock,
    Exports,
    Integrations,
    Mailer,
    Notices,
    Report,
)
from invoicing.domain.cause import with_send_problems
from invoicing.domain.errors import InvoicingError
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration
from invoicing.domain.issue import Fixer
from invoicing.domain.notice import Mail, Notice, NoticeKind
from invoicing.domain.outlook import Outlook
from invoicing.domain.standing import unspecified

REMINDER_DAYS = (1, 3, 7)  # after the connection broke
DIGEST_LINES = 500  # held invoices that a digest is made of; it names the causes with the largest sums


class Letters(Protocol):
    """Composes mails in the language of the integration."""

    def compose(
        self,
        notice: Notice,
        integration: Integration,
        *,
        reminder_day: int | None,
        told_of: Iterable[Export],
        outlook: Outlook | None = None,
    ) -> Mail:
        """`reminder_day` is None for the first mail; `told_of` or `outlook` are what the mail is about."""
        ...

    def compose_for_us(self, notice: Notice, integration: Integration | None) -> Mail:
        """What whoever runs this service is told; of a system that may not be connected yet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeTools:
    """What sending works with."""

    notices: Notices
    integrations: Integrations
    exports: Exports
    mailer: Mailer
    letters: Letters
    operator_address: str  # of whoever runs this service; may be empty
    clock: Clock
    report: Report


def send_notice(tools: NoticeTools, notice_id: str) -> None:
    """Sends the first mail of a notice, or the reminder that is due. Safe to repeat: what was sent is remembered.

    Sending and remembering are two steps: after a crash between them a mail is sent twice rather than never.
    Raises RetryLaterError, ConfigurationError.
    """
    notice = tools.notices.get(notice_id)
    if notice is None or notice.closed:
        return
    try:
        _send_what_is_due(tools, notice)
    except InvoicingError as error:
        fields = {"integration": notice.integration_id, "notice": notice.kind, "id": notice.id}
        tools.report("notice_failed", {**fields, "reason": f"{type(error).__name__}: {error}"})
        raise


def _send_what_is_due(tools: NoticeTools, notice: Notice) -> None:
    integration = tools.integrations.get(notice.integration_id)
    if notice.kind is NoticeKind.NOT_UNDERSTOOD:
        _tell_us(tools, notice, integration)
        return
    if integration is None:
        return
    now = tools.clock()
    if notice.kind is NoticeKind.BROKEN and integration.broken_since is None:
        tools.notices.close(notice.id)
        return
    if notice.sent and (notice.due_at is None or notice.due_at > now):
        return
    outlook = tools.exports.outlook(integration.id) if notice.kind is NoticeKind.BEFORE else None
    if notice.kind is NoticeKind.BEFORE and (outlook is None or not outlook.trouble_count):
        tools.notices.close(notice.id)  # somebody looked again meanwhile, and all is mended
        return
    addresses = addresses_of(notice, integration)
    if not addresses:
        _report_not_sent(tools, notice)
        return
    reminder_day = REMINDER_DAYS[min(len(notice.sent), len(REMINDER_DAYS)) - 1] if notice.sent else None
    told_of = _told_of(tools, notice, integration)
    letter = tools.letters.compose(notice, integration, reminder_day=reminder_day, told_of=told_of, outlook=outlook)
    _send(tools, notice, letter, to=addresses, due_at=_next_reminder(notice))


def addresses_of(notice: Notice, integration: Integration) -> list[str]:
    """To whom it goes. A new address counts when it is confirmed: until then mails go to the one before it too."""
    if "address" in notice.params:
        return [notice.params["address"]]
    wanted = integration.settings.problem_address if integration.settings else ""
    return [address for address in dict.fromkeys((wanted, integration.heard_address)) if address]


def _tell_us(tools: NoticeTools, notice: Notice, integration: Integration | None) -> None:
    """One mail, and no reminder: the alarm goes on ringing. Without an address, it alone tells."""
    if notice.sent:
        return
    if tools.operator_address:
        letter = tools.letters.compose_for_us(notice, integration)
        _send(tools, notice, letter, to=[tools.operator_address], due_at=None)
        return
    _report_not_sent(tools, notice)
    tools.notices.close(notice.id)


def _send(tools: NoticeTools, notice: Notice, letter: Mail, *, to: Sequence[str], due_at: datetime | None) -> None:
    about = {"integration": notice.integration_id}
    for address in to:
        tools.mailer.send(
            to=address, subject=letter.subject, text=letter.text, html=letter.html, tags={**about, "kind": notice.kind}
        )
    try:
        tools.notices.record_sent(notice, at=tools.clock(), due_at=due_at)
    except ChangedMeanwhileError:
        tools.report("notice_sent_twice", {**about, "notice": notice.kind})
    tools.report("notice_sent", {**about, "notice": notice.kind, "count": str(len(notice.sent) + 1)})


def _report_not_sent(tools: NoticeTools, notice: Notice) -> None:
    fields = {"integration": notice.integration_id, "notice": notice.kind, "reason": "no address"}
    tools.report("notice_not_sent", fields)


def send_due_reminders(tools: NoticeTools) -> None:
    """Sends every reminder whose day has come. One that fails stops none of the others, and is due again.

    First mails that are found here were missed by the stream, an hour ago or longer: an alarm counts them, with those
    that fail.
    """
    failures: list[InvoicingError] = []
    missed = 0
    for notice_id in list(tools.notices.due(tools.clock())):
        try:
            before = tools.notices.get(notice_id)
            send_notice(tools, notice_id)
            after = tools.notices.get(notice_id)
        except InvoicingError as error:
            failures.append(error)
        else:
            missed += bool(before and after and after.sent and not before.sent)
    tools.report("notices_watched", {"late": missed + len(failures), "missed": missed, "failed": len(failures)})
    if failures:
        raise failures[0]


def _next_reminder(notice: Notice) -> datetime | None:
    if notice.kind is not NoticeKind.BROKEN or len(notice.sent) >= len(REMINDER_DAYS):
        return None
    return notice.created_at + timedelta(days=REMINDER_DAYS[len(notice.sent)])


def _told_of(tools: NoticeTools, notice: Notice, integration: Integration) -> list[Export]:
    """The records that the mail is about; none for most."""
    match notice.kind:
        case NoticeKind.DIGEST:
            return _held(tools, integration)
        case NoticeKind.MONTH:
            return _of_month(tools, notice.integration_id, notice.params["month"])
        case _:
            return []


def _of_month(tools: NoticeTools, integration_id: str, month: str) -> list[Export]:
    """Newer invoices have larger ids, nearly: the search ends where a whole page is older."""
    found: list[Export] = []
    after: int | None = None
    while True:
        exports, after = tools.exports.page(integration_id, limit=DIGEST_LINES, after=after)
        found += [one for one in exports if f"{one.invoice_date}".startswith(month)]
        if after is None or all(one.invoice_date and f"{one.invoice_date:%Y-%m}" < month for one in exports):
            return found


def _held(tools: NoticeTools, integration: Integration) -> list[Export]:
    """What waits for somebody: invoices, and such as are in Fortnox without their specification, or not sent."""
    held, _ = tools.exports.page(integration.id, limit=DIGEST_LINES, state=ExportState.HELD)
    others = tools.exports.get_many(integration.id, sorted(integration.unfinished)[:DIGEST_LINES])
    lacking = (unspecified(record) for record in others.values())
    unsent = sorted(integration.last_run.send_problems if integration.last_run else ())[:DIGEST_LINES]
    return [
        *held,
        *(one for one in lacking if one is not None and one.issue and one.issue.fixer is not Fixer.NOBODY),
        *with_send_problems(tools.exports.get_many(integration.id, unsent).values() if unsent else ()),
    ]
