"""Amounts, numbers, dates and times, held against Babel's locale data."""

from datetime import UTC, date, datetime
from decimal import Decimal

from babel.dates import format_date as babel_date
from babel.dates import format_datetime as babel_datetime
from babel.dates import format_time as babel_time
from babel.numbers import format_currency, format_decimal
from hypothesis import given
from hypothesis import strategies as st
from invoicing.domain.integration_settings import Language
from invoicing.domain.swedish_time import SWEDEN
from invoicing.rendering.formats import (
    format_amount,
    format_date,
    format_number,
    format_time,
)

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2).map(lambda value: value + 0)
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
DECIMALS = "#,##0." + 9 * "#"


@given(amounts)
def test_kronor_are_written_as_babel_writes_them(amount: Decimal) -> None:
    """Swedish kronor: groups of three, comma, kr last."""
    written = format_amount(amount, "SEK", Language.SWEDISH)

    assert written == format_currency(amount, "SEK", locale="sv")


@given(amounts, st.sampled_from(["SEK", "EUR", "NOK", "USD"]))
def test_english_amounts_lead_with_the_currency_code(amount: Decimal, currency: str) -> None:
    """A code says more to a bookkeeper than a symbol that three countries share."""
    written = format_amount(amount, currency, Language.ENGLISH)

    assert written == format_currency(amount, currency, "¤¤\u00a0#,##0.00", locale="en")


@given(amounts, st.sampled_from(["EUR", "NOK", "USD"]))
def test_swedish_amounts_in_other_currencies_end_with_the_code(amount: Decimal, currency: str) -> None:
    """Only kronor have a word of their own."""
    written = format_amount(amount, currency, Language.SWEDISH)

    assert written == format_currency(amount, currency, "#,##0.00\u00a0¤¤", locale="sv")


@given(st.decimals(min_value=-(10**9), max_value=10**9, places=5).map(lambda value: value + 0))
def test_numbers_are_written_as_babel_writes_them(value: Decimal) -> None:
    """Quantities, in both languages, without trailing zeros."""
    swedish, english = format_number(value, Language.SWEDISH), format_number(value, Language.ENGLISH)

    assert swedish == format_decimal(value, DECIMALS, locale="sv")
    assert english == format_decimal(value, DECIMALS, locale="en")


def test_an_amount_with_more_than_two_decimals_is_not_rounded() -> None:
    """What is shown is what is there."""
    written = format_amount(Decimal("0.12345"), "SEK", Language.SWEDISH)

    assert written == "0,12345\u00a0kr"


def test_an_amount_in_exponent_notation_is_written_out() -> None:
    """A Decimal may come as 1E+3."""
    written = format_amount(Decimal("1E+3"), "SEK", Language.ENGLISH)

    assert written == "SEK\u00a01,000.00"


def test_an_amount_without_currency_is_a_number() -> None:
    """Nothing is guessed."""
    written = format_amount(Decimal("-2.5"), "", Language.ENGLISH)

    assert written == "-2.50"


@given(st.dates())
def test_dates_are_written_as_babel_writes_them(day: date) -> None:
    """ISO dates in Swedish, British order in English."""
    swedish, english = format_date(day, Language.SWEDISH), format_date(day, Language.ENGLISH)

    assert swedish == day.isoformat()
    assert english == babel_date(day, "d MMM y", locale="en_GB")


@given(moments)
def test_times_are_swedish_local_time(moment: datetime) -> None:
    """Whatever zone a time comes in, the reader's clock hangs in Sweden."""
    swedish, english = format_time(moment, Language.SWEDISH), format_time(moment, Language.ENGLISH)

    assert swedish == babel_datetime(moment, "y-MM-dd HH:mm", tzinfo=SWEDEN, locale="sv")
    day = babel_date(moment.astimezone(SWEDEN), "d MMM y", locale="en_GB")
    assert english == f"{day}, {babel_time(moment, 'HH:mm', tzinfo=SWEDEN, locale='en_GB')}"
