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
        "It was due %(due_date)s already when it was sent. Move the due date in Fortnox, or count it from the day of "
        "sending under Settings."
    ),
    HintCode.DELIVERY_COUNTRY_MISSING: translatable(
        "Customer %(customer_number)s has a delivery address without a country in Fortnox. An e-invoice to it would be "
        "refused."
    ),
    HintCode.VAT_NUMBER_MISSING: translatable(
        "Customer %(customer_number)s is invoiced with reverse charge in the EU, and has no VAT number in Fortnox."
    ),
    HintCode.FEES_ADDED: translatable("Fortnox added fees of %(amount)s, which are not in Ongoing's total."),
}


def hint_text(hint: Hint, language: Language) -> str:
    """The hint in words, filled and translated. Plain text: escape it before it becomes HTML."""
    words = dict(hint.params)
    if "due_date" in words:
        words["due_date"] = format_date(date.fromisoformat(words["due_date"]), language)
    if "amount" in words:
        words["amount"] = format_amount(Decimal(words["amount"]), words.get("currency", ""), language)
    return translations(language).gettext(HINT_TEXTS[hint.code]) % words
