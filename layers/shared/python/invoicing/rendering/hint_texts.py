"""What each hint says: worth knowing, and nothing that stops an invoice."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

from invoicing.domain.hint import Hint, HintCode
from invoicing.domain.integration_settings import Language
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.formats import format_amount, format_date

HINT_TEXTS: Mapping[HintCode, str] = {
    HintCode.BORN_OVERDUE: translatable(
        "It is due %(due_date)s, which is before the day of sending. Move the due date in Fortnox, or count it from "
        "the day of sending under Settings."
    ),
    HintCode.DELIVERY_COUNTRY_MISSING: translatable(
        "Customer %(customer_number)s has a delivery address without a country in Fortnox. An e-invoice to it would be "
        "refused."
    ),
    HintCode.VAT_NUMBER_MISSING: translatable(
        "Customer %(customer_number)s is invoiced with reverse charge in the EU, and has no VAT number in Fortnox."
    ),
    HintCode.FEES_EXPECTED: translatable(
        "Fortnox adds the fees of customer %(customer_number)s, which are not in Ongoing's total."
    ),
    HintCode.FEES_ADDED: translatable("Fortnox added fees of %(amount)s, which are not in Ongoing's total."),
    HintCode.MAIL_TEXTS_REFUSED: translatable(
        "Fortnox did not take the subject or text of the mail that the settings say, so it has its own there. Change "
        "them under Settings, or on this invoice in Fortnox."
    ),
}


def hint_text(hint: Hint, language: Language) -> str:
    """The hint in words, filled and translated. Plain text: escape it before it becomes HTML."""
    words = dict(hint.params)
    if "due_date" in words:
        words["due_date"] = format_date(date.fromisoformat(words["due_date"]), language)
    if "amount" in words:
        words["amount"] = format_amount(Decimal(words["amount"]), words.get("currency", ""), language)
    return translations(language).gettext(HINT_TEXTS[hint.code]) % words


def counted_hint_text(code: HintCode, count: int, language: Language) -> str:
    """What a hint says of so many invoices that were sent together."""
    ngettext = translations(language).ngettext
    match code:
        case HintCode.BORN_OVERDUE:
            text = ngettext(
                "%(number)s of them was due before it was sent. See its due date in Fortnox.",
                "%(number)s of them were due before they were sent. See their due dates in Fortnox.",
                count,
            )
        case HintCode.DELIVERY_COUNTRY_MISSING:
            text = ngettext(
                "%(number)s of them would be refused as an e-invoice: the customer's delivery address has no country.",
                "%(number)s of them would be refused as e-invoices: the customers' delivery addresses have no country.",
                count,
            )
        case HintCode.VAT_NUMBER_MISSING:
            text = ngettext(
                "%(number)s of them has reverse charge in the EU and no VAT number.",
                "%(number)s of them have reverse charge in the EU and no VAT number.",
                count,
            )
        case HintCode.FEES_EXPECTED | HintCode.FEES_ADDED:
            text = ngettext(
                "%(number)s of them got fees from Fortnox, which are not in the sum.",
                "%(number)s of them got fees from Fortnox, which are not in the sum.",
                count,
            )
        case HintCode.MAIL_TEXTS_REFUSED:
            text = ngettext(
                "%(number)s of them has Fortnox's own text in its mail, which refused that of the settings.",
                "%(number)s of them have Fortnox's own text in their mails, which refused that of the settings.",
                count,
            )
    return text % {"number": count}
