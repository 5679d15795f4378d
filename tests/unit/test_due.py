"""Which invoices are due, and which wait in quiet."""

from dataclasses import replace
from datetime import date

import pytest
from invoicing.domain.due import Due, when_due
from invoicing.domain.integration_settings import ExportWhen, ZeroTotal
from invoicing.domain.wms_invoice import WmsInvoice

from tests.unit.test_draft import SETTINGS, charge, invoice

TODAY = date(2026, 11, 2)


def due(wms: WmsInvoice, *, asked: bool = False, begun: bool = False, **chosen: object) -> Due:
    """When it is sent, with the settings that a careful bookkeeper would choose and these."""
    settings = replace(SETTINGS, **chosen)  # type: ignore[arg-type]
    return when_due(wms, settings, today=TODAY, asked=asked, begun=begun)


@pytest.mark.parametrize("when", [ExportWhen.PERIOD_ENDED, ExportWhen.AS_SEEN])
def test_a_month_without_charges_waits(when: ExportWhen) -> None:
    """Nothing was done, and nothing is to be invoiced."""
    assert due(invoice(amount="0"), export_when=when) is Due.LATER


def test_no_charges_and_an_amount_is_no_empty_month() -> None:
    """Something is wrong, and a person is told."""
    assert due(invoice(amount="100")) is Due.NOW


@pytest.mark.parametrize("when", list(ExportWhen))
def test_an_open_invoice_without_a_date_waits(when: ExportWhen) -> None:
    """It gets its date when it is made ready."""
    assert due(invoice(charge(), invoice_date=None), export_when=when) is Due.LATER


def test_what_a_person_asks_for_or_was_begun_is_due() -> None:
    """Then it is said what is missing."""
    assert due(invoice(charge(), invoice_date=None), asked=True) is Due.NOW
    assert due(invoice(amount="0"), begun=True) is Due.NOW


@pytest.mark.parametrize(("chosen", "expected"), [(ZeroTotal.SEND, Due.NOW), (ZeroTotal.LEAVE, Due.WHEN_ASKED)])
def test_an_invoice_that_comes_to_nothing_is_sent_or_left(chosen: ZeroTotal, expected: Due) -> None:
    """As the settings say; a person can ask for it."""
    wms = invoice(charge(), charge(price="-85.00"))

    assert due(wms, zero_total=chosen) is expected
    assert due(wms, zero_total=chosen, asked=True) is Due.NOW
    assert due(invoice(charge()), zero_total=chosen) is Due.NOW
