"""What is said of a history that was proven, and of each place where it is not whole."""

from collections.abc import Mapping

from invoicing.domain.flaw import Break, Flaw
from invoicing.domain.integration_settings import Language
from invoicing.rendering.catalogue import translatable, translations

# May name invoice, first, last, checkpoint and day.
BREAK_TEXTS: Mapping[Flaw, str] = {
    Flaw.EVENT_CHANGED: translatable(
        "Invoice %(invoice)s: among its events %(first)s to %(last)s, one was changed or put into another place."
    ),
    Flaw.EVENT_MISSING: translatable(
        "Invoice %(invoice)s: of its events %(first)s to %(last)s, at least one was taken away."
    ),
    Flaw.EVENT_ADDED: translatable(
        "Invoice %(invoice)s: among its events %(first)s to %(last)s, at least one was put in afterwards."
    ),
    Flaw.FACTS_CHANGED: translatable(
        "Invoice %(invoice)s: its number, title, customer, date, amounts or currency are not those of checkpoint "
        "%(checkpoint)s."
    ),
    Flaw.RECORD_OLDER: translatable("Invoice %(invoice)s: it is older than checkpoint %(checkpoint)s says."),
    Flaw.RECORD_MISSING: translatable("Invoice %(invoice)s: it is gone. Checkpoint %(checkpoint)s names it."),
    Flaw.CHECKPOINT_CHANGED: translatable("Checkpoint %(last)s does not follow the one before it: one was changed."),
    Flaw.CHECKPOINT_MISSING: translatable("Checkpoints %(first)s to %(last)s are gone."),
    Flaw.CHECKPOINTS_END_EARLY: translatable(
        "Checkpoints %(first)s to %(last)s are gone: the anchor of %(day)s knows of them."
    ),
    Flaw.ANCHOR_DIFFERS: translatable(
        "The anchor of %(day)s has another hash for checkpoint %(checkpoint)s: that one, or one before it, was changed."
    ),
    Flaw.ANCHOR_MISSING: translatable("The anchor of %(day)s is gone."),
}
RESTORED = translatable("A table that was brought back to an earlier time looks like this, too.")


def break_text(one: Break, language: Language) -> str:
    """Where it is and what was done, as far as can be known."""
    _ = translations(language).gettext
    said = _(BREAK_TEXTS[one.flaw]) % {
        "invoice": one.invoice_id,
        "first": one.first,
        "last": one.last,
        "checkpoint": one.checkpoint,
        "day": one.day,
    }
    return f"{said} {_(RESTORED)}" if one.may_be_restored else said
