"""Serves pages: finds the route, knows the reader's language and sign-in, turns errors into pages."""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from copy import replace
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlencode

from invoicing.application.ports import ChangedMeanwhileError
from invoicing.domain.errors import (
    IntegrationHeldError,
    InvoicingError,
    ReconnectRequiredError,
    RetryLaterError,
    WmsLoginRefusedError,
    WmsNotUnderstoodError,
)
from invoicing.domain.integration import Integration, IntegrationStatus
from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.login_name import named_network
from invoicing.domain.person import clean_name, said_by
from invoicing.domain.session import Session
from invoicing.pages.browser import (
    LANGUAGE_COOKIE,
    NAME_COOKIE,
    NEXT_COOKIE,
    SESSION_COOKIE,
    TOLD_COOKIE,
    Answer,
    BadFormError,
    BrowserRequest,
    cookie,
    no_cookie,
    read_request,
    redirect,
)
from invoicing.rendering.catalogue import choose_language
from invoicing.rendering.views import Feedback, IssueLine, IssuesView, Message, MessageView, Pager, SessionView
from invoicing.runtime.bootstrap import Bootstrap
from invoicing.runtime.observability import logger

if TYPE_CHECKING:
    from invoicing.domain.export import Export, ExportState
    from invoicing.domain.standing import Standing
    from invoicing.rendering.pages import Pages

_STOPPED = (WmsLoginRefusedError, WmsNotUnderstoodError, ReconnectRequiredError, IntegrationHeldError)
_SIGNED_OUT = frozenset({Message.DISCONNECTED, Message.SIGNED_OUT_EVERYWHERE, Message.SESSION_ENDED})
_RECORDS = 500  # that are read at a time
_DAY = 24 * 3600
_INSIDE = 3  # segments of an address below an integration: integrations/{id}/…
_UNTIL_SIGNED_IN = 45 * 60  # seconds for which a page that was asked for is remembered; a consent may take 30 minutes
_YEAR = 365 * _DAY
_LONGEST_QUERY = 1000  # characters of an address that are repeated in a page; ours are far shorter


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request to one route, and what is needed to answer it."""

    request: BrowserRequest
    language: Language
    params: Mapping[str, str]  # the parts of the path that the route names
    parts: Bootstrap

    @property
    def pages(self) -> "Pages":
        """The pages, as links of this visit lead to them."""
        query = self.request.query if self.request.is_text else {}
        kept = urlencode({name: value for name, value in query.items() if name != "lang"})
        return self.parts.pages(self.request.base_path, kept if len(kept) < _LONGEST_QUERY else "")

    def now(self) -> datetime:
        """The moment, on the clock of everything."""
        return self.parts.clock()

    def message(
        self,
        message: Message,
        *,
        status: int = 200,
        continue_path: str = "",
        reference: str = "",
        cookies: Sequence[str] = (),
        link: str = "",
    ) -> Answer:
        """A page that only says something."""
        reader = None if message in _SIGNED_OUT else self.reader
        own = f"/integrations/{reader.integration_id}" if reader else "/"
        view = MessageView(
            message=message, continue_path=continue_path or own, reference=reference, link=link, session=reader
        )
        body = self.pages.message(view, self.language, answers_form=self.request.method == "POST")
        return Answer(status=status, body=body, cookies=cookies)

    @property
    def reader(self) -> SessionView | None:
        """Who is signed in, whose menu stays when something goes wrong: nobody."""
        return None

    def url(self, path: str) -> str:
        """An address of ours below the base path."""
        return f"{self.request.base_url}{path}"

    def all_exports(self, integration: Integration, state: "ExportState | None" = None) -> "list[Export]":
        """Every record of an integration in this state, or in any, newest first; without their histories."""
        from invoicing.domain.export import ExportState

        if state is not None and state is not ExportState.DONE:  # what is not done is unfinished (docs/decisions/0015)
            unfinished = self.parts.exports.get_many(integration.id, sorted(integration.unfinished, reverse=True))
            return [one for one in unfinished.values() if one.state is state]
        found: list[Export] = []
        after: int | None = None
        while True:
            exports, after = self.parts.exports.page(integration.id, limit=_RECORDS, after=after, state=state)
            found.extend(exports)
            if after is None:
                return found

    def signed_in(self, session: Session, integration: Integration) -> "SignedInVisit":
        """The same visit, of somebody who may see this integration."""
        return SignedInVisit(
            request=self.request,
            language=self.language,
            params=self.params,
            parts=self.parts,
            session=session,
            integration=integration,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInVisit(Visit):
    """A visit of somebody who is signed in and may see this integration."""

    session: Session
    integration: Integration
    cookies: list[str] = field(default_factory=list)  # that the answer sets besides its own

    @property
    def session_view(self) -> SessionView:
        """What every page of an integration needs to know of its reader."""
        standing = self.standing
        return replace(self.session_view_alone, open_issues=standing.things_to_do, halted=standing.halted)

    @property
    def reader(self) -> SessionView:
        """The menu's. Nothing is read for it: something went wrong."""
        return self.session_view_alone

    @property
    def session_view_alone(self) -> SessionView:
        """The same where records are out of reach: the function of the start page may read none."""
        return SessionView(
            integration_id=self.integration.id,
            system=self.integration.id,
            csrf=self.session.csrf,
            wms_username=self.integration.wms_username,
        )

    @property
    def name(self) -> str | None:
        """What this browser's reader wants to be called; empty: nothing; None: nobody has answered yet."""
        said = self.request.cookies.get(NAME_COOKIE)
        return None if said is None else clean_name(unquote(said))

    @property
    def by(self) -> str:
        """Who does what is done here, as the history says it."""
        return said_by(self.session.username, self.name or "")

    @property
    def standing(self) -> "Standing":
        """How the integration stands just now, for every page the same."""
        from invoicing.domain.cause import with_send_problems
        from invoicing.domain.standing import standing_of

        integration = self.integration
        unsent = integration.last_run.send_problems if integration.last_run else frozenset[int]()
        records = self.parts.exports.get_many(integration.id, sorted(integration.unfinished | unsent))
        keys = self.parts.tokens.get(integration.id)
        held = with_send_problems([record for number, record in records.items() if number in unsent])
        unfinished = [record for number, record in records.items() if number in integration.unfinished]
        return standing_of(integration, keys, [*unfinished, *held], now=self.now())

    def here(self, path: str = "") -> str:
        """An address below this integration's own."""
        return self.url(f"/integrations/{self.integration.id}{path}")

    def not_found(self) -> Answer:
        """There is no such thing in this integration."""
        return self.message(Message.NOT_FOUND, status=404)

    def noted(self, notice: Feedback, path: str = "") -> Answer:
        """On to a page of the integration that says what the click did."""
        return self.noted_at(f"{path}?notice={notice}")

    def noted_at(self, path: str) -> Answer:
        """On to a page whose address names what the click did: it is told anew, even if the same was told before."""
        return redirect(self.here(path), cookies=[no_cookie(TOLD_COOKIE)])

    def once(self, feedback: Feedback | None) -> Feedback | None:
        """What a click did, unless this browser was told already: a page that is loaded again does not repeat it."""
        if feedback is None:
            return None
        if self.request.headers.get("sec-fetch-dest") == "empty":
            return feedback  # to the page's own script, which follows a sync and shows a part of what it gets
        told = hashlib.sha256(f"{feedback} {self.request.path} {self.language}".encode()).hexdigest()[:16]
        if self.request.cookies.get(TOLD_COOKIE) == told:
            return None
        self.cookies.append(cookie(TOLD_COOKIE, told, seconds=_DAY))
        return feedback

    @property
    def notice(self) -> Feedback | None:
        """What the click before this page did, as its address says."""
        notice = self.request.query.get("notice", "")
        return Feedback(notice) if notice in set(Feedback) else None

    @property
    def record(self) -> "Export | None":
        """What we know of the invoice that the path names."""
        invoice_id = self.invoice_id
        return self.parts.exports.get(self.integration.id, invoice_id) if invoice_id is not None else None

    def part[T](
        self, whole: Sequence[T], size: int, *, at: int | None = None, whole_too: bool = True
    ) -> tuple[Sequence[T], Pager]:
        """Of a long list the page that is asked for, or the one with the place `at`; all of it, to be printed."""
        if whole_too and self.request.query.get("page") == "all":
            return whole, Pager()
        pages = max(1, -(-len(whole) // size))
        page = min(self.page_number, pages) if at is None else at // size + 1
        return whole[(page - 1) * size : page * size], Pager(page=page, pages=pages)

    @property
    def page_number(self) -> int:
        """Which page of a long list is asked for; counts from 1."""
        raw = self.request.query.get("page", "1")
        return max(1, int(raw)) if raw.isascii() and raw.isdigit() and len(raw) < 6 else 1

    @property
    def invoice_id(self) -> int | None:
        """The invoice that the path names, if it can be one."""
        raw = self.params["invoice_id"]
        number = int(raw) if raw.isascii() and raw.isdigit() and len(raw) < 12 else 0
        return number if 0 < number < 2**31 else None  # Ongoing's ids are no larger


type Page = Callable[[Visit], Answer]
type SignedInPage = Callable[[SignedInVisit], Answer]
type Routes = Mapping[tuple[str, str], Page]


def session_of(visit: Visit) -> Session | None:
    """The sign-in of this browser, while it lasts."""
    token = visit.request.cookies.get(SESSION_COOKIE, "")
    return visit.parts.sessions.session(token, now=visit.now()) if token else None


def session_cookie(visit: Visit, session: Session) -> str:
    """The cookie that is a sign-in."""
    return cookie(SESSION_COOKIE, session.token, seconds=int((session.expires_at - visit.now()).total_seconds()))


def signed_out(visit: Visit) -> Answer:
    """What somebody gets who is not signed in, or no longer."""
    if visit.request.method == "POST":
        return visit.message(Message.SESSION_ENDED, status=401)
    had_one = SESSION_COOKIE in visit.request.cookies
    asked = visit.request.path
    if visit.request.query:
        asked += f"?{urlencode(visit.request.query)}"
    kept = [cookie(NEXT_COOKIE, quote(asked, safe=""), seconds=_UNTIL_SIGNED_IN)] if len(asked) < _LONGEST_QUERY else []
    return redirect(visit.url("/"), cookies=[*([no_cookie(SESSION_COOKIE)] if had_one else []), *kept])


def asked_before(visit: Visit, integration_id: str) -> str:
    """The page of this integration that somebody asked for before signing in, below the base path; or nothing."""
    asked = unquote(visit.request.cookies.get(NEXT_COOKIE, ""))
    own = f"/integrations/{integration_id}"
    return asked if asked.startswith((f"{own}/", f"{own}?")) and asked.isprintable() else ""


def unguarded(visit: SignedInVisit) -> Answer:
    """What a form gets that no page of this session sent."""
    return visit.message(Message.FORM_EXPIRED, status=403)


def signed_in(page: SignedInPage, *, signed_out: Page = signed_out, unguarded: SignedInPage = unguarded) -> Page:
    """Lets only those in whose session is for the integration in the path; a POST must carry the session's guard.

    An integration of somebody else looks exactly like one that does not exist.
    """

    def checked(visit: Visit) -> Answer:
        session = session_of(visit)
        if session is None:
            return signed_out(visit)
        integration = (
            visit.parts.integrations.get(session.integration_id)
            if hmac.compare_digest(session.integration_id.encode(), visit.params["id"].encode())
            else None
        )
        if integration is None:
            return visit.message(Message.NOT_FOUND, status=404)
        if integration.status is IntegrationStatus.DISCONNECTED:
            return visit.message(Message.DISCONNECTED)
        if not session.lasts_in(integration):
            return signed_out(visit)
        inside = visit.signed_in(session, integration)
        if visit.request.method == "POST" and not guarded(visit, session):
            return unguarded(inside)

        def act() -> Answer:
            try:
                return page(inside)
            except _STOPPED as stopped:
                logger.info("page_stopped", extra={"reason": f"{type(stopped).__name__}: {stopped}"})
                return _stopped(inside, stopped)

        answer = _told(inside, act)
        return replace(answer, cookies=[*answer.cookies, *inside.cookies])

    return checked


def _stopped(visit: SignedInVisit, error: InvoicingError) -> Answer:
    """What stops the whole integration is no fault of ours: cause, fix and who, as on the page of issues."""
    integration = visit.integration
    match error:
        case IntegrationHeldError():
            issue = error.issue
        case WmsNotUnderstoodError():
            from invoicing.application.tell_not_understood import not_understood_issue

            issue = not_understood_issue(integration.id, error)
        case WmsLoginRefusedError():
            params = {"system": integration.id, "username": integration.wms_username}
            issue = Issue(code=IssueCode.WMS_LOGIN_REFUSED, params=params)
        case _:
            issue = Issue(code=IssueCode.CONNECTION_BROKEN, params={"company": integration.company.name})
    line = IssueLine(issue=issue, since=visit.now())
    view = IssuesView(session=visit.session_view, standing=visit.standing, problem=line)
    return Answer(status=409, body=visit.pages.issues(view, visit.language))


def guarded(visit: Visit, session: Session) -> bool:
    """Whether a form was sent by a page of this session."""
    sent = visit.request.form().get("csrf", "")
    return visit.request.same_origin and hmac.compare_digest(sent.encode(), session.csrf.encode())


def serve(
    event: Mapping[str, Any], context: Any, *, parts: Bootstrap, routes: Routes, public_base_url: str, fortnox: str = ""
) -> dict[str, Any]:
    """Answers one event. `fortnox` is where forms may end besides our own pages."""
    parts.invoked(context)
    request = read_request(event, public_base_url=public_base_url)
    wish = request.query.get("lang", "")
    language = choose_language(
        query=wish,
        cookie=request.cookies.get(LANGUAGE_COOKIE, ""),
        accept_language=request.headers.get("accept-language", ""),
    )
    page, params, route = _find(request, routes)
    visit = Visit(request=request, language=language, params=params, parts=parts)
    answer = _answer(visit, page)
    from_where = named_network(request.address)
    logger.info("served", extra={"method": request.method, "route": route, "status": answer.status, "from": from_where})
    if wish == language:
        answer = replace(answer, cookies=[*answer.cookies, cookie(LANGUAGE_COOKIE, language, seconds=_YEAR)])
    if request.method == "HEAD":
        answer = replace(answer, body="", content=b"")
    return answer.as_event(form_targets=[fortnox] if fortnox else [])


def _answer(visit: Visit, page: Page | None) -> Answer:
    def answer() -> Answer:
        if not visit.request.is_text:
            raise BadFormError("not text")
        return page(visit) if page is not None else _nowhere(visit)

    return _told(visit, answer)


def _nowhere(visit: Visit) -> Answer:
    """An address that leads nowhere. Who is signed in to the integration that it names keeps the menu."""
    where = _segments(visit.request.path)
    if where[0] != "integrations" or len(where) < _INSIDE:
        return visit.message(Message.NOT_FOUND, status=404)
    inside = signed_in(
        lambda signed: signed.not_found(),
        signed_out=lambda stranger: stranger.message(Message.NOT_FOUND, status=404),
        unguarded=lambda signed: signed.not_found(),
    )
    return inside(replace(visit, params={"id": where[1]}))


def _told(visit: Visit, act: Callable[[], Answer]) -> Answer:
    """The answer, or a page that says what went wrong."""
    request = visit.request
    try:
        return act()
    except BadFormError:
        return visit.message(Message.BAD_REQUEST, status=400)
    except ChangedMeanwhileError:
        return visit.message(Message.FORM_EXPIRED, status=409)  # two tabs, or two people, at the same moment
    except RetryLaterError as error:
        logger.warning("page_unavailable", extra=_failure(request, f"{type(error).__name__}: {error}"))
        return visit.message(Message.UNAVAILABLE, status=503, reference=request.request_id)
    except InvoicingError as error:
        logger.error("page_failed", extra=_failure(request, f"{type(error).__name__}: {error}"))
        return visit.message(Message.ERROR, status=500, reference=request.request_id)
    except Exception as error:
        # The type only: a message or a local variable might hold what somebody typed.
        logger.error("page_crashed", extra={**_failure(request, type(error).__name__), "where": _where(error)})
        return visit.message(Message.ERROR, status=500, reference=request.request_id)


def _failure(request: BrowserRequest, reason: str) -> Mapping[str, str]:
    """With the reference that the page shows, by which its reader can be helped."""
    return {"reason": reason, "reference": request.request_id}


def _find(request: BrowserRequest, routes: Routes) -> tuple[Page | None, Mapping[str, str], str]:
    """The route whose segments match, and its pattern; names in braces match any one segment."""
    segments = _segments(request.path)
    wanted = "GET" if request.method == "HEAD" else request.method
    for (method, pattern), page in routes.items():
        if method != wanted:
            continue
        names = _segments(pattern)
        if len(names) == len(segments) and all(
            name.startswith("{") or name == segment for name, segment in zip(names, segments, strict=True)
        ):
            return page, {n[1:-1]: s for n, s in zip(names, segments, strict=True) if n.startswith("{")}, pattern
    return None, {}, ""


def _segments(path: str) -> Sequence[str]:
    return [unquote(segment) for segment in path.strip("/").split("/")]


def _where(error: Exception) -> str:
    traceback = error.__traceback__
    while traceback and traceback.tb_next:
        traceback = traceback.tb_next
    return f"{traceback.tb_frame.f_code.co_qualname}:{traceback.tb_lineno}" if traceback else ""
