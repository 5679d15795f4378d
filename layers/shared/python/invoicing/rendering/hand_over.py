"""A mail to the colleague who can mend something, ready to be sent: what is wrong, what it stops, and where it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import IssueCode
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.formats import format_amount, format_date
from invoicing.rendering.issue_texts import issue_text
from invoicing.rendering.labels import label_of
from invoicing.rendering.standing_texts import work_text
from invoicing.rendering.views import HandOverView, HeldLine

_PRICE_LIST = translatable("Whoever keeps the price list in Ongoing")
_GOODS_OWNERS = translatable("Whoever keeps the goods owners in Ongoing")
_CUSTOMERS = translatable("Whoever keeps the customers in Fortnox")
_ARTICLES = translatable("Whoever keeps the articles in Fortnox")
_BOOKS = translatable("Whoever does the bookkeeping in Fortnox")
# Nearer than who can fix it: what that person works with. What lacks here is for whoever can fix it.
_COLLEAGUES: Mapping[IssueCode, str] = {
    IssueCode.ARTICLE_NUMBER_MISSING: _PRICE_LIST,
    IssueCode.ARTICLE_NUMBER_REFUSED: _PRICE_LIST,
    IssueCode.ACCOUNT_MISSING: _PRICE_LIST,
    IssueCode.ACCOUNT_NOT_VALID: _PRICE_LIST,
    IssueCode.ACCOUNT_ABROAD: _PRICE_LIST,
    IssueCode.ACCOUNT_UNKNOWN: _PRICE_LIST,
    IssueCode.UNIT_REFUSED: _PRICE_LIST,
    IssueCode.ROW_NOT_REPRESENTABLE: _PRICE_LIST,
    IssueCode.CUSTOMER_CODE_MISSING: _GOODS_OWNERS,
    IssueCode.CUSTOMER_NUMBER_REFUSED: _GOODS_OWNERS,
    IssueCode.CUSTOMER_UNKNOWN: _GOODS_OWNERS,
    IssueCode.CURRENCY_NOT_SAID: _GOODS_OWNERS,
    IssueCode.CUSTOMER_INACTIVE: _CUSTOMERS,
    IssueCode.VAT_NUMBER_REFUSED: _CUSTOMERS,
    IssueCode.ARTICLE_INACTIVE: _ARTICLES,
    IssueCode.ARTICLE_UNKNOWN: _ARTICLES,
    IssueCode.ARTICLE_HOUSEWORK: _ARTICLES,
    IssueCode.PERIOD_LOCKED: _BOOKS,
    IssueCode.FINANCIAL_YEAR_MISSING: _BOOKS,
    IssueCode.COST_CENTRE_REQUIRED: _BOOKS,
    IssueCode.COST_CENTRE_UNKNOWN: _BOOKS,
    IssueCode.CURRENCY_UNKNOWN: _BOOKS,
    IssueCode.VAT_MISSING: _BOOKS,
    IssueCode.VAT_UNEXPECTED: _BOOKS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """`to_whom` is a role: which of their colleagues has it, the reader knows."""

    to_whom: str
    subject: str
    text: str

    @property
    def mailto(self) -> str:
        """Opens the reader's own mail program, filled in."""
        body = quote(self.text.replace("\n", "\r\n"), safe="")
        return f"mailto:?subject={quote(self.subject, safe='')}&body={body}"


def hand_over(view: HandOverView, language: Language) -> HandOver:
    """The mail about one cause, or about what stops everything."""
    _ = translations(language).gettext
    text = issue_text(view.issue, language)
    stopped = (
        _("It stops %(work)s on the way from Ongoing to Fortnox:")
        if view.lines
        else _("As long as it lasts, it stops %(work)s on the way from Ongoing to Fortnox.")
    ) % {"work": work_text(view.work, language)}
    named = [_line(line, language) for line in view.lines]
    more = view.work.count - len(named)
    if view.lines and more > 0:
        others = translations(language).ngettext("and %(number)s more", "and %(number)s more", more)
        named.append("- " + others % {"number": more})
    paragraphs = (
        _("Hello!"),
        f"{text.title}.",
        f"{text.cause}\n{text.fix}",
        "\n".join([stopped, *named]) if view.work.count else "",
        _("Here it stands, with all invoices (sign in with Ongoing):") + f"\n{view.link}",
        _("When it is mended, nothing more needs to be done: the invoices are sent by themselves, within an hour."),
    )
    return HandOver(
        to_whom=_(_COLLEAGUES.get(view.issue.code) or label_of(view.issue.fixer)),
        subject=f"{view.session.system}: {text.title}",
        text="\n\n".join(paragraph for paragraph in paragraphs if paragraph),
    )


def _line(line: HeldLine, language: Language) -> str:
    _ = translations(language).gettext
    number = line.number or _("id %(id)s") % {"id": line.invoice_id}
    day = format_date(line.invoice_date, language) if line.invoice_date else ""
    facts = (number, line.goods_owner, day, format_amount(line.amount, line.currency, language))
    return "- " + " · ".join(fact for fact in facts if fact)
