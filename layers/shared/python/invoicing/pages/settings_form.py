"""The settings of an integration as a form: one model reads it, fills it, and says each field's sentence.

What it gives is the domain's value, and that is what is stored. It is imported only where a form is shown or read:
pydantic is no part of what a person waits for elsewhere.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, ValidationError
from pydantic_core import PydanticCustomError

from invoicing.domain.customer_mail import LONGEST_SUBJECT, LONGEST_TEXT
from invoicing.domain.integration_settings import (
    FIELDS,
    AccountsAbroad,
    AccountSource,
    CurrencyRule,
    DueDateFrom,
    ExportWhen,
    FortnoxFees,
    IntegrationSettings,
    InvoiceText,
    Language,
    MonthMail,
    PriceMeaning,
    RowGrouping,
    RowText,
    SendAfter,
    SendInvoices,
    TotalGuard,
    ZeroTotal,
)
from invoicing.domain.keys import clean_key
from invoicing.rendering.catalogue import translatable
from invoicing.rendering.views import FieldKind, FieldProblem, SettingChoice, SettingField, SettingSection

# SES takes no other letters before the @ than those of ASCII.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\.[A-Za-z]{2,}"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")  # Python alone would take a week's date, too
_UNIT = re.compile(r"[\w.%°²³/-]{1,20}")  # a unit code in Fortnox has 1 to 20 characters

_TROUBLE = translatable("When something is wrong")
_INVOICES = translatable("Invoices")
_ROWS = translatable("Rows and articles")
_GUARDS = translatable("Guards before sending")
_AFTERWARDS = translatable("After the invoice")


class FormRefusedError(Exception):
    """Which fields are wrong, and how. Shows nothing of what they hold."""

    def __init__(self, problems: Mapping[str, FieldProblem]) -> None:
        super().__init__(", ".join(sorted(problems)))
        self.problems = problems


def _refused(problem: FieldProblem) -> PydanticCustomError:
    return PydanticCustomError(problem.value, "is refused")


def _filled(value: object) -> object:
    """A field that is there and empty was not filled in; choices compare with nothing around them."""
    text = str(value).strip()
    if not text:
        raise _refused(FieldProblem.MISSING)
    return text


def _address(text: str) -> str:
    if len(text) > 254:
        raise _refused(FieldProblem.TOO_LONG)
    if not _ADDRESS.fullmatch(text) or ".." in text:
        raise _refused(FieldProblem.NOT_AN_ADDRESS)
    return text


def _day(value: object) -> date:
    try:
        day = date.fromisoformat(str(value)) if _DATE.fullmatch(str(value)) else date.min
    except ValueError:
        day = date.min
    if day.year < 2000:
        raise _refused(FieldProblem.NOT_A_DATE)
    return day


def _unit(text: str) -> str:
    unit: str = clean_key(text)
    if not _UNIT.fullmatch(unit):
        raise _refused(FieldProblem.NOT_A_UNIT if unit else FieldProblem.MISSING)
    return unit


def _tick(value: object) -> bool:
    """A browser sends a box that is ticked, and nothing of one that is not."""
    text = str(value).strip()
    if text not in {"", "on"}:
        raise _refused(FieldProblem.NOT_A_CHOICE)
    return text == "on"


def _text(longest: int) -> Callable[[object], str]:
    """Any text, without what nobody sees; it may be empty."""

    def read(value: object) -> str:
        typed = unicodedata.normalize("NFC", str(value).replace("\r\n", "\n"))
        text = "".join(char for char in typed if char == "\n" or unicodedata.category(char)[0] != "C").strip()
        if len(text) > longest:
            raise _refused(FieldProblem.TOO_LONG)
        return text

    return read


type _Ticked = Annotated[
    bool, BeforeValidator(_tick), PlainSerializer(lambda ticked: "on" if ticked else "", return_type=str)
]


def _says(
    section: str,
    title: str,
    sentence: str,
    choices: Mapping[StrEnum, str | tuple[str, str]] | None = None,
    *,
    kind: FieldKind = FieldKind.CHOICE,
    **more: Any,
) -> Any:
    """What the page says of a field; of each choice its title, and what it means where that is not plain."""
    shown = tuple(
        SettingChoice(value=value, title=said, meaning="")
        if isinstance(said, str)
        else SettingChoice(value=value, title=said[0], meaning=said[1])
        for value, said in (choices or {}).items()
    )
    shows: Any = {"section": section, "kind": kind, "choices": shown}
    # pydantic hands it back as it is; nothing here makes a JSON schema.
    return Field(title=title, description=sentence, json_schema_extra=shows, **more)


type _Filled[T] = Annotated[T, BeforeValidator(_filled)]


class SettingsForm(BaseModel):
    """Every setting, in the order of the page. Settings that came later have a default: a page may have been open."""

    model_config = ConfigDict(frozen=True)

    problem_address: Annotated[str, AfterValidator(_address), BeforeValidator(_filled)] = _says(
        _TROUBLE,
        translatable("Communication of problems"),
        translatable(
            "The mail address that gets a mail if the connection breaks, and at most one a day about invoices that "
            "need attention."
        ),
        kind=FieldKind.ADDRESS,
    )
    language: _Filled[Language] = _says(
        _TROUBLE,
        translatable("Language of mails"),
        translatable("Also of pages, when the browser does not say."),
        {Language.SWEDISH: "Svenska", Language.ENGLISH: "English"},
    )
    month_mail: _Filled[MonthMail] = _says(
        _TROUBLE,
        translatable("When all is well"),
        translatable("A mail that says how many invoices of a month are in Fortnox, and what they come to."),
        {
            MonthMail.SEND: (
                translatable("Once a month"),
                translatable("From the 3rd, when nothing of the month before is left to be sent."),
            ),
            MonthMail.NONE: translatable("No mail when all is well"),
        },
        default=MonthMail.SEND,
    )
    export_when: _Filled[ExportWhen] = _says(
        _INVOICES,
        translatable("Which invoices are exported"),
        translatable("Ongoing does not say when an invoice is ready, so choose what means ready for you."),
        {
            ExportWhen.PERIOD_ENDED: (
                translatable("When the period has ended"),
                translatable("Safest. No more charges come after the last day."),
            ),
            ExportWhen.AS_SEEN: (
                translatable("As soon as they are seen"),
                translatable("If charges are added later, the invoice in Fortnox is updated."),
            ),
            ExportWhen.WHEN_ASKED: (
                translatable("Only when asked"),
                translatable("You press Export now on each invoice. Those that wait are found under Invoices."),
            ),
        },
    )
    from_date: Annotated[date, BeforeValidator(_day), BeforeValidator(_filled)] = _says(
        _INVOICES,
        translatable("From which invoice date"),
        translatable("Older invoices are never sent by themselves."),
        kind=FieldKind.DATE,
    )
    invoice_text: _Filled[InvoiceText] = _says(
        _INVOICES,
        translatable("Text on the invoice"),
        translatable("Becomes the invoice text in Fortnox."),
        {
            InvoiceText.TITLE_AND_PERIOD: translatable("Title and period"),
            InvoiceText.TITLE: translatable("Title"),
            InvoiceText.PERIOD: translatable("Period"),
            InvoiceText.NONE: translatable("No text"),
        },
    )
    currency_rule: _Filled[CurrencyRule] = _says(
        _INVOICES,
        translatable("Currency"),
        translatable("The goods owner in Ongoing and the customer in Fortnox each have a currency."),
        {
            CurrencyRule.MUST_MATCH: (
                translatable("They must be the same"),
                translatable("Safest. Otherwise the invoice is held, and you are told."),
            ),
            CurrencyRule.FROM_WMS: (
                translatable("Ongoing's decides"),
                translatable("The invoice gets the currency of the goods owner."),
            ),
            CurrencyRule.FROM_FORTNOX: (
                translatable("Fortnox's decides"),
                translatable("The invoice gets the currency of the customer; amounts are not converted."),
            ),
        },
    )
    due_date_from: _Filled[DueDateFrom] = _says(
        _INVOICES,
        translatable("Due date"),
        translatable("The customer's terms of payment in Fortnox count from this day."),
        {
            DueDateFrom.INVOICE_DATE: (
                translatable("From the invoice date"),
                translatable("An invoice that is sent late may be overdue at once; you are told."),
            ),
            DueDateFrom.SENDING: (
                translatable("From the day of sending"),
                translatable("The customer always has the whole time to pay."),
            ),
        },
        default=DueDateFrom.INVOICE_DATE,
    )
    fees: _Filled[FortnoxFees] = _says(
        _INVOICES,
        translatable("Fortnox's fees"),
        translatable(
            "Fortnox can add a freight and an administration fee. Ongoing does not know them; they are shown beside "
            "the net."
        ),
        {
            FortnoxFees.AS_ON_CUSTOMER: (
                translatable("As on the customer"),
                translatable("What the customer's card in Fortnox says."),
            ),
            FortnoxFees.NONE: (translatable("None"), translatable("The customer pays what Ongoing says, and VAT.")),
        },
        default=FortnoxFees.AS_ON_CUSTOMER,
    )
    zero_total: _Filled[ZeroTotal] = _says(
        _INVOICES,
        translatable("Invoices of 0"),
        translatable("An invoice with rows that come to nothing."),
        {
            ZeroTotal.SEND: (
                translatable("Send"),
                translatable("The customer sees what was done and that it costs nothing."),
            ),
            ZeroTotal.LEAVE: (translatable("Leave"), translatable("It stays in Ongoing until you press Export now.")),
        },
        default=ZeroTotal.SEND,
    )
    rows: _Filled[RowGrouping] = _says(
        _ROWS,
        translatable("Rows"),
        translatable("How the charges in Ongoing become rows in Fortnox."),
        {
            RowGrouping.SUMMED: (
                translatable("Summed"),
                translatable("One row for each article, account and unit price."),
            ),
            RowGrouping.PER_CHARGE: (
                translatable("One row per charge"),
                translatable("Everything is seen on the invoice. Fortnox accepts a limited number of rows."),
            ),
        },
    )
    row_text: _Filled[RowText] = _says(
        _ROWS,
        translatable("Text on a row"),
        translatable("What the customer reads on each row."),
        {
            RowText.TITLE: translatable("The article's title"),
            RowText.TITLE_AND_COMMENT: (
                translatable("Title and comment"),
                translatable("The comment of the charge in Ongoing."),
            ),
            RowText.TITLE_AND_ORDER: (
                translatable("Title and order number"),
                translatable("The order that the charge comes from."),
            ),
        },
    )
    price_meaning: _Filled[PriceMeaning] = _says(
        _ROWS,
        translatable("What a price in Ongoing means"),
        translatable("Ongoing does not say, but the invoice's total usually tells."),
        {
            PriceMeaning.DETECT: (
                translatable("Work it out from the total"),
                translatable("Safest. If that is not possible, the invoice is held."),
            ),
            PriceMeaning.PER_UNIT: (translatable("Price per unit"), translatable("Multiplied by the quantity.")),
            PriceMeaning.PER_ROW: (
                translatable("Price for the whole row"),
                translatable("Already includes the quantity."),
            ),
        },
    )
    account_source: _Filled[AccountSource] = _says(
        _ROWS,
        translatable("Account"),
        translatable("The sales account of each row."),
        {
            AccountSource.WMS: translatable("From Ongoing's price list"),
            AccountSource.ARTICLE: translatable("From the article in Fortnox"),
        },
    )
    accounts_abroad: _Filled[AccountsAbroad] = _says(
        _ROWS,
        translatable("Accounts abroad"),
        translatable(
            "Ongoing's accounts are for sales with Swedish VAT. These invoices go to customers abroad or with reverse "
            "charge."
        ),
        {
            AccountsAbroad.FORTNOX: (
                translatable("Let Fortnox choose"),
                translatable(
                    "Each article in Fortnox has accounts for sales to the EU, for export and for reverse charge."
                ),
            ),
            AccountsAbroad.HOLD: (
                translatable("Hold the invoice"),
                translatable("It waits, and you are told the customer, the VAT type and the account."),
            ),
            AccountsAbroad.WMS: (
                translatable("Send Ongoing's account"),
                translatable("Only if the price list has accounts of its own for these customers."),
            ),
        },
        default=AccountsAbroad.FORTNOX,
    )
    default_unit: Annotated[str, AfterValidator(_unit), BeforeValidator(_filled)] = _says(
        _ROWS,
        translatable("Unit of new articles"),
        translatable("Articles that Fortnox lacks are created with this unit, for example st, h or kolli."),
        kind=FieldKind.UNIT,
    )
    profit_centre_as_cost_centre: _Ticked = _says(
        _ROWS,
        translatable("Profit centre becomes cost centre"),
        translatable("The profit centre of a charge is sent as the row's cost centre. It must exist in Fortnox."),
        kind=FieldKind.TICK,
        default=False,
    )
    guard_total: _Filled[TotalGuard] = _says(
        _GUARDS,
        translatable("A month that is unlike the others"),
        translatable(
            "Compared with what the goods owner's own months came to, when there are three or more. What differs by "
            "more waits until somebody has pressed “Right as it is”."
        ),
        {
            TotalGuard.OFF: translatable("Not compared"),
            TotalGuard.QUARTER: translatable("By more than 25 per cent"),
            TotalGuard.HALF: translatable("By more than 50 per cent"),
            TotalGuard.DOUBLE: translatable("By more than 100 per cent"),
        },
        default=TotalGuard.OFF,
    )
    guard_periods: _Ticked = _says(
        _GUARDS,
        translatable("Periods that overlap, or leave days out"),
        translatable("Such an invoice waits until somebody has pressed “Right as it is”."),
        kind=FieldKind.TICK,
        default=False,
    )
    guard_prices: _Ticked = _says(
        _GUARDS,
        translatable("Prices that are not the price list's"),
        translatable(
            "Such an invoice waits until somebody has pressed “Right as it is”. Where Ongoing does not show price "
            "lists, nothing is compared."
        ),
        kind=FieldKind.TICK,
        default=False,
    )
    attach_specification: _Ticked = _says(
        _AFTERWARDS,
        translatable("Attach the specification to the invoice in Fortnox"),
        translatable(
            "A PDF with every charge behind every row goes out with the invoice when it is sent from Fortnox. Holds "
            "for invoices from now on. Fortnox asks an administrator once more, for the permission to store files."
        ),
        kind=FieldKind.TICK,
        default=False,
    )
    send_invoices: _Filled[SendInvoices] = _says(
        _AFTERWARDS,
        translatable("Sending to the customer"),
        translatable(
            "An invoice that is in Fortnox, compared to the öre and right in VAT, is sent at its hour. Holds for new "
            "invoices only; the first one waits for your word."
        ),
        {
            SendInvoices.LEAVE: (translatable("Leave it"), translatable("You send invoices from Fortnox yourselves.")),
            SendInvoices.EMAIL: (
                translatable("By e-mail"),
                translatable("To the customer's address, with the text, in Fortnox."),
            ),
            SendInvoices.E_INVOICE: (
                translatable("As e-invoice"),
                translatable("To the address for e-invoices on the customer's card."),
            ),
            SendInvoices.PRINT: (
                translatable("You print it"),
                translatable("It is only marked as sent. You print and post it."),
            ),
            SendInvoices.AS_ON_CUSTOMER: (
                translatable("As the customer's card says"),
                translatable("E-mail or e-invoice. What the card says is to be printed, is left to you."),
            ),
        },
        default=SendInvoices.LEAVE,
    )
    send_after: _Filled[SendAfter] = _says(
        _AFTERWARDS,
        translatable("The hour of sending"),
        translatable("Until then you can stop it on the invoice's page, or send it at once."),
        {
            SendAfter.NEXT_WORKING_DAY: (
                translatable("The next working day at 8"),
                translatable("Swedish holidays are none."),
            ),
            SendAfter.TWO_HOURS: translatable("After two hours"),
        },
        default=SendAfter.NEXT_WORKING_DAY,
    )
    mail_subject: Annotated[str, BeforeValidator(_text(LONGEST_SUBJECT))] = _says(
        _AFTERWARDS,
        translatable("Subject of the mail"),
        translatable(
            "Of the mail in which Fortnox sends a new invoice. {no} becomes the invoice's number. Empty: the subject "
            "that is set in Fortnox. On the page of each invoice you see the mail before it is sent."
        ),
        kind=FieldKind.LINE,
        default="",
    )
    mail_text: Annotated[str, BeforeValidator(_text(LONGEST_TEXT))] = _says(
        _AFTERWARDS,
        translatable("Text of the mail"),
        translatable("As above. The sender and copies are always those that are set in Fortnox."),
        kind=FieldKind.LINES,
        default="",
    )
    book_when_sent: _Ticked = _says(
        _AFTERWARDS,
        translatable("Book what was sent"),
        translatable("A sent invoice is booked in Fortnox. After that only a credit changes it."),
        kind=FieldKind.TICK,
        default=False,
    )
    follow_payments: _Ticked = _says(
        _AFTERWARDS,
        translatable("Follow invoices until they are paid"),
        translatable(
            "Fortnox is asked once an hour what became of them: booked, sent, overdue, paid, credited, changed. "
            "Nothing is written there."
        ),
        kind=FieldKind.TICK,
        default=False,
    )


def read_settings(form: Mapping[str, str]) -> IntegrationSettings:
    """The settings that a form says. Raises FormRefusedError."""
    try:
        read = SettingsForm.model_validate({name: form[name] for name in FIELDS if name in form})
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise FormRefusedError({str(one["loc"][0]): _problem(one["type"]) for one in found}) from None
    return IntegrationSettings(**dict(read))


def form_of(settings: IntegrationSettings) -> dict[str, str]:
    """The fields that `read_settings` reads back to the same settings."""
    filled: dict[str, str] = SettingsForm.model_construct(
        **{name: getattr(settings, name) for name in FIELDS}
    ).model_dump(mode="json")
    return filled


def sections() -> tuple[SettingSection, ...]:
    """What the page says of every field, section by section."""
    found: dict[str, list[SettingField]] = {}
    for name, field in SettingsForm.model_fields.items():
        shows: Any = field.json_schema_extra
        found.setdefault(shows["section"], []).append(
            SettingField(
                name=name,
                title=field.title or "",
                sentence=field.description or "",
                kind=shows["kind"],
                choices=shows["choices"],
            )
        )
    return tuple(SettingSection(title=title, fields=tuple(fields)) for title, fields in found.items())


def _problem(kind: str) -> FieldProblem:
    return FieldProblem(kind) if kind in set(FieldProblem) else FieldProblem.NOT_A_CHOICE
