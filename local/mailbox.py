"""Every mail that was sent, as its reader sees it."""

from collections.abc import Sequence

from local.pages import Cell, link, page, table, text
from local.stack import Mail

BASE = "/mails"


def show(mails: Sequence[Mail], path: tuple[str, ...]) -> str | None:
    """All mails, newest first, or the HTML of one by its number; None for what is not there."""
    match path:
        case ():
            rows: list[tuple[Cell, ...]] = [
                (link(f"{BASE}/{number}", mail.subject), ", ".join(mail.to))
                for number, mail in reversed(list(enumerate(mails, start=1)))
            ]
            return page("Mails", table(("Subject", "To"), rows) if rows else text("No mails yet."))
        case (number,) if number.isascii() and number.isdecimal() and 0 < int(number) <= len(mails):
            return mails[int(number) - 1].html
    return None
