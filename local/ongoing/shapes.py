"""Shapes of answers that are drawn by a seed, for a product that is not told which."""

from collections.abc import Mapping
from dataclasses import replace
from random import Random

from local.ongoing.options import Dates, EmptyList, Encoding, Layout, Lists, Nulls, Numbers, Shape, Success

# Names that the published material leaves open, by the name that is used here.
POSSIBLE_NAMES: Mapping[str, tuple[str, ...]] = {
    "Invoices": ("Invoices", "AutomationInvoices"),
    "AutomationInvoice": ("AutomationInvoice", "Invoice", "GetInvoicesInvoice"),
    "InvoiceCharges": ("InvoiceCharges", "Charges"),
    "InvoiceCharge": ("InvoiceCharge", "GetInvoicesCharge", "AutomationInvoiceCharge"),
    "InvoicePeriodStart": ("InvoicePeriodStart", "InvoicePeriodFrom"),
    "InvoicePeriodEnd": ("InvoicePeriodEnd", "InvoicePeriodTo"),
    "FinancialCode": ("FinancialCode", "CustomerCode"),
    "GoodsOwnerInvoiceCurrencyCode": ("GoodsOwnerInvoiceCurrencyCode", "InvoiceCurrencyCode"),
}
# Names that nobody could guess: another language's plural, another word.
IMPOSSIBLE_NAMES: Mapping[str, tuple[str, ...]] = {
    "Invoices": ("Fakturor", "Rechnungen", "Items"),
    "InvoiceCharges": ("Debiteringar", "Lines"),
    "InvoiceId": ("FakturaNr", "Key"),
    "InvoiceAmount": ("Belopp", "Sum"),
    "Price": ("Pris",),
    "IsExported": ("Exporterad",),
    "InvoicePeriodEnd": ("PeriodSlut",),
}
_UNKNOWN_FIELDS = ("CreatedDate", "InvoiceGroup", "Workflow", "TransporterInvoice")


def drawn(seed: int) -> Shape:
    """A shape that carries all information, as a system of Ongoing may look."""
    dice = Random(seed)
    layout = dice.choice([Layout.FLAT, Layout.FLAT, Layout.NESTED, Layout.MIXED, Layout.LEGACY])
    possible = {} if layout is Layout.LEGACY else {name: dice.choice(names) for name, names in POSSIBLE_NAMES.items()}
    return Shape(
        layout=layout,
        nulls=dice.choice(list(Nulls)),
        dates=dice.choice([Dates.UTC, Dates.OFFSET, Dates.LOCAL]),
        lists=dice.choice([Lists.WRAPPED, Lists.WRAPPED, Lists.WRAPPED, Lists.BARE]),
        empty_list=dice.choice(list(EmptyList)),
        success=dice.choice([Success.SAID, Success.SAID, Success.WITH_MESSAGE]),
        encoding=dice.choice([Encoding.UTF_8, Encoding.UTF_8, Encoding.UTF_16, Encoding.GZIP]),
        as_attributes=dice.random() < 0.1,
        namespace_each=dice.random() < 0.1,
        renamed={name: used for name, used in possible.items() if used != name},
        added=tuple(name for name in _UNKNOWN_FIELDS if dice.random() < 0.3),
    )


def drawn_unknown(seed: int) -> tuple[Shape, str]:
    """A shape that no product can know, because of one thing; and which one that is."""
    dice = Random(seed)
    shape = replace(drawn(seed), layout=Layout.FLAT, lists=Lists.WRAPPED)
    way = dice.choice([*IMPOSSIBLE_NAMES, "numbers", "dates", "lists"])
    match way:
        case "numbers":
            numbers = dice.choice([Numbers.COMMA, Numbers.THOUSANDS, Numbers.CURRENCY])
            return replace(shape, numbers=numbers), f"amounts with {numbers}"
        case "dates":
            return replace(shape, dates=Dates.SPOKEN), "dates as they are spoken"
        case "lists":
            return replace(shape, lists=Lists.DEEPER), "lists within lists"
        case _:
            name = dice.choice(IMPOSSIBLE_NAMES[way])
            return replace(shape, renamed={**shape.renamed, way: name}), f"{way} is called {name}"
