"""Composes the mail of a notice: what is stored becomes what the mail shows, with a link to a page."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from invoicing.domain.cause import causes_of
from invoicing.domain.change import ChangeKind
from invoicing.domain.export import Export, ExportState
from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.money import round_to_ore
from invoicing.domain.notice import Mail, Notice, NoticeKind
from invoicing.domain.outlook import Outlook
from invoicing.domain.remedy import Act, Remedy, Thing
from invoicing.domain.sent_work import Closing
from invoicing.domain.work import work_of
from invoicing.rendering.mails import Mails
from invoicing.rendering.views import (
    BeforeMailView,
    BrokenMailView,
    ChangedMailView,
    CurrencyTotal,
    DigestMailView,
    MonthMailView,
    NotUnderstoodMailView,
    ReactivatedMailView,
    ReminderMailView,
    VerifyMailView,
)
from invoicing.rendering.views_of import cause_view_of
from invoicing.runtime.links import LIVES, LinkKind, Links


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedLetters:
    """The port Letters, with links of this installation."""

    mails: Mails
    links: Links

    def compose(
        self,
        notice: Notice,
        integration: Integration,
        *,
        reminder_day: int | None,
        told_of: Iterable[Export],
        outlook: Outlook | None = None,
    ) -> Mail:
        """Words it in the language of the integration's settings."""
        language = integration.settings.language if integration.settings else Language.SWEDISH
        match notice.kind:
            case NoticeKind.BROKEN:
                return self._broken(integration, language, reminder_day)
            case NoticeKind.REACTIVATED:
                return self._reactivated(notice, integration, language)
            case NoticeKind.DIGEST:
                return self._digest(notice, integration, language, told_of)
            case NoticeKind.BEFORE:
                return self._before(notice, integration, language, outlook)
            case NoticeKind.MONTH:
                return self._month(notice, integration, language, told_of)
            case NoticeKind.VERIFY_ADDRESS:
                return self._verify(notice, integration, language)
            case NoticeKind.IT_IS_ME:
                return self.mails.it_is_me(
                    VerifyMailView(
                        system=integration.id,
                        link=self.links.make(LinkKind.IT_IS_ME, {"integration": integration.id}),
                        valid_until=notice.created_at + LIVES[LinkKind.IT_IS_ME],
                    ),
                    language,
                )
            case NoticeKind.CHANGED:
                return self._changed(notice, integration, language)
            case NoticeKind.NOT_UNDERSTOOD:
                return self.compose_for_us(notice, integration)

    def compose_for_us(self, notice: Notice, integration: Integration | None) -> Mail:
        """Words it in the language of the system's settings, if it has any."""
        settings = integration.settings if integration else None
        return self.mails.not_understood(
            NotUnderstoodMailView(
                system=notice.integration_id,
                company=integration.company.name if integration else "",
                issue=Issue(code=IssueCode.WMS_NOT_UNDERSTOOD, params=notice.params),
                since=notice.created_at,
            ),
            settings.language if settings else Language.SWEDISH,
        )

    def _broken(self, integration: Integration, language: Language, reminder_day: int | None) -> Mail:
        link = self.links.make(LinkKind.REACTIVATE, {"integration": integration.id})
        since = integration.broken_since or integration.connected_at
        company, waiting = integration.company.name, integration.held_up.count
        if reminder_day is None:
            return self.mails.broken(
                BrokenMailView(company=company, system=integration.id, link=link, broken_since=since, waiting=waiting),
                language,
            )
        return self.mails.reminder(
            ReminderMailView(
                company=company,
                system=integration.id,
                link=link,
                broken_since=since,
                waiting=waiting,
                day=reminder_day,
            ),
            language,
        )

    def _reactivated(self, notice: Notice, integration: Integration, language: Language) -> Mail:
        closing = notice.closing or Closing()
        totals = tuple(
            CurrencyTotal(currency=currency, amount=amount) for currency, amount in sorted(closing.sent.sums.items())
        )
        return self.mails.reactivated(
            ReactivatedMailView(
                company=integration.company.name,
                system=integration.id,
                link=f"{self._page(integration)}/invoices",
                reactivated_at=integration.reactivated_at or integration.connected_at,
                invoices=closing.sent.count,
                totals=totals,
                held=closing.held,
                hints=closing.sent.hints,
            ),
            language,
        )

    def _digest(self, notice: Notice, integration: Integration, language: Language, held: Iterable[Export]) -> Mail:
        causes = causes_of(held)
        run = integration.last_run
        problem = run.problem if run is not None else None
        known = sum(cause.work.count for cause in causes) + (problem is not None)
        return self.mails.digest(
            DigestMailView(
                company=integration.company.name,
                system=integration.id,
                link=f"{self._page(integration)}/issues",
                day=date.fromisoformat(notice.params["day"]),
                causes=tuple(cause_view_of(cause, whole=False) for cause in causes),
                issue_count=max(known, run.held if run else 0),
                problem=problem,
            ),
            language,
        )

    def _before(self, notice: Notice, integration: Integration, language: Language, outlook: Outlook | None) -> Mail:
        first = date.fromisoformat(notice.params["first"])
        found = outlook or Outlook(at=notice.created_at, first=first)
        return self.mails.before(
            BeforeMailView(
                company=integration.company.name,
                system=integration.id,
                link=f"{self._page(integration)}/before",
                first=first,
                at=found.at,
                troubles=tuple(one for one in found.troubles if one.will_stop),
                trouble_count=found.trouble_count,
                later_count=found.later_count,
                new=int(notice.params.get("new") or 0),
            ),
            language,
        )

    def _month(self, notice: Notice, integration: Integration, language: Language, of_month: Iterable[Export]) -> Mail:
        exports = list(of_month)
        sent = [(one, one.fortnox_net) for one in exports if one.fortnox_number and one.fortnox_net is not None]
        done = [(one, net) for one, net in sent if one.state is ExportState.DONE]
        differing = [(one.currency, net - round_to_ore(one.amount)) for one, net in done]
        month = date.fromisoformat(f"{notice.params['month']}-01")
        begins = integration.settings.from_date if integration.settings else month
        return self.mails.month(
            MonthMailView(
                company=integration.company.name,
                system=integration.id,
                link=f"{self._page(integration)}/invoices?month={notice.params['month']}",
                month=month,
                since=begins if begins > month else None,
                sent=work_of((one.currency, net) for one, net in done),
                difference=work_of((currency, more) for currency, more in differing if more),
                left=sum(one.state is ExportState.DONE and not one.fortnox_number for one in exports),
                unfinished=sum(one.state is not ExportState.DONE for one in exports),
                later=int(notice.params.get("later", "0")),
            ),
            language,
        )

    def _verify(self, notice: Notice, integration: Integration, language: Language) -> Mail:
        subject = {
            "integration": integration.id,
            "address": notice.params["address"],
            "set": notice.params.get("set", "0"),
        }
        return self.mails.verify(
            VerifyMailView(
                system=integration.id,
                link=self.links.make(LinkKind.VERIFY_ADDRESS, subject),
                valid_until=notice.created_at + LIVES[LinkKind.VERIFY_ADDRESS],
            ),
            language,
        )

    def _changed(self, notice: Notice, integration: Integration, language: Language) -> Mail:
        kind = ChangeKind(notice.params["what"])
        subject = {"integration": integration.id, "address": notice.params["address"]}
        match kind:
            case ChangeKind.ADDRESS:
                link = self.links.make(LinkKind.TAKE_BACK, subject)
            case ChangeKind.DISCONNECTED:
                link = f"{self.links.base_url}/?system={integration.id}"
            case _:
                link = self._page(integration)
        return self.mails.changed(
            ChangedMailView(
                system=integration.id,
                kind=kind,
                by=notice.params["by"],
                at=notice.created_at,
                new_address=notice.params.get("new_address", ""),
                remedy=_remedy_in(notice) if kind is ChangeKind.MENDED else None,
                link=link,
                files=self._files(notice, integration) if kind is ChangeKind.DISCONNECTED else "",
            ),
            language,
        )

    def _files(self, notice: Notice, integration: Integration) -> str:
        """Of this disconnect: one that came after it has a link of its own."""
        subject = {"integration": integration.id, "generation": notice.params.get("generation", "")}
        return self.links.make(LinkKind.FILES, {**subject, "at": notice.created_at.isoformat()})

    def _page(self, integration: Integration) -> str:
        return f"{self.links.base_url}/integrations/{integration.id}"


def _remedy_in(notice: Notice) -> Remedy:
    """What was done in Fortnox."""
    params = notice.params
    return Remedy(thing=Thing(params["thing"]), act=Act(params["act"]), key=params["key"])
