"""What can be done in Fortnox by a button: its words before and after, and the fields of a new customer."""

from collections.abc import Mapping
from dataclasses import dataclass

from invoicing.domain.integration_settings import Language
from invoicing.domain.remedy import Act, Remedy, Thing
from invoicing.rendering.catalogue import translatable, translations


@dataclass(frozen=True, slots=True, kw_only=True)
class RemedyText:
    """In the source language, filled with `key`. `does` goes on after "let Fortnox"."""

    title: str
    does: str
    means: str


_OPEN_AGAIN = translatable("Nothing else about it is changed.")

REMEDY_TEXTS: Mapping[tuple[Thing, Act], RemedyText] = {
    (Thing.CUSTOMER, Act.CREATE): RemedyText(
        title=translatable("Create customer %(key)s in Fortnox"),
        does=translatable("create customer %(key)s"),
        means=translatable(
            "Look through it, fill in what Ongoing does not know, and press the button. Terms of payment and all else "
            "become what Fortnox gives a new customer; you can change them there."
        ),
    ),
    (Thing.CUSTOMER, Act.SWITCH_ON): RemedyText(
        title=translatable("Make customer %(key)s active in Fortnox"),
        does=translatable("make customer %(key)s active"),
        means=_OPEN_AGAIN,
    ),
    (Thing.ARTICLE, Act.SWITCH_ON): RemedyText(
        title=translatable("Make article %(key)s active in Fortnox"),
        does=translatable("make article %(key)s active"),
        means=_OPEN_AGAIN,
    ),
    (Thing.ACCOUNT, Act.SWITCH_ON): RemedyText(
        title=translatable("Open account %(key)s in Fortnox"),
        does=translatable("open account %(key)s"),
        means=translatable(
            "It is opened in the financial year of the invoice. Nothing else about it is changed: its name and VAT "
            "code are as you see them in Fortnox."
        ),
    ),
    (Thing.COST_CENTRE, Act.CREATE): RemedyText(
        title=translatable("Add cost centre %(key)s in Fortnox"),
        does=translatable("add cost centre %(key)s"),
        means=translatable("Its name is its code; you can give it another one in Fortnox."),
    ),
    (Thing.COST_CENTRE, Act.SWITCH_ON): RemedyText(
        title=translatable("Make cost centre %(key)s active in Fortnox"),
        does=translatable("make cost centre %(key)s active"),
        means=_OPEN_AGAIN,
    ),
    (Thing.CURRENCY, Act.CREATE): RemedyText(
        title=translatable("Add currency %(key)s in Fortnox"),
        does=translatable("add currency %(key)s"),
        means=translatable(
            "Fortnox then needs a rate for it: look under its currencies, and let it fetch the rates by itself or fill "
            "one in, before the invoice is booked."
        ),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionText:
    """A permission as Fortnox's page calls it, and what else it covers."""

    name: str
    covers: str


PERMISSION_TEXTS: Mapping[Thing, PermissionText] = {
    Thing.ACCOUNT: PermissionText(
        name=translatable("Bookkeeping"),
        covers=translatable(
            "It covers accounts, financial years and vouchers. The service only looks at the account that an invoice "
            "needs, and opens it when somebody presses the button."
        ),
    ),
    Thing.COST_CENTRE: PermissionText(
        name=translatable("Cost centre"),
        covers=translatable(
            "It covers the register of cost centres. The service only adds, or makes active, the one that an invoice "
            "needs, when somebody presses the button."
        ),
    ),
    Thing.CURRENCY: PermissionText(
        name=translatable("Currency"),
        covers=translatable(
            "It covers the register of currencies. The service only adds the one that an invoice needs, when somebody "
            "presses the button."
        ),
    ),
}


def remedy_does(remedy: Remedy, language: Language) -> str:
    """What goes on after "let Fortnox"."""
    return translations(language).gettext(REMEDY_TEXTS[remedy.thing, remedy.act].does) % {"key": remedy.key}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """All that pages say of a remedy, filled and translated."""

    title: str
    means: str
    permission: str = ""  # that it needs, as Fortnox's page calls it; empty: every connection has it
    covers: str = ""


def texts_of(remedy: Remedy, language: Language) -> Said:
    """Plain text: escape it before it becomes HTML."""
    _ = translations(language).gettext
    text, permission = REMEDY_TEXTS[remedy.thing, remedy.act], PERMISSION_TEXTS.get(remedy.thing)
    return Said(
        title=_(text.title) % {"key": remedy.key},
        means=_(text.means),
        permission=_(permission.name) if permission else "",
        covers=_(permission.covers) if permission else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerField:
    """A field of the form; `name` is that of the draft."""

    name: str
    title: str
    hint: str = ""
    short: bool = False
    type: str = "text"


VAT_TYPE_TEXTS: Mapping[str, str] = {
    "SEVAT": translatable("Sweden, with VAT"),
    "EUREVERSEDVAT": translatable("Another EU country, with a VAT number: reverse charge"),
    "EXPORT": translatable("Outside the EU: export, without VAT"),
    "SEREVERSEDVAT": translatable("Sweden, reverse charge"),
    "EUVAT": translatable("Another EU country, with Swedish VAT"),
}
# In the order of the page; the VAT type is chosen between those before and those after.
BEFORE_VAT = (
    CustomerField(name="name", title=translatable("Name")),
    CustomerField(name="organisation_number", title=translatable("Organisation number"), short=True),
    CustomerField(
        name="currency",
        title=translatable("Currency"),
        hint=translatable("As Ongoing says it; without a word there it is SEK."),
        short=True,
    ),
)
AFTER_VAT = (
    CustomerField(
        name="country_code",
        title=translatable("Country"),
        hint=translatable("Two letters, such as SE, DK or NO. Needed for customers abroad."),
        short=True,
    ),
    CustomerField(
        name="vat_number",
        title=translatable("VAT number"),
        hint=translatable("Needed for reverse charge within the EU, such as DK12345678."),
        short=True,
    ),
    CustomerField(name="address1", title=translatable("Address")),
    CustomerField(name="address2", title=translatable("Address, second line")),
    CustomerField(name="zip_code", title=translatable("Postcode"), short=True),
    CustomerField(name="city", title=translatable("City")),
    CustomerField(
        name="email",
        title=translatable("E-mail for invoices"),
        hint=translatable("Where Fortnox sends the invoices, if it sends them by e-mail."),
        type="email",
    ),
)
CUSTOMER_FIELDS = (*BEFORE_VAT, *AFTER_VAT)


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerForm:
    """The form of a new customer, in the order of the page."""

    before: tuple[CustomerField, ...]
    vat_types: Mapping[str, str]
    after: tuple[CustomerField, ...]


def customer_form() -> CustomerForm:
    """What a person can say of a customer before it is created."""
    return CustomerForm(before=BEFORE_VAT, vat_types=VAT_TYPE_TEXTS, after=AFTER_VAT)
