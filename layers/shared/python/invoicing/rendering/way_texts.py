"""What each way out says: the words on its button, what then happens, and the words that confirm it."""

from collections.abc import Mapping
from dataclasses import dataclass

from invoicing.domain.decision import Way
from invoicing.rendering.catalogue import translatable


@dataclass(frozen=True, slots=True, kw_only=True)
class WayText:
    """One way out, in the source language."""

    button: str
    what: str


WAY_TEXTS: Mapping[Way, WayText] = {
    Way.MAKE_EQUAL: WayText(
        button=translatable("Make it equal to Ongoing"),
        what=translatable(
            "The invoice in Fortnox becomes what Ongoing has now. What somebody changed there by hand is undone, "
            "and a customer who has it already must get it again."
        ),
    ),
    Way.KEEP: WayText(
        button=translatable("Keep Fortnox's"),
        what=translatable(
            "The invoice in Fortnox stays exactly as it is, and the one in Ongoing is marked as exported. If "
            "Ongoing's changes later, you are asked again."
        ),
    ),
    Way.MAKE_NEW: WayText(
        button=translatable("Make a new invoice"),
        what=translatable(
            "The old invoice is over. A new one is made in Fortnox from what Ongoing has now, with a number of "
            "its own, which is saved in Ongoing. Both numbers stay in the history."
        ),
    ),
    Way.CORRECT: WayText(
        button=translatable("Correct"),
        what=translatable(
            "The invoice in Fortnox is credited in full, and a new one is made from what Ongoing has now. The "
            "credit note and the new invoice are sent to the customer from Fortnox, by you."
        ),
    ),
    Way.IS_NUMBER: WayText(
        button=translatable("It is number … in Fortnox"),
        what=translatable(
            "Look up the invoice in Fortnox and fill in its number. Nothing is made: that invoice is this one "
            "from now on, and it is compared with Ongoing."
        ),
    ),
    Way.NOT_THERE: WayText(
        button=translatable("It is not there"),
        what=translatable(
            "Look in Fortnox first, among invoices and credit notes. If it is really not there, it is made now. "
            "If it is there all the same, the customer is invoiced twice."
        ),
    ),
    Way.BY_HAND: WayText(
        button=translatable("I made it by hand"),
        what=translatable(
            "You made or corrected it in Fortnox yourself. Its number is saved in Ongoing, and the service never "
            "changes that invoice."
        ),
    ),
    Way.RIGHT: WayText(
        button=translatable("Right as it is"),
        what=translatable(
            "You have looked at the invoice, and it is right. It is made in Fortnox from what Ongoing has now, and you "
            "are not asked again, unless Ongoing changes it before that."
        ),
    ),
    Way.LEAVE: WayText(
        button=translatable("Leave it"),
        what=translatable(
            "Nothing more is done with it, neither in Fortnox nor in Ongoing, until the invoice in Ongoing "
            "changes. Your reason stays in the history."
        ),
    ),
}


def way_text(way: Way) -> WayText:
    """What this way out says."""
    return WAY_TEXTS[way]
