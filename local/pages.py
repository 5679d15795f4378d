"""Plain HTML for the pages on which people see what the simulators and the mailbox hold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.25rem .75rem;border-bottom:1px solid #ccc}"
    ".number{text-align:right;font-variant-numeric:tabular-nums}form{display:inline-block;margin:.25rem 1rem .25rem 0}"
    "pre{white-space:pre-wrap}"
)


@dataclass(frozen=True, slots=True)
class Markup:
    """Text that is HTML already."""

    text: str


type Cell = str | Markup


def page(title: str, *parts: Markup, language: str = "en") -> str:
    """A whole page."""
    content = "\n".join(part.text for part in parts)
    return (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><main><h1>{escape(title)}</h1>\n{content}\n</main></body></html>\n"
    )


def text(words: str, *, tag: str = "p") -> Markup:
    """A paragraph, or another element around a text."""
    return Markup(f"<{tag}>{escape(words)}</{tag}>")


def link(address: str, words: str) -> Markup:
    """Somewhere to go."""
    return Markup(f'<a href="{escape(address)}">{escape(words)}</a>')


def table(head: Sequence[str], rows: Iterable[Sequence[Cell]], *, numbers: Iterable[int] = ()) -> Markup:
    """A table; the columns in `numbers` are set flush right."""
    kinds = [' class="number"' if place in set(numbers) else "" for place in range(len(head))]

    def row(cells: Sequence[Cell], tag: str) -> str:
        inner = [cell.text if isinstance(cell, Markup) else escape(cell) for cell in cells]
        shown = (f"<{tag}{kind}>{one}</{tag}>" for kind, one in zip(kinds, inner, strict=True))
        return f"<tr>{''.join(shown)}</tr>"

    body = "\n".join(row(cells, "td") for cells in rows)
    return Markup(f"<table><thead>{row(head, 'th')}</thead><tbody>\n{body}\n</tbody></table>")


def form(action: str, button: str, *fields: Markup) -> Markup:
    """A form that is posted."""
    inner = " ".join(one.text for one in fields)
    return Markup(
        f'<form method="post" action="{escape(action)}">{inner} <button type="submit">{escape(button)}</button></form>'
    )


def field(name: str, label: str, value: str) -> Markup:
    """A line to fill in."""
    return Markup(f'<label>{escape(label)} <input name="{escape(name)}" value="{escape(value)}" required></label>')


def choice(name: str, label: str, values: Iterable[tuple[str, str]]) -> Markup:
    """One of several."""
    options = "".join(f'<option value="{escape(value)}">{escape(words)}</option>' for value, words in values)
    return Markup(f'<label>{escape(label)} <select name="{escape(name)}">{options}</select></label>')
