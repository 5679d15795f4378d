"""What each issue says to the person who must fix it: what happened, why, and what to do.

A text is filled with the issue's parameters; one that is missing shows as a dash, so that an issue from an
older version can always be read. "It is sent by itself" is true of every invoice issue: what we refused is looked at in
every run, and what Fortnox refused every hour, or at once when the invoice changes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.wms_knowledge import Misunderstanding
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.formats import format_amount, format_date, format_number
from invoicing.rendering.labels import LABELS


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueText:
    """An issue in words."""

    title: str
    cause: str
    fix: str


def issue_text(issue: Issue, language: Language) -> IssueText:
    """The issue in words, filled and translated. Plain text: escape it before it becomes HTML."""
    translate = translations(language).gettext
    words = _words(issue, language)
    text = ISSUE_TEXTS[issue.code]
    rows = _ROWS.get(issue.params.get("rows", ""))
    fix = next(
        (fix for (code, name, value), fix in FIXES.items() if (code, issue.params.get(name)) == (issue.code, value)),
        text.fix,
    )
    cause = translate(text.cause)
    if not issue.params.get("message", "").strip(" ."):
        cause = _without_quote(cause) or translate(_NO_WORDS)
    return IssueText(
        title=translate(text.title) % words,
        cause=cause % words + (f" {translate(rows)}" if rows else ""),
        fix=translate(fix) % words,
    )


def issue_text_in_general(code: IssueCode, language: Language) -> IssueText:
    """What any issue of this kind says; three dots stand for what differs."""
    translate = translations(language).gettext
    text, words = ISSUE_TEXTS[code], _InGeneral()
    cause = _without_quote(translate(text.cause)) or translate(text.cause)
    return IssueText(title=translate(text.title) % words, cause=cause % words, fix=translate(text.fix) % words)


_NO_WORDS = translatable("Fortnox did not say why.")
# "Fortnox says: “…”." is a sentence of its own; elsewhere the quote ends a sentence that stands without it.
_SAYS = re.compile(r"Fortnox \w+: [“”]%\(message\)s[“”](?: \(\w+ %\(code\)s\))?\.\s*")
_ENDS_IN_QUOTE = re.compile(r": [“”]%\(message\)s[“”]")


def _without_quote(cause: str) -> str:
    """What is left to say when Fortnox gave no reason, or was not asked."""
    return _ENDS_IN_QUOTE.sub("", _SAYS.sub("", cause)).strip()


class _Words(dict[str, str]):
    missing = "–"

    def __missing__(self, key: str) -> str:
        return self.missing


class _InGeneral(_Words):
    missing = "\u2026"


_AMOUNTS = frozenset({"invoice_amount", "sum_per_unit", "sum_per_row", "fortnox_net", "amount", "usual_amount"})


_PRICES = frozenset({"price", "list_price"})


def _words(issue: Issue, language: Language) -> _Words:
    translate = translations(language).gettext
    words = _Words()
    for name, value in issue.params.items():
        if name in _AMOUNTS:
            words[name] = _amount(value, issue.params.get("currency", ""), language)
        elif name in _PRICES:
            words[name] = " / ".join(_price(part, language) for part in value.split(" / "))
        elif name == "invoice_date":
            words[name] = _date(value, language)
        elif value in _VALUES.get(name, {}):
            words[name] = translate(_VALUES[name][value])
        elif name == "message":
            # Fortnox ends a message with a full stop, or not; the texts put it in quotation marks.
            words[name] = value.strip().rstrip(".") or "–"
        elif value:
            words[name] = value
    return words


def _amount(value: str, currency: str, language: Language) -> str:
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return value
    return format_amount(amount, currency, language) if amount.is_finite() else value


def _price(value: str, language: Language) -> str:
    try:
        return format_number(Decimal(value), language)
    except InvalidOperation:
        return value


def _date(value: str, language: Language) -> str:
    try:
        return format_date(date.fromisoformat(value), language)
    except ValueError:
        return value


_MEANINGS: Mapping[str, str] = {
    "per_unit": translatable("per unit"),
    "per_row": translatable("for the whole row"),
}

_VALUES: Mapping[str, Mapping[str, str]] = {
    "reason": {
        "booked": translatable("booked"),
        "cancelled": translatable("cancelled"),
        "sent": translatable("sent to the customer"),
        "paid": translatable("paid"),
        "order": translatable("made from an order"),
        "credited": translatable("credited"),
        "gone": translatable("not to be found any more"),
    },
    "field": {
        "remarks": translatable("The invoice text"),
        "your_order_number": translatable("Your order number"),
        "your_reference": translatable("Your reference"),
    },
    "vat_type": {
        "SEVAT": translatable("Sweden"),
        "SEREVERSEDVAT": translatable("Sweden, reverse charge"),
        "EUREVERSEDVAT": translatable("EU, reverse charge"),
        "EUVAT": translatable("EU, with VAT"),
        "EXPORT": translatable("export"),
    },
    "kind": {kind: LABELS[Misunderstanding][kind] for kind in Misunderstanding},
    "remembered": _MEANINGS,
    "seen": _MEANINGS,
}
# What became of the rows of an invoice whose update was refused.
_ROWS: Mapping[str, str] = {
    "put_back": translatable("The old rows were put back, so the invoice in Fortnox is as it was."),
    "gone": translatable("The invoice in Fortnox has no rows now: Fortnox did not take the old ones back."),
}


ISSUE_TEXTS: Mapping[IssueCode, IssueText] = {
    IssueCode.CUSTOMER_CODE_MISSING: IssueText(
        title=translatable("%(goods_owner)s has no customer code"),
        cause=translatable(
            "The customer code in Ongoing says which customer in Fortnox gets the invoice. It is empty."
        ),
        fix=translatable(
            "In Ongoing: open the goods owner %(goods_owner)s, Advanced → References, and fill in Customer "
            "code with the customer number from Fortnox. The invoice is then sent by itself."
        ),
    ),
    IssueCode.CURRENCY_DIFFERS: IssueText(
        title=translatable("The currencies differ: %(invoice_currency)s and %(customer_currency)s"),
        cause=translatable(
            "The invoice is in %(invoice_currency)s, but customer %(customer_number)s in Fortnox has "
            "%(customer_currency)s."
        ),
        fix=translatable(
            "Change the currency of the goods owner in Ongoing or of the customer in Fortnox, so that they "
            "are the same. Under Settings you can also choose which of them decides."
        ),
    ),
    IssueCode.CURRENCY_NOT_SAID: IssueText(
        title=translatable("%(goods_owner)s has no currency in Ongoing, and %(customer_currency)s in Fortnox"),
        cause=translatable(
            "Customer %(customer_number)s in Fortnox is invoiced in %(customer_currency)s. Without a currency in "
            "Ongoing its amounts are kronor, and kronor must not become %(customer_currency)s."
        ),
        fix=translatable(
            "In Ongoing: give the goods owner %(goods_owner)s the currency of its prices. If they are in "
            "%(customer_currency)s although Ongoing does not say so, choose “Fortnox's decides” under Settings."
        ),
    ),
    IssueCode.CUSTOMER_NOT_AGREED: IssueText(
        title=translatable("Is %(goods_owner)s the customer %(customer_name)s?"),
        cause=translatable(
            "The goods owner %(goods_owner)s in Ongoing has customer code %(customer_number)s. In Fortnox that "
            "customer is called %(customer_name)s (organisation number %(organisation_number)s). The names are not "
            "plainly the same, so nothing is sent before a person has said that they are."
        ),
        fix=translatable(
            "If they are the same company, press “Yes, that is them” under Customers; it is asked once. If not, "
            "correct the customer code in Ongoing (Advanced → References)."
        ),
    ),
    IssueCode.ACCOUNT_ABROAD: IssueText(
        title=translatable("An account for Swedish VAT on an invoice to customer %(customer_number)s: %(account)s"),
        cause=translatable(
            "%(goods_owner)s has VAT type %(vat_type)s in Fortnox, and Ongoing's price list says account %(account)s. "
            "Under Settings it is chosen that such invoices are held."
        ),
        fix=translatable(
            "Choose under Settings, at Accounts abroad, that Fortnox takes the account that the article has for such "
            "sales, or that Ongoing's is sent. Or correct the VAT type of the customer in Fortnox."
        ),
    ),
    IssueCode.CUSTOMER_UNKNOWN: IssueText(
        title=translatable("Customer %(customer_number)s does not exist in Fortnox"),
        cause=translatable(
            "The goods owner %(goods_owner)s has customer code %(customer_number)s in Ongoing, and Fortnox "
            "has no customer with that number."
        ),
        fix=translatable(
            "Correct the customer code in Ongoing (Advanced → References), or create customer "
            "%(customer_number)s in Fortnox. The invoice is then sent by itself."
        ),
    ),
    IssueCode.CUSTOMER_INACTIVE: IssueText(
        title=translatable("Customer %(customer_number)s is inactive in Fortnox"),
        cause=translatable(
            "The goods owner %(goods_owner)s is customer %(customer_number)s in Fortnox. That customer is "
            "inactive and cannot be invoiced."
        ),
        fix=translatable("Make the customer active in Fortnox. The invoice is then sent by itself."),
    ),
    IssueCode.CUSTOMER_NUMBER_REFUSED: IssueText(
        title=translatable("Customer code “%(customer_number)s” cannot be a customer number in Fortnox"),
        cause=translatable(
            "The goods owner %(goods_owner)s has customer code “%(customer_number)s” in Ongoing. Fortnox says: "
            "“%(message)s”."
        ),
        fix=translatable(
            "Correct the customer code in Ongoing (Advanced → References): it is the customer number from Fortnox. "
            "The invoice is then sent by itself."
        ),
    ),
    IssueCode.ARTICLE_NUMBER_MISSING: IssueText(
        title=translatable("Row %(row)s has no article number"),
        cause=translatable("The price list entry of row %(row)s has no article number in Ongoing."),
        fix=translatable("Fill in the article number on the price list entry in Ongoing."),
    ),
    IssueCode.ARTICLE_NUMBER_REFUSED: IssueText(
        title=translatable("Article number “%(article_number)s” is not accepted by Fortnox"),
        cause=translatable(
            "Row %(row)s has an article number with a character that Fortnox does not accept, such as a space."
        ),
        fix=translatable(
            "Change the article number on the price list entry in Ongoing. Letters, digits and _ - / + work."
        ),
    ),
    IssueCode.ARTICLE_INACTIVE: IssueText(
        title=translatable("Article %(article_number)s is inactive in Fortnox"),
        cause=translatable("Row %(row)s uses an article that is switched off in Fortnox."),
        fix=translatable("Make the article active in Fortnox, or choose another article number in the price list."),
    ),
    IssueCode.ARTICLE_UNKNOWN: IssueText(
        title=translatable("Fortnox does not find an article: %(article_number)s"),
        cause=translatable(
            "Row: %(row)s. The article was removed or switched off in Fortnox since it was last used, or is a kind of "
            "article that an invoice row cannot have. Fortnox says: “%(message)s”."
        ),
        fix=translatable(
            "Press Try again: the articles are looked up again, and what is missing is created. If it comes back, make "
            "the article active in Fortnox, or choose another article number in the price list."
        ),
    ),
    IssueCode.ARTICLE_HOUSEWORK: IssueText(
        title=translatable("An article is marked as housework (ROT or RUT) in Fortnox: %(article_number)s"),
        cause=translatable(
            "Row: %(row)s. An invoice with such an article must be one for housework. Fortnox says: “%(message)s”."
        ),
        fix=translatable(
            "In Fortnox: open the article, tick housework, empty its type of work, and untick housework again. Or "
            "choose another article number in Ongoing's price list. The invoice is then sent by itself."
        ),
    ),
    IssueCode.UNIT_REFUSED: IssueText(
        title=translatable("“%(unit)s” cannot be a unit in Fortnox"),
        cause=translatable(
            "Article %(article_number)s is missing in Fortnox and would be created with the unit “%(unit)s”. Fortnox "
            "says: “%(message)s”."
        ),
        fix=translatable("Choose another unit of new articles under Settings, or create the article in Fortnox."),
    ),
    IssueCode.ACCOUNT_MISSING: IssueText(
        title=translatable("Article %(article_number)s has no account"),
        cause=translatable("The price list entry of row %(row)s has no account in Ongoing."),
        fix=translatable("Fill in the account, four digits, on the price list entry in Ongoing."),
    ),
    IssueCode.ACCOUNT_NOT_VALID: IssueText(
        title=translatable("“%(account)s” is not an account"),
        cause=translatable(
            "Article %(article_number)s on row %(row)s has “%(account)s” as its account in Ongoing. "
            "An account has four digits."
        ),
        fix=translatable("Correct the account on the price list entry in Ongoing."),
    ),
    IssueCode.AMOUNTS_DISAGREE: IssueText(
        title=translatable("The rows do not add up to the invoice's total"),
        cause=translatable(
            "Ongoing says that the invoice is %(invoice_amount)s. Its rows give %(sum_per_unit)s if a price "
            "is per unit, and %(sum_per_row)s if it is for the whole row. Nothing is sent until they agree."
        ),
        fix=translatable("Open the invoice in Ongoing and look for a row with a changed price or quantity."),
    ),
    IssueCode.PRICE_MEANING_CHANGED: IssueText(
        title=translatable("A price seems to mean something new"),
        cause=translatable("Until now the prices in Ongoing were %(remembered)s. In this invoice they are %(seen)s."),
        fix=translatable("If the invoice is right in Ongoing, choose under Settings what a price means."),
    ),
    IssueCode.NO_ROWS: IssueText(
        title=translatable("The invoice has no rows"),
        cause=translatable("The invoice in Ongoing has no charges, so there is nothing to invoice."),
        fix=translatable("Add the charges in Ongoing, or mark the invoice as exported to leave it out."),
    ),
    IssueCode.INVOICE_DATE_MISSING: IssueText(
        title=translatable("The invoice has no date"),
        cause=translatable("It is still open in Ongoing: an invoice gets its date when it is made ready."),
        fix=translatable("Give the invoice a date in Ongoing. It is then sent by itself."),
    ),
    IssueCode.TOO_MANY_ROWS: IssueText(
        title=translatable("The invoice has %(rows)s rows; Fortnox accepts %(limit)s"),
        cause=translatable(
            "Its charges were already summed per article and unit price, with the article's title as the only text, "
            "and there are still too many."
        ),
        fix=translatable("Split the invoice in Ongoing into shorter periods."),
    ),
    IssueCode.ROW_NOT_REPRESENTABLE: IssueText(
        title=translatable("Row %(row)s cannot be written in whole öre"),
        cause=translatable("Row %(row)s is %(amount)s. Fortnox has two decimals, so the row would change its amount."),
        fix=translatable("Round the price or the quantity of the row in Ongoing."),
    ),
    IssueCode.NUMBER_NOT_VALID: IssueText(
        title=translatable("“%(invoice_number)s” cannot be an invoice number"),
        cause=translatable("An invoice number in Fortnox has digits only."),
        fix=translatable("Correct the number on the invoice in Ongoing, or empty it: then Fortnox gives the number."),
    ),
    IssueCode.NUMBER_SHARED: IssueText(
        title=translatable("Two invoices have number %(invoice_number)s"),
        cause=translatable("Invoice %(other_invoice)s in Ongoing has the same number. Fortnox allows a number once."),
        fix=translatable("Change the number of one of them in Ongoing, or empty it."),
    ),
    IssueCode.WMS_INVOICE_UNREADABLE: IssueText(
        title=translatable("The invoice could not be read"),
        cause=translatable(
            "Something that the service cannot do without is missing or garbled in Ongoing's answer: %(detail)s."
        ),
        fix=translatable("You do not need to do anything: those who run the service see this too."),
    ),
    IssueCode.TOTAL_UNUSUAL: IssueText(
        title=translatable("%(goods_owner)s usually comes to %(usual_amount)s a month"),
        cause=translatable(
            "With this invoice the month comes to %(amount)s, which differs by more than %(per_cent)s %% from what is "
            "usual for %(goods_owner)s. Nothing is wrong by any rule; it waits because you switched that on under "
            "Settings."
        ),
        fix=translatable(
            "Look at the charges in Ongoing. If they are right, press “Right as it is”. If not, correct them there: it "
            "is then looked at anew."
        ),
    ),
    IssueCode.PERIOD_OVERLAPS: IssueText(
        title=translatable("A part of %(period)s has been invoiced to %(goods_owner)s before"),
        cause=translatable(
            "Invoice %(other_invoice)s in Ongoing is for %(other_period)s. It waits because you switched on under "
            "Settings that periods are compared."
        ),
        fix=translatable(
            "Look whether anything is charged twice. If not, press “Right as it is”. If it is, correct the charges or "
            "the period in Ongoing."
        ),
    ),
    IssueCode.PERIOD_GAP: IssueText(
        title=translatable("Nothing was invoiced to %(goods_owner)s for %(missing)s"),
        cause=translatable(
            "This invoice is for %(period)s, and the one before it ended earlier. It waits because you switched on "
            "under Settings that periods are compared."
        ),
        fix=translatable(
            "Look in Ongoing whether an invoice for those days is missing, or is marked as exported already. If "
            "nothing is missing, press “Right as it is”."
        ),
    ),
    IssueCode.PRICE_OFF_LIST: IssueText(
        title=translatable("%(row)s is charged at %(price)s, and the price list says %(list_price)s"),
        cause=translatable(
            "Article %(article_number)s has another price in the goods owner's price list in Ongoing. Perhaps the list "
            "was changed after the charge. It waits because you switched on under Settings that prices are compared."
        ),
        fix=translatable("If the charge is right, press “Right as it is”. If not, correct its price in Ongoing."),
    ),
    IssueCode.ACCOUNT_UNKNOWN: IssueText(
        title=translatable("An account does not exist or is closed in Fortnox: %(account)s"),
        cause=translatable("Fortnox refused the invoice: “%(message)s”."),
        fix=translatable(
            "Open the account in Fortnox, in the financial year of the invoice. Or choose another one for article "
            "%(article_number)s (row: %(row)s) in Ongoing's price list, or on the article in Fortnox."
        ),
    ),
    IssueCode.VAT_NUMBER_REFUSED: IssueText(
        title=translatable("The VAT number of customer %(customer_number)s is not valid"),
        cause=translatable("Fortnox refused the invoice to %(goods_owner)s: “%(message)s”."),
        fix=translatable(
            "Correct the VAT number on customer %(customer_number)s in Fortnox. The invoice is then sent by itself."
        ),
    ),
    IssueCode.NUMBER_TAKEN: IssueText(
        title=translatable("Number %(invoice_number)s is already used in Fortnox"),
        cause=translatable(
            "Another invoice in Fortnox has number %(invoice_number)s. It is not touched, and this one is not sent."
        ),
        fix=translatable("Give the invoice another number in Ongoing, or empty the number: then Fortnox gives it one."),
    ),
    IssueCode.PERIOD_LOCKED: IssueText(
        title=translatable("The period is locked in Fortnox"),
        cause=translatable(
            "The invoice is dated %(invoice_date)s, and Fortnox accepts nothing more in that period: “%(message)s”."
        ),
        fix=translatable(
            "Unlock the period in Fortnox, or change the invoice's date in Ongoing. Ask your bookkeeper "
            "if you are not sure which."
        ),
    ),
    IssueCode.FINANCIAL_YEAR_MISSING: IssueText(
        title=translatable("Fortnox has no financial year for %(invoice_date)s"),
        cause=translatable("Fortnox refused the invoice: “%(message)s”."),
        fix=translatable("Create the financial year in Fortnox. The invoice is then sent by itself."),
    ),
    IssueCode.COST_CENTRE_REQUIRED: IssueText(
        title=translatable("An account demands a cost centre: %(account)s"),
        cause=translatable("Fortnox refused the invoice: “%(message)s”. Row: %(row)s."),
        fix=translatable(
            "In Fortnox, make the cost centre voluntary on the account. Or fill in profit centres in Ongoing "
            "and turn on “Profit centre becomes cost centre” under Settings."
        ),
    ),
    IssueCode.COST_CENTRE_UNKNOWN: IssueText(
        title=translatable("A cost centre does not exist in Fortnox: %(cost_centre)s"),
        cause=translatable("Fortnox refused the invoice: “%(message)s”. Row: %(row)s."),
        fix=translatable("Create the cost centre in Fortnox, or correct the profit centre in Ongoing."),
    ),
    IssueCode.CURRENCY_UNKNOWN: IssueText(
        title=translatable("Fortnox does not have currency %(currency)s"),
        cause=translatable("Fortnox refused the invoice: “%(message)s”."),
        fix=translatable("Add the currency in Fortnox. The invoice is then sent by itself."),
    ),
    IssueCode.TEXT_REFUSED: IssueText(
        title=translatable("Fortnox does not accept a text on the invoice"),
        cause=translatable("Fortnox refused the invoice: “%(message)s”."),
        fix=translatable(
            "Look at what Fortnox names: a text that is too long, or has unusual characters, in the invoice's title, "
            "references or row texts in Ongoing, or on the customer in Fortnox."
        ),
    ),
    IssueCode.TOTAL_DIFFERS: IssueText(
        title=translatable("Invoice %(fortnox_number)s in Fortnox differs from Ongoing"),
        cause=translatable(
            "Its rows in Fortnox come to %(fortnox_net)s before VAT, in Ongoing to %(invoice_amount)s. Somebody may "
            "have changed rows there, or a discount on the customer or an article was applied. Freight and fees are "
            "not part of these sums."
        ),
        fix=translatable(
            "Compare the rows of invoice %(fortnox_number)s in Fortnox with Ongoing. Press Try again, and it is set "
            "right; or correct it there yourself and press Try again."
        ),
    ),
    IssueCode.VAT_MISSING: IssueText(
        title=translatable("No VAT on account %(account)s for customer %(customer_number)s"),
        cause=translatable(
            "%(goods_owner)s has VAT type %(vat_type)s in Fortnox and pays VAT, but Fortnox put %(rate)s %% on the "
            "rows of account %(account)s. The VAT code of the account may be missing, or the VAT type of the customer "
            "wrong. The invoice is in Fortnox, and is not marked as exported."
        ),
        fix=translatable(
            "Look at account %(account)s and at customer %(customer_number)s in Fortnox, correct what is wrong, and "
            "press Try again: the rows are sent anew. If sales on that account bear no VAT, say so under Customers; it "
            "is asked once."
        ),
    ),
    IssueCode.VAT_UNEXPECTED: IssueText(
        title=translatable("VAT on account %(account)s for customer %(customer_number)s, who pays none"),
        cause=translatable(
            "%(goods_owner)s has VAT type %(vat_type)s in Fortnox: an invoice to such a customer has no VAT. Fortnox "
            "has VAT on the rows of account %(account)s. Rate: %(rate)s %%."
        ),
        fix=translatable(
            "Look at customer %(customer_number)s and at the account in Fortnox, correct what is wrong, and press "
            "Try again: the rows are sent anew."
        ),
    ),
    IssueCode.TEXT_NOT_CLEARED: IssueText(
        title=translatable("Invoice %(fortnox_number)s in Fortnox still has a text that Ongoing has no more"),
        cause=translatable("%(field)s says “%(text)s”. Fortnox did not let it be emptied."),
        fix=translatable("Empty it in Fortnox, and press Try again."),
    ),
    IssueCode.FOUND_TWICE: IssueText(
        title=translatable("The invoice is in Fortnox more than once"),
        cause=translatable("Invoices %(fortnox_numbers)s in Fortnox all carry this invoice's reference."),
        fix=translatable("Cancel those that are too many in Fortnox, keep one, and press Try again."),
    ),
    IssueCode.INVOICE_LOCKED: IssueText(
        title=translatable("Invoice %(fortnox_number)s can no longer be changed"),
        cause=translatable("It is %(reason)s in Fortnox, but the invoice in Ongoing has changed since then."),
        fix=translatable(
            "Credit invoice %(fortnox_number)s in Fortnox and make a new one, or change the invoice in Ongoing back."
        ),
    ),
    IssueCode.OUTCOME_UNCLEAR: IssueText(
        title=translatable("It cannot be told whether Fortnox has the invoice"),
        cause=translatable(
            "Its answer was lost, and what Fortnox has with reference %(reference)s does not say it either."
        ),
        fix=translatable(
            "Look for the invoice in Fortnox. Then choose “It is number … in Fortnox” or “It is not there”. "
            "Until then nothing is sent."
        ),
    ),
    IssueCode.INVOICE_BOOKED: IssueText(
        title=translatable("Invoice %(fortnox_number)s is %(reason)s and can no longer be changed"),
        cause=translatable("Ongoing now has %(invoice_amount)s before VAT, Fortnox has %(fortnox_net)s or other rows."),
        fix=translatable(
            "Choose “Correct”: then invoice %(fortnox_number)s is credited and a new one is made. Or say "
            "that you corrected it by hand, or leave it."
        ),
    ),
    IssueCode.INVOICE_SENT: IssueText(
        title=translatable("Invoice %(fortnox_number)s has been sent to the customer, and Ongoing has changed since"),
        cause=translatable(
            "Ongoing now has %(invoice_amount)s before VAT, Fortnox has %(fortnox_net)s or other rows. The "
            "customer has the invoice as it is in Fortnox."
        ),
        fix=translatable(
            "Choose “Make it equal to Ongoing” if the customer is to get it again, “Correct” for a credit "
            "and a new one, or leave it."
        ),
    ),
    IssueCode.INVOICE_CHANGED: IssueText(
        title=translatable("Somebody has changed invoice %(fortnox_number)s in Fortnox"),
        cause=translatable(
            "Its customer or its rows are others than those that were sent from Ongoing. Fortnox has "
            "%(fortnox_net)s before VAT, Ongoing has %(invoice_amount)s."
        ),
        fix=translatable("Choose “Make it equal to Ongoing”, or “Keep Fortnox's” if it is right as it is."),
    ),
    IssueCode.INVOICE_CANCELLED: IssueText(
        title=translatable("Invoice %(fortnox_number)s is cancelled in Fortnox"),
        cause=translatable("Nobody will pay it, and Fortnox never lets a cancelled invoice be changed."),
        fix=translatable("Choose “Make a new invoice”, or leave it if nothing is to be invoiced."),
    ),
    IssueCode.INVOICE_CREDITED: IssueText(
        title=translatable("Invoice %(fortnox_number)s is credited in Fortnox"),
        cause=translatable("Credit note %(credit_number)s takes back the whole of it."),
        fix=translatable("Choose “Make a new invoice”, or leave it if nothing is to be invoiced."),
    ),
    IssueCode.INVOICE_PARTLY_CREDITED: IssueText(
        title=translatable("A part of invoice %(fortnox_number)s is credited in Fortnox"),
        cause=translatable(
            "Credit note %(credit_number)s takes back a part of it. What is left to invoice, only a person can tell."
        ),
        fix=translatable("Correct it in Fortnox and choose “I made it by hand”, or leave it."),
    ),
    IssueCode.INVOICE_GONE: IssueText(
        title=translatable("Fortnox has no invoice %(fortnox_number)s any more"),
        cause=translatable(
            "The invoice was sent as number %(fortnox_number)s. Perhaps the books were moved or restored."
        ),
        fix=translatable(
            "Choose “It is number … in Fortnox” if it has another number now, “Make a new invoice”, or leave it."
        ),
    ),
    IssueCode.INVOICE_NOT_OURS: IssueText(
        title=translatable("Number %(fortnox_number)s in Fortnox is another invoice"),
        cause=translatable("It does not carry this invoice's reference, so it is not touched."),
        fix=translatable("Choose “It is number … in Fortnox” with the right number, or leave it."),
    ),
    IssueCode.INVOICE_FROM_ORDER: IssueText(
        title=translatable("Invoice %(fortnox_number)s was made from an order in Fortnox"),
        cause=translatable("Such an invoice follows its order and is not changed by this service."),
        fix=translatable("Choose “It is number … in Fortnox” if another invoice is the right one, or leave it."),
    ),
    IssueCode.SEND_NOT_AGREED: IssueText(
        title=translatable("Invoices wait for your first word before they are sent to customers"),
        cause=translatable(
            "Sending is switched on in the settings. The first invoice is sent only when somebody has looked at it."
        ),
        fix=translatable(
            "Look at one of the invoices in Fortnox, and press “Send now, and later ones by themselves” on its page "
            "here. The others are sent with it."
        ),
    ),
    IssueCode.SEND_CHANGED: IssueText(
        title=translatable("Invoice %(fortnox_number)s is not sent: it is not as we left it in Fortnox"),
        cause=translatable("Somebody has changed, cancelled or credited it there, or it is gone."),
        fix=translatable(
            "Look at it in Fortnox. If it is right, press “Send now” on the invoice's page here, else Stop."
        ),
    ),
    IssueCode.SEND_UNCLEAR: IssueText(
        title=translatable("Invoice %(fortnox_number)s was perhaps not sent to the customer"),
        cause=translatable(
            "Fortnox did not answer when it was to be sent, and does not show it as sent. It is not sent again by "
            "itself, because two are worse than none."
        ),
        fix=translatable(
            "Look in Fortnox, or ask %(goods_owner)s. If they did not get it, press “Send now” on the invoice's page "
            "here, else Stop."
        ),
    ),
    IssueCode.SEND_NO_ADDRESS: IssueText(
        title=translatable("Customer %(customer_number)s has no e-mail address for invoices"),
        cause=translatable("Fortnox says: “%(message)s”."),
        fix=translatable(
            "Add the address on the customer's card and on the invoice in Fortnox. Then press “Send now” on the "
            "invoice's page here."
        ),
    ),
    IssueCode.SEND_NO_COUNTRY: IssueText(
        title=translatable("Customer %(customer_number)s has a delivery address without a country"),
        cause=translatable(
            "Such an invoice cannot be sent as e-invoice: Fortnox wants the country of a delivery address. Fortnox "
            "says: “%(message)s”."
        ),
        fix=translatable(
            "Add the delivery country on the customer's card in Fortnox, and on an invoice that is there already. An "
            "invoice that was refused is sent with “Send now” on its page here."
        ),
    ),
    IssueCode.SEND_NOT_LICENSED: IssueText(
        title=translatable("The company may not send invoices from Fortnox"),
        cause=translatable(
            "Sending needs the company's own licence for invoicing; creating and booking work without. Fortnox says: "
            "“%(message)s”."
        ),
        fix=translatable(
            "Order the licence in Fortnox: then they are sent within an hour or two. Or choose “Leave it” under "
            "Settings."
        ),
    ),
    IssueCode.SEND_REFUSED: IssueText(
        title=translatable("Fortnox does not send invoice %(fortnox_number)s to the customer"),
        cause=translatable("Fortnox says: “%(message)s”."),
        fix=translatable(
            "Mend what Fortnox names, often on the customer's card. Then press “Send now” on the invoice's page here."
        ),
    ),
    IssueCode.BOOK_REFUSED: IssueText(
        title=translatable("Invoice %(fortnox_number)s was sent, but Fortnox does not book it"),
        cause=translatable("Fortnox says: “%(message)s”."),
        fix=translatable("Mend it in Fortnox, or book the invoice there. It is tried again every hour."),
    ),
    IssueCode.DELETED_IN_WMS: IssueText(
        title=translatable("Invoice %(fortnox_number)s was deleted in Ongoing, but is in Fortnox"),
        cause=translatable(
            "It had been sent when it was deleted, and the service never removes an invoice from Fortnox."
        ),
        fix=translatable(
            "If it should not be paid, cancel or credit invoice %(fortnox_number)s in Fortnox. If it should stay, "
            "press Try again: then it is left as it is."
        ),
    ),
    IssueCode.PERMISSION_REFUSED: IssueText(
        title=translatable("Fortnox does not permit something on this invoice"),
        cause=translatable(
            "Fortnox says: “%(message)s”. Other invoices are sent as usual; if another one is refused too, the "
            "permission is missing altogether."
        ),
        fix=translatable(
            "Give the user who approved the connection the right that Fortnox names, or correct the invoice so that "
            "it is not needed. The invoice is tried again every hour, and when you press Try again."
        ),
    ),
    IssueCode.FORTNOX_REFUSED: IssueText(
        title=translatable("Fortnox refused the invoice"),
        cause=translatable("Fortnox says: “%(message)s” (code %(code)s)."),
        fix=translatable(
            "Correct what Fortnox points at, in Ongoing or in Fortnox. The invoice is tried again every hour, and "
            "when you press Try again."
        ),
    ),
    IssueCode.OUR_DEFECT: IssueText(
        title=translatable("This service made a mistake with the invoice"),
        cause=translatable(
            "The fault is ours (%(code)s), not in your data. Those who run this service have been told."
        ),
        fix=translatable(
            "Nothing to do: when the fault is mended, the invoice is sent by itself. Nothing is sent twice."
        ),
    ),
    IssueCode.SPECIFICATION_DIFFERS: IssueText(
        title=translatable("The invoice has no specification that adds up"),
        cause=translatable(
            "Since it was sent, its charges in Ongoing, the settings here or the invoice in Fortnox have been changed. "
            "A specification that does not come to the invoice is never attached."
        ),
        fix=translatable("If Ongoing is right, press Export again on the invoice. Its specification goes with it."),
    ),
    IssueCode.SPECIFICATION_NOT_PERMITTED: IssueText(
        title=translatable("Fortnox does not let us attach specifications"),
        cause=translatable(
            "Fortnox says: “%(message)s”. The permission to store and attach files is not approved, or the licence "
            "lacks it. The invoices are in Fortnox all the same."
        ),
        fix=translatable(
            "Connect again from the overview, and approve the permissions for files. Or switch off “Attach the "
            "specification” under Settings."
        ),
    ),
    IssueCode.SPECIFICATION_REFUSED: IssueText(
        title=translatable("Fortnox refuses the specification"),
        cause=translatable("Fortnox says: “%(message)s”. The invoice is in Fortnox all the same."),
        fix=translatable(
            "Look at the invoice's files in Fortnox: at most five may go out with it, and the archive may be full. It "
            "is tried again every hour."
        ),
    ),
    IssueCode.SPECIFICATION_TOO_LARGE: IssueText(
        title=translatable("The specification is too large for Fortnox"),
        cause=translatable("Fortnox takes files of at most five megabytes. The invoice is in Fortnox all the same."),
        fix=translatable(
            "Send it yourself: the invoice's page has it as PDF and CSV. Tell us, so that we make it smaller."
        ),
    ),
    IssueCode.SPECIFICATION_NOT_ANSWERED: IssueText(
        title=translatable("Fortnox does not answer about the specification"),
        cause=translatable(
            "Nobody knows yet whether it is attached. Before it is attached again, the service looks whether it is. "
            "The invoice is in Fortnox all the same."
        ),
        fix=translatable("Nothing to do: the service tries again, and never attaches it twice."),
    ),
    IssueCode.SPECIFICATION_DEFECT: IssueText(
        title=translatable("This service made a mistake with the specification"),
        cause=translatable(
            "The fault is ours (%(code)s), not in your data. Those who run this service have been told. The invoice is "
            "in Fortnox all the same."
        ),
        fix=translatable("Nothing to do: when the fault is mended, the specification is attached by itself."),
    ),
    IssueCode.PRICE_MISSING: IssueText(
        title=translatable("%(row)s has no price"),
        cause=translatable(
            "The price list entry %(row)s (article %(article_number)s) is 0 in Ongoing, or empty. What is charged by "
            "it costs the customer nothing, unless the charge has a price of its own."
        ),
        fix=translatable("Fill in the price on the price list entry in Ongoing. If it is to be free, leave it."),
    ),
    IssueCode.ACCOUNT_NOT_INCOME: IssueText(
        title=translatable("Account %(account)s is perhaps not for sales"),
        cause=translatable(
            "Article %(article_number)s (%(row)s) has account %(account)s in Ongoing's price list. Accounts for sales "
            "are usually 3000 to 3999. Fortnox takes others, too, and books the invoice there."
        ),
        fix=translatable(
            "Ask whoever does the books. If it is wrong, correct the account on the price list entry in Ongoing."
        ),
    ),
    IssueCode.NOTHING_GATHERS: IssueText(
        title=translatable("Nothing gathers for %(goods_owner)s this month"),
        cause=translatable(
            "%(goods_owner)s was invoiced for each of the last two months, and Ongoing has no charge of this month "
            "that waits."
        ),
        fix=translatable(
            "If the goods owner has moved out, or pays nothing this month, nothing is to be done. If not, look in "
            "Ongoing why nothing is charged."
        ),
    ),
    IssueCode.CONNECTION_BROKEN: IssueText(
        title=translatable("Fortnox's approval has ended"),
        cause=translatable(
            "Fortnox no longer accepts the keys for %(company)s. Nothing is lost: the invoices wait here."
        ),
        fix=translatable(
            "Connect again. A Fortnox administrator must approve, and then everything that waits is sent."
        ),
    ),
    IssueCode.LICENCE_MISSING: IssueText(
        title=translatable("A licence is missing in Fortnox"),
        cause=translatable("Fortnox says: “%(message)s”. Nothing is lost: the invoices wait here."),
        fix=translatable(
            "Order the licence in Fortnox (Invoicing, and Integration). The invoices are then sent by "
            "themselves; you do not need to connect again."
        ),
    ),
    IssueCode.SCOPE_MISSING: IssueText(
        title=translatable("A permission is missing in Fortnox"),
        cause=translatable("Fortnox says: “%(message)s”. Nothing is lost: the invoices wait here."),
        fix=translatable(
            "Connect again and approve all permissions. The person who approves must have them in Fortnox."
        ),
    ),
    IssueCode.WMS_LOGIN_REFUSED: IssueText(
        title=translatable("Ongoing does not accept the sign-in of %(username)s"),
        cause=translatable(
            "The password of %(username)s in %(system)s was changed, or the user was removed or blocked."
        ),
        fix=translatable(
            "Check the user in Ongoing under Administration → API for automation. Then sign in here again, with the "
            "right password."
        ),
    ),
    IssueCode.WMS_NOT_ANSWERING: IssueText(
        title=translatable("Ongoing does not answer"),
        cause=translatable("%(system)s did not answer, or not in a way that can be read."),
        fix=translatable("Nothing to do: the service tries again at every run, and nothing is lost."),
    ),
    IssueCode.WMS_NOT_UNDERSTOOD: IssueText(
        title=translatable("Ongoing answers in a way that we do not understand"),
        cause=translatable(
            "%(system)s answered otherwise than before, or than any other: %(kind)s. Not found: %(missing)s. Not "
            "known: %(unknown)s. Such an answer is refused as a whole, so no invoice is overlooked and none is sent "
            "twice."
        ),
        fix=translatable(
            "You do not need to do anything. We who run this service have been told, and are the ones to mend it. "
            "Nothing is lost: the invoices wait in Ongoing, and are then sent by themselves."
        ),
    ),
    IssueCode.FORTNOX_NOT_ANSWERING: IssueText(
        title=translatable("Fortnox does not answer"),
        cause=translatable(
            "Fortnox did not answer. Before anything is sent again, the service checks whether it arrived."
        ),
        fix=translatable("Nothing to do: the service tries again at every run, and nothing is lost."),
    ),
    IssueCode.NOT_OPENING: IssueText(
        title=translatable("Something of ours is wrong"),
        cause=translatable(
            "What this service keeps for you cannot be used just now. Your password and your approval are not the "
            "cause."
        ),
        fix=translatable(
            "You do not need to do anything. We who run this service have been told, and are the ones to mend it. "
            "Nothing is lost: the invoices wait in Ongoing, and are then sent by themselves."
        ),
    ),
}

# What to do instead, where a parameter says that the usual advice is followed already.
FIXES: Mapping[tuple[IssueCode, str, str], str] = {
    (IssueCode.COST_CENTRE_REQUIRED, "cost_centres", "sent"): translatable(
        "In Fortnox, make the cost centre voluntary on the account. Or fill in a profit centre on every charge in "
        "Ongoing."
    ),
    (IssueCode.WMS_NOT_UNDERSTOOD, "kind", Misunderstanding.NO_LIST): translatable(
        "If Ongoing really has no invoices, say so: open the overview, “Look again”, and press “Yes, that is ours”. "
        "If it has, you do not need to do anything: we who run this service have been told."
    ),
    **{
        (IssueCode.AMOUNTS_DISAGREE, "price_meaning", meaning): translatable(
            "Open the invoice in Ongoing and look for a row with a changed price or quantity. Under Settings it is "
            "chosen what a price means; “Work it out from the total” tries all there is."
        )
        for meaning in _MEANINGS
    },
    **{
        (code, "in_doubt", "yes"): translatable(
            "This number is not the invoice, and whether Fortnox has it is still open. Look for it in Fortnox. Then "
            "choose “It is number … in Fortnox” or “It is not there”. Until then nothing is sent."
        )
        for code in (
            IssueCode.INVOICE_GONE,
            IssueCode.INVOICE_CANCELLED,
            IssueCode.INVOICE_CREDITED,
            IssueCode.INVOICE_PARTLY_CREDITED,
        )
    },
}
