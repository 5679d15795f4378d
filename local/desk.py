"""The desk: pages on which a person sees what Fortnox, Ongoing and the mailbox of a running stack hold, and acts."""

from datetime import UTC, datetime
from types import TracebackType
from typing import Self
from urllib.error import HTTPError
from urllib.parse import parse_qsl

from local import mailbox
from local.fortnox import books_pages
from local.fortnox.client_control import FortnoxControl
from local.http import Reply, Request, serve
from local.ongoing import invoice_pages
from local.ongoing.client_control import OngoingControl
from local.pages import Cell, link, page, table
from local.stack import Stack


class Desk:
    """A server on a free port of 127.0.0.1, beside a running stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._fortnox = FortnoxControl(stack.fortnox_url)
        self._ongoing = OngoingControl(stack.ongoing_url)
        self._server = serve(self.handle)
        self.url = self._server.url

    def handle(self, request: Request) -> Reply:
        """A page, or what one of its buttons does."""
        path = tuple(part for part in request.path.split("/") if part)
        if request.method == "POST" and path[:1] == ("ongoing",):
            return self._act(request, path[1:])
        shown = self._shown(path) if request.method in {"GET", "HEAD"} else None
        if shown is None:
            return Reply.html(404, page("There is no such page", link("/", "To the desk")))
        return Reply.html(200, shown)

    def _shown(self, path: tuple[str, ...]) -> str | None:
        match path:
            case ():
                return page("Desk", table(("Where", "What"), self._places()))
            case ("fortnox", *rest):
                return books_pages.show(self._fortnox.state(), tuple(rest))
            case ("ongoing", *rest):
                return invoice_pages.show(self._ongoing.state(), tuple(rest))
            case ("mails", *rest):
                return mailbox.show(self._stack.mails(), tuple(rest))
        return None

    def _places(self) -> list[tuple[Cell, str]]:
        return [
            (link(f"{self._stack.base_url}/", "The integration"), "where a warehouse signs in"),
            (link(books_pages.BASE, "Fortnox"), "invoices with rows and VAT"),
            (link(invoice_pages.BASE, "Ongoing WMS"), "invoices; add a charge, export again, new invoice"),
            (link(mailbox.BASE, "Mails"), "what was sent to people"),
        ]

    def _act(self, request: Request, path: tuple[str, ...]) -> Reply:
        filled_in = dict(parse_qsl(request.body.decode(errors="replace"), keep_blank_values=True))
        try:
            onward = invoice_pages.act(self._ongoing, path, filled_in, today=datetime.now(UTC).date())
        except invoice_pages.RefusedError as error:
            return Reply.html(400, page(f"Not done: {error}", link(invoice_pages.BASE, "All invoices")))
        except (HTTPError, ValueError) as error:
            return Reply.html(400, page(f"Not done: {error}", link(invoice_pages.BASE, "All invoices")))
        if onward is None:
            return Reply.html(404, page("There is no such button", link("/", "To the desk")))
        return Reply(status=303, headers=(("Location", onward),))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()
