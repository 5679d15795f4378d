"""Amounts, numbers, dates and times as a Swedish or an English reader writes them.

Written out for two languages because Babel's locale data costs more at a cold start than the rest of the
page; the tests hold every function against Babel. Nothing is rounded: a bookkeeper must see what is there.
"""

from datetime import date, datetime
from decimal import Decimal

from invoicing.domain.integration_settings import Language
from invoicing.domain.swedish_time import SWEDEN

_NO_BREAK_SPACE = "\u00a0"
_SWEDISH_MONTHS = (
    *("januari", "februari", "mars", "april", "maj", "juni"),
    *("juli", "augusti", "september", "oktober", "november", "december"),
)
_ENGLISH_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec")


def format_number(value: Decimal, language: Language, *, decimals: int = 0) -> str:
    """Digits in groups of three, with at least `decimals` decimals, and more where the value has them."""
    whole, _, fraction = f"{value.copy_abs():,f}".partition(".")
    fraction = fraction.rstrip("0").ljust(decimals, "0")
    if language is Language.SWEDISH:
        whole, point = whole.replace(",", _NO_BREAK_SPACE), ","
    else:
        point = "."
    return ("-" if value < 0 else "") + whole + (point + fraction if fraction else "")


def format_amount(value: Decimal, currency: str, language: Language) -> str:
    """Money: `1 234,50 kr` in Swedish, `SEK 1,234.50` in English. An empty currency leaves the number."""
    number = format_number(value, language, decimals=2)
    if not currency:
        return number
    if language is Language.SWEDISH:
        return f"{number}{_NO_BREAK_SPACE}{'kr' if currency == 'SEK' else currency}"
    # The sign stands before the currency, so that a credit is not read as a dash.
    sign, digits = ("-", number[1:]) if value < 0 else ("", number)
    return f"{sign}{currency}{_NO_BREAK_SPACE}{digits}"


def format_date(day: date, language: Language) -> str:
    """`2026-03-05` in Swedish, `5 Mar 2026` in English; the first of all days stands for none."""
    if day == date.min:
        return "–"
    if language is Language.SWEDISH:
        return day.isoformat()
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def format_month(day: date, language: Language) -> str:
    """The month of a day, in a sentence: `oktober 2026`, `October 2026`."""
    names = _SWEDISH_MONTHS if language is Language.SWEDISH else _ENGLISH_MONTHS
    return f"{names[day.month - 1]} {day.year}"


def format_month_named(name: str, language: Language) -> str:
    """The same for `2026-10`, as a heading begins: `Oktober 2026`, `October 2026`."""
    said = format_month(date.fromisoformat(f"{name}-01"), language)
    return said[:1].upper() + said[1:]


def format_month_short(name: str, language: Language) -> str:
    """Of `2026-10` what has room below a bar: `okt`, `Oct`."""
    number = int(name[5:])
    return _SWEDISH_MONTHS[number - 1][:3] if language is Language.SWEDISH else _ENGLISH_MONTHS[number - 1][:3]


def format_time(moment: datetime, language: Language) -> str:
    """Date and time of day in Sweden: `2026-03-05 14:30`, `5 Mar 2026, 14:30`."""
    local = moment.astimezone(SWEDEN)
    separator = " " if language is Language.SWEDISH else ", "
    return f"{format_date(local.date(), language)}{separator}{local:%H:%M}"
