"""Brings the Swedish catalogue up to date with the texts of pages and mails: `make texts`.

New texts come in untranslated and are listed, so that somebody writes them in `messages.po`; texts that nobody shows
any more go. Then `messages.mo` is compiled, which is what the pages read. Exit code 1: something lacks its translation.
"""

import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from invoicing.rendering import catalogue

RENDERING = Path(catalogue.__file__).parent
PO = RENDERING / "locale" / "sv" / "LC_MESSAGES" / "messages.po"
type MessageId = str | tuple[str, ...]
_METHODS = [("**.py", "python"), ("templates/**", "jinja2")]
_OPTIONS = {"templates/**": {"silent": "false", "trimmed": "true"}}
_KEYWORDS = {**DEFAULT_KEYWORDS, "translatable": None}


def shown() -> Iterator[MessageId]:
    """Every text of the templates, of the text tables and of the settings, in the order of the files."""
    for folder in (RENDERING, RENDERING.parent / "pages"):
        for _file, _line, message, _comments, _context in extract_from_dir(folder, _METHODS, _OPTIONS, _KEYWORDS):
            yield message


def swedish() -> Catalog:
    """The catalogue as it is kept."""
    with PO.open("rb") as file:
        return read_po(file, locale="sv")


def is_translated(message: Message) -> bool:
    """Whether it has all its plural forms, and none is a guess."""
    forms = [message.string] if isinstance(message.string, str) else message.string or [""]
    return not message.fuzzy and all(forms)


def compiled(kept: Catalog) -> bytes:
    """What the pages read."""
    file = BytesIO()
    write_mo(file, kept)
    return file.getvalue()


def main() -> int:
    """Extracts, updates and compiles."""
    template = Catalog()
    for message in shown():
        template.add(message)
    kept = swedish()
    kept.update(template, no_fuzzy_matching=True, update_creation_date=False)
    file = BytesIO()
    write_po(file, kept, width=0, ignore_obsolete=True, no_location=True)
    PO.write_bytes(file.getvalue().rstrip() + b"\n")
    PO.with_suffix(".mo").write_bytes(compiled(kept))
    missing = [message.id for message in kept if message.id and not is_translated(message)]
    for text in missing:
        print(f"lacks its translation in {PO.name}: {text}")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
