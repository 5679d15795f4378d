"""Every page, from its view to HTML. Nothing here decides anything."""

from urllib.parse import quote, urlencode

from invoicing.domain.integration_settings import Language
from invoicing.domain.system import address_of
from invoicing.rendering.catalogue import translations
from invoicing.rendering.environment import environment_for
from invoicing.rendering.page_texts import CONSENT_TEXTS, MESSAGE_TEXTS, PageText
from invoicing.rendering.views import (
    ApprovalView,
    BeforeView,
    ConnectView,
    ConsentView,
    CustomerMailView,
    CustomersView,
    DecisionView,
    DisconnectView,
    EarlyView,
    FilesView,
    HandOverView,
    HelpTopicView,
    HelpView,
    HistoryView,
    InvitationView,
    InvoicesView,
    InvoiceView,
    IssuesView,
    LandingView,
    MendView,
    MessageView,
    MonthView,
    PauseView,
    PermitView,
    PreviewView,
    RehearsalView,
    ReleaseView,
    SessionView,
    SettingsView,
    SetupView,
    StatusView,
    TakeBackView,
    VerifyView,
)


class Pages:
    """Renders pages whose links begin with `base_path` (such as `/prod`, or nothing).

    `support_address` is where the reader can ask for help; without one, the pages do not mention it. `query` is what
    the switch of languages keeps of the page's own address.
    """

    def __init__(self, base_path: str = "", *, support_address: str = "", query: str = "") -> None:
        self._base = base_path.rstrip("/")
        self._support_address = support_address
        self._query = query

    def landing(self, view: LandingView, language: Language) -> str:
        """The sign-in form, for a first connection, a reactivation, or every day."""
        if view.reactivation:
            path = f"/reactivate/{quote(view.reactivation.token, safe='')}"
        elif view.it_is_me:
            path = f"/it-is-me/{quote(view.it_is_me, safe='')}"
        else:
            filled = {"system": view.system, "username": view.username, "mode": "personal" if view.personal else ""}
            path = f"/?{urlencode({name: value for name, value in filled.items() if value})}"
        return self._render("landing.html", view, language, language_path=self._base + path)

    def consent(self, view: ConsentView, language: Language) -> str:
        """A consent that did not succeed."""
        names = {"expected_company": view.expected_company, "approved_company": view.approved_company}
        text = _filled(CONSENT_TEXTS[view.outcome], names, language)
        # The address of the callback carries a spent code: the switch leads to the start instead.
        return self._render("consent.html", view, language, language_path=f"{self._base}/", text=text)

    def invitation(self, view: InvitationView, language: Language) -> str:
        """Who asks a Fortnox administrator for what."""
        return self._render("invitation.html", view, language)

    def approval(self, view: ApprovalView, language: Language) -> str:
        """What was approved, to be confirmed or cancelled."""
        return self._render("approval.html", view, language)

    def setup(self, view: SetupView, language: Language) -> str:
        """The set-up page of a system, where the invoicing module is chosen."""
        return self._render("setup.html", view, language, session=view.session)

    def settings(self, view: SettingsView, language: Language) -> str:
        """The settings form, to create an integration or to change one."""
        path = f"{self._here(view.session)}/settings"  # also after a sign-in that led here
        return self._render("settings.html", view, language, session=view.session, language_path=path)

    def status(self, view: StatusView, language: Language) -> str:
        """The front page of an integration."""
        return self._render("status.html", view, language, session=view.session)

    def invoices(self, view: InvoicesView, language: Language) -> str:
        """The list of invoices."""
        return self._render("invoices.html", view, language, session=view.session)

    def month(self, view: MonthView, language: Language) -> str:
        """What a month came to."""
        return self._render("month.html", view, language, session=view.session)

    def invoice(self, view: InvoiceView, language: Language) -> str:
        """One invoice, with its history."""
        return self._render("invoice.html", view, language, session=view.session)

    def early(self, view: EarlyView, language: Language) -> str:
        """Asks before an invoice is sent whose period has not ended."""
        path = f"{self._here(view.session)}/invoices/{view.line.invoice_id}"
        return self._render("early.html", view, language, session=view.session, language_path=path)

    def decision(self, view: DecisionView, language: Language) -> str:
        """Asks before a way out of a held invoice is taken."""
        path = f"{self._here(view.session)}/invoices/{view.line.invoice_id}/decide?way={view.way}"
        return self._render("decision.html", view, language, session=view.session, language_path=path)

    def release(self, view: ReleaseView, language: Language) -> str:
        """Asks before all are let go that one guard holds."""
        path = f"{self._here(view.session)}/issues/release?guard={view.guard}"
        return self._render("release.html", view, language, session=view.session, language_path=path)

    def mend(self, view: MendView, language: Language) -> str:
        """What would be done in Fortnox, before it is."""
        query = {"cause": view.cause, **({} if view.invoice_id is None else {"invoice": view.invoice_id})}
        path = f"{self._here(view.session)}/mend?{urlencode(query)}"
        return self._render("mend.html", view, language, session=view.session, language_path=path)

    def permit(self, view: PermitView, language: Language) -> str:
        """Asks before going to Fortnox for one more permission."""
        path = f"{self._here(view.session)}/permit?{urlencode({'cause': view.cause})}"
        return self._render("permit.html", view, language, session=view.session, language_path=path)

    def customers(self, view: CustomersView, language: Language) -> str:
        """Goods owners beside customers in Fortnox."""
        return self._render("customers.html", view, language, session=view.session)

    def before(self, view: BeforeView, language: Language) -> str:
        """What will stop invoices when the month has ended."""
        return self._render("before.html", view, language, session=view.session)

    def history(self, view: HistoryView, language: Language) -> str:
        """Whether the history is whole."""
        return self._render("history.html", view, language, session=view.session)

    def customer_mail(self, view: CustomerMailView, language: Language) -> str:
        """The mail in which Fortnox sends an invoice."""
        path = f"{self._here(view.session)}/invoices/{view.line.invoice_id}/mail"
        return self._render("customer_mail.html", view, language, session=view.session, language_path=path)

    def preview(self, view: PreviewView, language: Language) -> str:
        """Exactly what would be sent."""
        return self._render("preview.html", view, language, session=view.session)

    def rehearsal(self, view: RehearsalView, language: Language) -> str:
        """The offer of a dress rehearsal, and its result."""
        return self._render("rehearsal.html", view, language, session=view.session)

    def issues(self, view: IssuesView, language: Language) -> str:
        """What a person must fix."""
        return self._render("issues.html", view, language, session=view.session)

    def hand_over(self, view: HandOverView, language: Language) -> str:
        """A mail to a colleague who can mend what stops invoices."""
        return self._render("hand_over.html", view, language, session=view.session)

    def files(self, view: FilesView, language: Language) -> str:
        """What can be taken home after disconnecting."""
        return self._render("files.html", view, language)

    def help(self, view: HelpView, language: Language) -> str:
        """The contents of the help, and a search in it."""
        path = f"{self._base}/help" + (f"?{urlencode({'q': view.query})}" if view.query else "")
        return self._render("help.html", view, language, language_path=path)

    def help_topic(self, view: HelpTopicView, language: Language) -> str:
        """One page of the help."""
        return self._render("help_topic.html", view, language)

    def pause(self, view: PauseView, language: Language) -> str:
        """Asks before pausing."""
        return self._render("pause.html", view, language, session=view.session)

    def disconnect(self, view: DisconnectView, language: Language) -> str:
        """Asks before disconnecting, and offers the history first."""
        return self._render("disconnect.html", view, language, session=view.session)

    def connect(self, view: ConnectView, language: Language) -> str:
        """Asks before connecting once more."""
        return self._render("connect.html", view, language, session=view.session)

    def attach(self, view: ConnectView, language: Language) -> str:
        """Asks before going to Fortnox for an approval that covers files."""
        return self._render("attach.html", view, language, session=view.session)

    def verify(self, view: VerifyView, language: Language) -> str:
        """Asks for the click that confirms a mail address."""
        return self._render("verify.html", view, language)

    def take_back(self, view: TakeBackView, language: Language) -> str:
        """Asks for the click that takes a changed address back."""
        return self._render("take_back.html", view, language)

    def message(self, view: MessageView, language: Language, *, answers_form: bool = False) -> str:
        """A page that only says something: errors, sign-out, links that have expired."""
        text = _filled(MESSAGE_TEXTS[view.message], {}, language)
        # What answered a form has no address of its own: the switch leads where the button does.
        path = self._base + view.continue_path if answers_form else ""
        return self._render("message.html", view, language, session=view.session, language_path=path, text=text)

    def _here(self, session: SessionView) -> str:
        return f"{self._base}/integrations/{quote(session.integration_id, safe='')}"

    def _sign_in(self, session: SessionView) -> str:
        """The start page's form, filled in right for this system."""
        filled = {"system": address_of(session.system), "username": session.wms_username}
        return f"{self._base}/?{urlencode(filled)}"

    def _render(
        self,
        template: str,
        view: object,
        language: Language,
        *,
        session: SessionView | None = None,
        language_path: str = "",
        text: PageText | None = None,
    ) -> str:
        again = language_path or f"?{self._query}"
        return (
            environment_for(language)
            .get_template(template)
            .render(
                view=view,
                session=session,
                base=self._base,
                here=self._here(session) if session else "",
                ongoing_address=address_of(session.system) if session else "",
                sign_in_again=self._sign_in(session) if session else "",
                language_link=f"{again}{_joint(again)}lang=",
                support_address=self._support_address,
                text=text,
            )
        )


def _joint(address: str) -> str:
    """What stands between an address and one more parameter."""
    if "?" not in address:
        return "?"
    return "" if address.endswith("?") else "&"


def _filled(text: PageText, words: dict[str, str], language: Language) -> PageText:
    translate = translations(language).gettext

    def fill(message: str) -> str:
        return translate(message) % words if message else ""

    return PageText(
        title=fill(text.title),
        what=fill(text.what),
        todo=tuple(fill(line) for line in text.todo),
        button=fill(text.button),
    )
