"""The template engine: one environment per language, built at the first page and kept."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from invoicing.domain.integration_settings import Language
from invoicing.domain.settlement import Progress
from invoicing.rendering.assets import asset_path
from invoicing.rendering.catalogue import translations
from invoicing.rendering.formats import (
    format_amount,
    format_date,
    format_month_named,
    format_month_short,
    format_number,
    format_time,
)
from invoicing.rendering.views import FieldProblem, InvoiceState

_SUMS_ON_A_PAGE = 60  # currencies; there are not many more
_TEMPLATES = Path(__file__).parent / "templates"


def _later(module: str, name: str, **always: object) -> Callable[..., Any]:
    """A function of a module of texts that is imported when a page first speaks of such things: landing speaks of few.

    `always` goes with each call.
    """

    def spoken(*given: object) -> Any:
        return getattr(import_module(f"invoicing.rendering.{module}"), name)(*given, **always)

    return spoken


@cache
def environment_for(language: Language) -> Environment:
    """Escapes HTML, refuses undefined names, and speaks the language."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.policies["ext.i18n.trimmed"] = True
    catalogue = translations(language)
    # The i18n extension puts this method on the environment; Jinja's types do not know it.
    install: Callable[..., None] = environment.install_gettext_translations  # type: ignore[attr-defined]
    install(catalogue, newstyle=True)

    label_of = _later("labels", "label_of")

    def label(value: StrEnum) -> str:
        return catalogue.gettext(label_of(value))

    def number(value: Decimal) -> str:
        return format_number(value, language)

    def price(value: Decimal) -> str:
        return format_number(value, language, decimals=2)

    environment.filters.update(
        change=_later("change_texts", "change_sentence", language=language),
        event=_later("event_texts", "event_sentence", language=language),
        amount=partial(format_amount, language=language),
        day=partial(format_date, language=language),
        month=partial(format_month_named, language=language),
        month_short=partial(format_month_short, language=language),
        moment=partial(format_time, language=language),
        number=number,
        price=price,
        label=label,
        meant=_later("labels", "tone_of"),
        way_text=_later("way_texts", "way_text"),
        hand_over=_later("hand_over", "hand_over", language=language),
        hint_text=_later("hint_texts", "hint_text", language=language),
        issue_text=_later("issue_texts", "issue_text", language=language),
        remedy_texts=_later("remedy_texts", "texts_of", language=language),
        standing_text=_later("standing_texts", "standing_text", language=language),
        work=_later("standing_texts", "work_text", language=language),
        sums=_later("standing_texts", "sums_text", language=language, named=_SUMS_ON_A_PAGE),
    )
    environment.globals.update(
        asset_path=asset_path,
        language=language,
        states=tuple(InvoiceState),
        progresses=tuple(Progress),
        customer_form=_later("remedy_texts", "customer_form"),
        not_a_choice=FieldProblem.NOT_A_CHOICE,
    )
    return environment
