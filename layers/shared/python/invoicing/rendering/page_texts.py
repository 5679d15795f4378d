"""What the pages say that only say something: failed consents, and messages."""

from collections.abc import Mapping
from dataclasses import dataclass

from invoicing.rendering.catalogue import translatable
from invoicing.rendering.views import ConsentOutcome, Message


@dataclass(frozen=True, slots=True, kw_only=True)
class PageText:
    """A heading, what happened, what to do, and the words on the button (empty: no button)."""

    title: str
    what: str
    todo: tuple[str, ...] = ()
    button: str = ""


_TRY_AGAIN = translatable("Try again")
_START_AGAIN = translatable("Start again")
_SIGN_IN = translatable("Sign in")
_BACK = translatable("Go back")
_TO_INVOICE = translatable("Back to the invoice")
_REMOVE = translatable(
    "In Fortnox the approval is still there until your company takes it back, which only it can. Sign in there as an "
    "administrator: menu at the company's name, Manage integrations, this app, Remove."
)

CONSENT_TEXTS: Mapping[ConsentOutcome, PageText] = {
    ConsentOutcome.DENIED: PageText(
        title=translatable("The permissions were not approved"),
        what=translatable(
            "Somebody pressed Deny in Fortnox, or closed the page. Nothing was connected, and nothing was changed."
        ),
        todo=(
            translatable("Try again, and approve all permissions: each of them is needed."),
            translatable("If you are not sure what you may approve, ask your Fortnox administrator first."),
        ),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.LICENCE_MISSING: PageText(
        title=translatable("Your Fortnox lacks a licence"),
        what=translatable(
            "The company needs the Invoicing module and the Integration licence in Fortnox. One of them is "
            "missing. Nothing was connected."
        ),
        todo=(
            translatable("Ask your Fortnox administrator to order the licence in Fortnox."),
            translatable("Make sure that the person who approves has been given the licence."),
            translatable("Then try again."),
        ),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.APP_LICENCE_MISSING: PageText(
        title=translatable("The app is not activated in Fortnox"),
        what=translatable(
            "The company has no licence for this app in the Fortnox Marketplace, or all its licences are "
            "taken. Nothing was connected."
        ),
        todo=(
            translatable("Ask your Fortnox administrator to activate the app in the Fortnox Marketplace."),
            translatable("Then try again."),
        ),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.NOT_ADMINISTRATOR: PageText(
        title=translatable("A Fortnox administrator must approve"),
        what=translatable(
            "You are signed in to Fortnox as somebody who is not a system administrator. Nothing was connected."
        ),
        todo=(
            translatable("Send the link below to your Fortnox administrator, for example by mail."),
            translatable("It works once, for this system, for a day, and needs no password for Ongoing."),
            translatable("Or try again and sign in to Fortnox as an administrator."),
        ),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.NOT_ADMINISTRATOR_BY_LINK: PageText(
        title=translatable("Only a Fortnox administrator can approve this"),
        what=translatable(
            "You are signed in to Fortnox as somebody who is not a system administrator. Nothing was connected."
        ),
        todo=(
            translatable("Open the link that you were sent once more, and sign in to Fortnox as an administrator."),
            translatable("Or send it on to somebody who is one."),
        ),
    ),
    ConsentOutcome.CANCELLED: PageText(
        title=translatable("Nothing was connected"),
        what=translatable("You cancelled, and the keys that Fortnox had given are forgotten. No invoice was sent."),
        todo=(
            _REMOVE,
            translatable("If you did not know who asked, tell the one who runs Ongoing in your company."),
        ),
        button=_START_AGAIN,
    ),
    ConsentOutcome.CHANGED_MEANWHILE: PageText(
        title=translatable("Somebody was quicker"),
        what=translatable(
            "Since you began, this system was connected or disconnected, or its login was changed. What you approved "
            "came too late; its keys are forgotten, and nothing was changed by it."
        ),
        todo=(translatable("Sign in to see how it is, and connect again there if it is still needed."),),
        button=_SIGN_IN,
    ),
    ConsentOutcome.WRONG_COMPANY: PageText(
        title=translatable("That was another company"),
        what=translatable(
            "This integration belongs to %(expected_company)s, but %(approved_company)s was approved in "
            "Fortnox. Nothing was changed, no invoice was sent, and the keys to it are stored nowhere."
        ),
        todo=(
            translatable(
                "%(approved_company)s has approved this app all the same, until it takes that back. In Fortnox, as "
                "%(approved_company)s: menu at the company's name, Manage integrations, this app, Remove."
            ),
            translatable("Try again, and choose %(expected_company)s when you sign in to Fortnox."),
        ),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.OTHER_LEDGER: PageText(
        title=translatable("That is another ledger of the same company"),
        what=translatable(
            "%(expected_company)s was approved, but not the ledger that this integration has sent invoices to: in "
            "Fortnox it is a new one. Nothing was changed, and no invoice was sent."
        ),
        todo=(
            translatable("If the old ledger is still in use: try again, and choose it when you sign in to Fortnox."),
            translatable(
                "If the company goes on in the new one: sign in here, choose Disconnect, and connect again. What was "
                "sent to the old ledger is not sent again by itself."
            ),
        ),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.NO_ANSWER: PageText(
        title=translatable("Fortnox sent no answer"),
        what=translatable(
            "You came back from Fortnox without a yes or a no. This happens when the Fortnox account is "
            "locked, for example because of an unpaid invoice. Nothing was connected."
        ),
        todo=(
            translatable("Sign in at Fortnox itself and see whether it shows a message."),
            translatable("Then try again."),
        ),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.START_UNKNOWN: PageText(
        title=translatable("Let us begin from the start"),
        what=translatable(
            "The connection was not started in this browser, or more than half an hour ago, so the answer from "
            "Fortnox cannot be used. Nothing was connected."
        ),
        todo=(translatable("Start again here, and stay in the same browser the whole way."),),
        button=_START_AGAIN,
    ),
    ConsentOutcome.START_USED: PageText(
        title=translatable("This step has already been done"),
        what=translatable(
            "The answer from Fortnox works once, and it has been used. Perhaps you pressed Back, loaded the page "
            "again, or started once more in another tab."
        ),
        todo=(translatable("Go on to see how it is. If nothing is connected yet, start again there."),),
        button=translatable("Go on"),
    ),
    ConsentOutcome.CODE_REFUSED: PageText(
        title=translatable("Fortnox did not accept the answer"),
        what=translatable("Fortnox gave a code and then refused it; perhaps it was too old. Nothing was connected."),
        todo=(translatable("Try again. It usually works the second time."),),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.FORTNOX_NOT_ANSWERING: PageText(
        title=translatable("Fortnox does not answer just now"),
        what=translatable("You approved, but Fortnox did not answer when the keys were fetched."),
        todo=(translatable("Wait a few minutes and try again. You need to approve once more."),),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.SCOPE_REFUSED: PageText(
        title=translatable("Fortnox refused a permission"),
        what=translatable(
            "One of the permissions that the service asks for cannot be given in your Fortnox. Nothing was connected."
        ),
        todo=(
            translatable("Check that the company has the Invoicing module and the Integration licence."),
            translatable("If it has, contact us: the fault may be ours."),
        ),
        button=_TRY_AGAIN,
    ),
    ConsentOutcome.MORE_REFUSED: PageText(
        title=translatable("Fortnox does not allow that permission"),
        what=translatable(
            "The company's licence in Fortnox does not have it, or the person who approved may not give it. Nothing "
            "was changed: what was approved before still is, and invoices are sent as before."
        ),
        todo=(
            translatable("Mend it in Fortnox by hand, as the issue says. The invoices are then sent by themselves."),
            translatable(
                "If the approval has ended, sign in once more: you are then asked only for what every licence has."
            ),
        ),
    ),
    ConsentOutcome.FILES_REFUSED: PageText(
        title=translatable("Fortnox does not allow specifications to be attached"),
        what=translatable(
            "Attaching needs the permissions Archive and Connect file, and the company's licence in Fortnox does not "
            "have them, or the person who approved may not give them. Nothing was changed: what was approved before "
            "still is, and invoices are sent as before, without specifications."
        ),
        todo=(
            translatable("Ask your Fortnox administrator whether the licence can be given file handling."),
            translatable(
                "If it cannot, go on without: each invoice's page has its specification as a PDF, which you can send "
                "yourself. If the approval has ended, sign in once more: you are then asked only for what every "
                "licence has."
            ),
        ),
        button=_BACK,
    ),
    ConsentOutcome.OTHER: PageText(
        title=translatable("Fortnox said no"),
        what=translatable("Fortnox gave a reason that we do not know. Nothing was connected."),
        todo=(
            translatable("Try again."),
            translatable("If it happens again, contact us and give us the code below."),
        ),
        button=_TRY_AGAIN,
    ),
}

MESSAGE_TEXTS: Mapping[Message, PageText] = {
    Message.SESSION_ENDED: PageText(
        title=translatable("You have been signed out"),
        what=translatable(
            "For safety you are signed out eight hours after you signed in, and when the password is changed or "
            "somebody signs out everywhere. What you pressed was not done. The invoices are sent as usual, whether you "
            "are signed in or not."
        ),
        button=translatable("Sign in again"),
    ),
    Message.SIGNED_OUT: PageText(
        title=translatable("You are signed out"),
        what=translatable("The invoices are sent as usual."),
        button=translatable("Sign in again"),
    ),
    Message.SIGNED_OUT_EVERYWHERE: PageText(
        title=translatable("Everybody is signed out"),
        what=translatable(
            "Nobody is signed in to this integration any more, in any browser. The invoices are sent as usual."
        ),
        todo=(
            translatable(
                "Whoever knows the password for Ongoing can sign in again. If somebody should not, change it there "
                "first."
            ),
        ),
        button=translatable("Sign in again"),
    ),
    Message.NOT_FOUND: PageText(
        title=translatable("There is nothing here"),
        what=translatable(
            "The page does not exist, or it belongs to another system than the one you are signed in to."
        ),
        button=translatable("To the start page"),
    ),
    Message.FORM_EXPIRED: PageText(
        title=translatable("The form was too old"),
        what=translatable(
            "The page had been open for long, you signed in again in another tab, or somebody else was quicker. "
            "What you pressed was not done."
        ),
        todo=(translatable("Go back, and do it again on a fresh page."),),
        button=_BACK,
    ),
    Message.BAD_REQUEST: PageText(
        title=translatable("That could not be understood"),
        what=translatable("Something in the address or in the form is not as it should be."),
        button=_BACK,
    ),
    Message.ERROR: PageText(
        title=translatable("Something went wrong on our side"),
        what=translatable("The fault is ours. No invoice was lost, and none is sent twice because of it."),
        todo=(
            translatable("Try again in a while."),
            translatable("If it happens again, contact us and give us the reference below."),
        ),
        button=_TRY_AGAIN,
    ),
    Message.UNAVAILABLE: PageText(
        title=translatable("No answer just now"),
        what=translatable("Ongoing, Fortnox or the service itself takes too long to answer. The invoices are safe."),
        todo=(translatable("Try again in a minute."),),
        button=_TRY_AGAIN,
    ),
    Message.ADDRESS_VERIFIED: PageText(
        title=translatable("Thank you, the address is confirmed"),
        what=translatable("Mails about problems go to this address. You can close this page."),
    ),
    Message.ADDRESS_LINK_EXPIRED: PageText(
        title=translatable("The link can no longer be used"),
        what=translatable(
            "It is too old, or the address has been changed since. Mails go to the address in the settings "
            "all the same."
        ),
        todo=(translatable("To get a new link, sign in and press “Send the mail again” on the overview."),),
        button=_SIGN_IN,
    ),
    Message.REACTIVATION_LINK_EXPIRED: PageText(
        title=translatable("The link can no longer be used"),
        what=translatable("It is more than 14 days old. The invoices still wait; none is lost."),
        todo=(translatable("Sign in with Ongoing instead: that leads on to Fortnox in the same way."),),
        button=_SIGN_IN,
    ),
    Message.REACTIVATION_NOT_NEEDED: PageText(
        title=translatable("The integration already works"),
        what=translatable("Somebody has connected it again, and the invoices are being sent."),
        button=_SIGN_IN,
    ),
    Message.ADDRESS_TAKEN_BACK: PageText(
        title=translatable("The address is the old one again"),
        what=translatable("Mails about problems go to the address that got the mail, and everybody is signed out."),
        todo=(
            translatable(
                "Find out who changed it. If somebody else knows the password for Ongoing, have it changed there now."
            ),
        ),
        button=_SIGN_IN,
    ),
    Message.INVITATION_OVER: PageText(
        title=translatable("The link can no longer be used"),
        what=translatable(
            "It works once and for a day, and not after the system was connected or its login was changed. Nothing was "
            "connected by it now."
        ),
        todo=(translatable("Ask the one who sent it for a new link, if it is still needed."),),
    ),
    Message.APPROVED: PageText(
        title=translatable("Thank you, it is connected"),
        what=translatable(
            "Those who work in Ongoing look through the settings now; no invoice is created before they have. You can "
            "close this page."
        ),
        todo=(
            translatable(
                "You can take your approval back at any time in Fortnox: menu at the company's name, Manage "
                "integrations."
            ),
        ),
    ),
    Message.SPECIFICATION_DIFFERS: PageText(
        title=translatable("There is no specification that adds up"),
        what=translatable(
            "A specification is made from the charges in Ongoing, and must come to the invoice in Fortnox, row by row "
            "and to the öre. It does not: since the invoice was sent, its charges, the settings here or the invoice in "
            "Fortnox have been changed. So none is shown."
        ),
        todo=(
            translatable("Look at the preview of the invoice, which shows what would be sent now."),
            translatable("If Ongoing is right, press Export again on the invoice. Then its specification adds up."),
        ),
        button=_TO_INVOICE,
    ),
    Message.SPECIFICATION_GONE: PageText(
        title=translatable("Ongoing has this invoice no longer"),
        what=translatable(
            "A specification is made from the charges in Ongoing, and this invoice is not there any more, or cannot be "
            "read. What was sent remains in Fortnox."
        ),
        todo=(translatable("If it was deleted by mistake, ask Ongoing's support whether it can be restored."),),
        button=_TO_INVOICE,
    ),
    Message.LINK_ASKED: PageText(
        title=translatable("Look in the mailbox"),
        what=translatable(
            "If that system is connected here, and its address for problems is confirmed, a mail with a link is on its "
            "way to that address. With the link you sign in without the pause, within an hour."
        ),
        todo=(
            translatable("Look also among unwanted mail. There are a few such mails a day at most."),
            translatable("A browser that has signed in before, and the office's own network, need no link."),
        ),
        button=translatable("To the start page"),
    ),
    Message.IT_IS_ME_EXPIRED: PageText(
        title=translatable("The link is too old"),
        what=translatable("It lasts an hour. Sign in as usual; if there is a pause, another link can be sent."),
        button=translatable("To the start page"),
    ),
    Message.FILES_LINK_EXPIRED: PageText(
        title=translatable("The link to the files is not valid any more"),
        what=translatable("It lasts 30 days, and ends when the system is connected again."),
        todo=(translatable("Connect again: then they are under Invoices, as before."),),
        button=translatable("To the start page"),
    ),
    Message.DISCONNECTED: PageText(
        title=translatable("The integration is disconnected"),
        what=translatable(
            "The keys to Fortnox, the company's id there and the password for Ongoing are deleted. No more invoices "
            "are sent. What was sent remains in Fortnox."
        ),
        todo=(
            _REMOVE,
            translatable("You may connect again at any time; an invoice that was sent is not sent twice."),
        ),
        button=translatable("To the start page"),
    ),
}
