"""The template engine: one environment per language, built at the first page and kept."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from types import ModuleType

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from invoicing.domain.integration_settings import Language
from invoicing.domain.settlement import Progress
from invoicing.domain.verdict import Intention
from invoicing.rendering.assets import asset_path
from invoicing.rendering.catalogue import translations
from invoicing.rendering.change_texts import change_sentence
from invoicing.rendering.event_texts import event_sentence
from invoicing.rendering.formats import (
    format_amount,
    format_date,
    format_month_named,
    format_month_short,
    format_number,
    format_time,
)
from invoicing.rendering.hand_over import hand_over
from invoicing.rendering.hint_texts import hint_text
from invoicing.rendering.issue_texts import issue_text
from invoicing.rendering.labels import label_of, tone_of
from invoicing.rendering.standing_texts import standing_text, sums_text, work_text
from invoicing.rendering.views import FieldProblem, InvoiceState
from invoicing.rendering.way_texts import WAY_TEXTS

_SUMS_ON_A_PAGE = 60  # currencies; there are not many more
_TEMPLATES = Path(__file__).parent / "templates"


def _remedy_texts() -> ModuleType:
    """Imported when a page speaks of remedies: the first page does not."""
    from invoicing.rendering import remedy_texts  # noqa: PLC0415 - as the docstring says

    return remedy_texts


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

    def label(value: StrEnum) -> str:
        return catalogue.gettext(label_of(value))

    def number(value: Decimal) -> str:
        return format_number(value, language)

    def price(value: Decimal) -> str:
        return format_number(value, language, decimals=2)

    environment.filters.update(
        change=partial(change_sentence, language=language),
        event=partial(event_sentence, language=language),
        amount=partial(format_amount, language=language),
        day=partial(format_date, language=language),
        month=partial(format_month_named, language=language),
        month_short=partial(format_month_short, language=language),
        moment=partial(format_time, language=language),
        number=number,
        price=price,
        label=label,
        meant=tone_of,
        way_text=WAY_TEXTS.__getitem__,
        hand_over=partial(hand_over, language=language),
        hint_text=partial(hint_text, language=language),
        issue_text=partial(issue_text, language=language),
        remedy_texts=lambda remedy: _remedy_texts().texts_of(remedy, language),
        standing_text=partial(standing_text, language=language),
        work=partial(work_text, language=language),
        sums=partial(sums_text, language=language, named=_SUMS_ON_A_PAGE),
    )
    environment.globals.update(
        asset_path=asset_path,
        language=language,
        states=tuple(InvoiceState),
        progresses=tuple(Progress),
        intentions=Intention,
        customer_form=lambda: _remedy_texts().CUSTOMER_FORM,
        not_a_choice=FieldProblem.NOT_A_CHOICE,
    )
    return environment
