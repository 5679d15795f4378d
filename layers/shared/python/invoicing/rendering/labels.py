"""The words for single values: states, events, who can fix, what is wrong with a field."""

from collections.abc import Mapping
from enum import StrEnum

from invoicing.domain.agreement import Agreed
from invoicing.domain.export import EventKind
from invoicing.domain.issue import Fixer
from invoicing.domain.month import Apart, Stage
from invoicing.domain.outlook import Unseen
from invoicing.domain.remedy import DraftProblem, MendProblem, Thing
from invoicing.domain.sending import SendBy, SendStep
from invoicing.domain.settlement import Progress
from invoicing.domain.standing import Situation, Tone
from invoicing.domain.verdict import Intention
from invoicing.domain.wms_knowledge import Misunderstanding
from invoicing.rendering.catalogue import translatable
from invoicing.rendering.views import (
    DecisionWrong,
    Feedback,
    FieldProblem,
    InvoiceState,
    LandingProblem,
    PasswordProblem,
)

# By type first: members of different StrEnums with equal values are equal to each other.
LABELS: Mapping[type[StrEnum], Mapping[str, str]] = {
    Fixer: {
        Fixer.WMS_USER: translatable("Somebody who works in Ongoing"),
        Fixer.FORTNOX_USER: translatable("Somebody who works in Fortnox"),
        Fixer.FORTNOX_ADMINISTRATOR: translatable("Your Fortnox administrator"),
        Fixer.EITHER: translatable("Somebody who works in Ongoing or in Fortnox"),
        Fixer.SERVICE_OPERATOR: translatable("Those who run this service"),
        Fixer.NOBODY: translatable("Nobody: it solves itself"),
    },
    Stage: {
        Stage.GATHERED: translatable("gathered so far"),
        Stage.DUE: translatable("due"),
        Stage.HELD: translatable("held"),
        Stage.LEFT: translatable("not to be sent"),
        Stage.IN_FORTNOX: translatable("in Fortnox"),
        Stage.SENT: translatable("sent to the customer"),
        Stage.PAID: translatable("paid"),
    },
    Apart: {
        Apart.CHANGED_THERE: translatable("changed in Fortnox"),
        Apart.CANCELLED: translatable("cancelled in Fortnox"),
        Apart.CREDITED: translatable("credited in Fortnox"),
        Apart.GONE: translatable("no longer in Fortnox"),
        Apart.DELETED: translatable("deleted in Ongoing, but in Fortnox"),
        Apart.BY_A_PERSON: translatable("left as it is in Fortnox, by a person"),
        Apart.NOT_YET: translatable("changed in Ongoing, not yet in Fortnox"),
        Apart.UNEXPLAINED: translatable("no reason is known"),
    },
    Misunderstanding: {
        Misunderstanding.ADDRESS: translatable("nothing answers at the address where it answered before"),
        Misunderstanding.STATUS: translatable("with a status that does not belong to its interface"),
        Misunderstanding.ENVELOPE: translatable("with another document than we know"),
        Misunderstanding.CALL: translatable("it does not understand our own call"),
        Misunderstanding.SUCCESS: translatable("it does not say whether it succeeded"),
        Misunderstanding.LIST: translatable("the list of invoices has another name or form"),
        Misunderstanding.INVOICE: translatable("the invoices have other names or forms"),
        Misunderstanding.NO_LIST: translatable("there is no list at all, which may mean that there are no invoices"),
        Misunderstanding.CUT: translatable("it shows only a part of the list, and the rest cannot be asked for"),
        Misunderstanding.NO_FILTER: translatable("it shows all invoices that ever were, whatever is asked for"),
    },
    FieldProblem: {
        FieldProblem.MISSING: translatable("Fill in this field."),
        FieldProblem.NOT_A_CHOICE: translatable("Choose one of the alternatives."),
        FieldProblem.NOT_A_DATE: translatable("Write a date as year-month-day, for example 2026-03-31."),
        FieldProblem.NOT_AN_ADDRESS: translatable("Write a mail address, for example invoices@example.com."),
        FieldProblem.TOO_LONG: translatable("This is too long."),
        FieldProblem.NOT_A_UNIT: translatable(
            "Write a unit of at most 20 letters or digits without spaces, for example st."
        ),
    },
    LandingProblem: {
        LandingProblem.WRONG_LOGIN: translatable(
            "Ongoing does not accept that combination of system, user name and password."
        ),
        LandingProblem.SYSTEM_NOT_UNDERSTOOD: translatable(
            "Write the system: its name, an address such as https://demo.ongoingsystems.se/demo/, or your customer id."
        ),
        LandingProblem.FIELD_MISSING: translatable("Fill in system, user name and password."),
        LandingProblem.TOO_MANY_TRIES: translatable("There were many tries in a short time, so there is a pause."),
        LandingProblem.WMS_NOT_ANSWERING: translatable("Ongoing does not answer just now. Try again in a few minutes."),
        LandingProblem.WMS_NOT_UNDERSTOOD: translatable(
            "Ongoing answered in a way that we do not understand. You did nothing wrong. We who run this service have "
            "been told, and are the ones to mend it."
        ),
        LandingProblem.SESSION_ENDED: translatable(
            "You have been signed out, which happens after eight hours. Sign in again: what you had typed is kept, "
            "and is shown to you afterwards."
        ),
    },
    PasswordProblem: {
        PasswordProblem.MISSING: translatable("Fill in this field."),
        PasswordProblem.WRONG: translatable("Ongoing does not accept this password. Nothing was changed."),
        PasswordProblem.TOO_MANY_TRIES: translatable("There were many tries in a short time, so there is a pause."),
        PasswordProblem.WMS_NOT_ANSWERING: translatable(
            "Ongoing does not answer just now. Try again in a few minutes."
        ),
    },
    Situation: {
        Situation.APPROVAL_ENDED: translatable("Stopped"),
        Situation.STOPPED: translatable("Stopped"),
        Situation.TO_TRY: translatable("To be tried"),
        Situation.PAUSED: translatable("Paused"),
        Situation.LATE: translatable("Late"),
        Situation.NOT_ANSWERING: translatable("Stopped for now"),
        Situation.CHECKING: translatable("Being checked"),
        Situation.HELD: translatable("Needs attention"),
        Situation.WORKS_AGAIN: translatable("Works again"),
        Situation.NOT_BEGUN: translatable("Not begun"),
        Situation.ON_THE_WAY: translatable("On the way"),
        Situation.ALL_SENT: translatable("All clear"),
    },
    InvoiceState: {
        InvoiceState.NOT_DUE: translatable("Period not over"),
        InvoiceState.WAITING: translatable("Waiting"),
        InvoiceState.SENDING: translatable("Being sent"),
        InvoiceState.CHECKING: translatable("Being checked"),
        InvoiceState.SENT: translatable("In Fortnox"),
        InvoiceState.HELD: translatable("Needs attention"),
        InvoiceState.LEFT: translatable("Not sent by us"),
    },
    SendBy: {
        SendBy.EMAIL: translatable("By e-mail"),
        SendBy.E_INVOICE: translatable("As e-invoice"),
        SendBy.PRINT: translatable("Printed by you"),
    },
    SendStep: {
        SendStep.WAITING: translatable("Waiting"),
        SendStep.SENDING: translatable("perhaps sent; Fortnox is asked"),
        SendStep.SENT: translatable("sent"),
        SendStep.BOOKING: translatable("sent, and to be booked"),
        SendStep.BOOKED: translatable("sent and booked"),
        SendStep.STOPPED: translatable("stopped; send it from Fortnox if it is to be sent"),
    },
    Progress: {
        Progress.OPEN: translatable("Not booked"),
        Progress.BOOKED: translatable("Booked"),
        Progress.SENT: translatable("Sent to the customer"),
        Progress.DUE: translatable("Due today"),
        Progress.OVERDUE: translatable("Overdue"),
        Progress.PARTLY_PAID: translatable("Paid in part"),
        Progress.PAID: translatable("Paid"),
        Progress.OVERPAID: translatable("Overpaid"),
        Progress.PARTLY_CREDITED: translatable("Credited in part"),
        Progress.CREDITED: translatable("Credited"),
        Progress.CANCELLED: translatable("Cancelled"),
        Progress.GONE: translatable("Not found in Fortnox"),
        Progress.CHANGED: translatable("Changed in Fortnox"),
    },
    Intention: {
        Intention.CREATE: translatable("Created"),
        Intention.UPDATE: translatable("Updated"),
        Intention.NOTHING: translatable("Unchanged"),
        Intention.HOLD: translatable("Held"),
    },
    EventKind: {
        EventKind.CLAIMED: translatable("Found in Ongoing"),
        EventKind.CREATED: translatable("Created in Fortnox"),
        EventKind.UPDATED: translatable("Updated in Fortnox"),
        EventKind.UNCHANGED: translatable("Compared with Fortnox: no difference"),
        EventKind.ADOPTED: translatable("Found in Fortnox after a missing answer; not sent again"),
        EventKind.WRITTEN_BACK: translatable("Number and exported mark saved in Ongoing"),
        EventKind.HELD: translatable("Held: a person must fix something"),
        EventKind.NOT_FOUND: translatable("Fortnox did not answer; looked up before a new try"),
        EventKind.EXPORT_AGAIN: translatable("Export again was pressed"),
        EventKind.RETRY: translatable("Try again was pressed"),
        EventKind.MENDED: translatable("Mended in Fortnox"),
        EventKind.DECIDED: translatable("Decided"),
        EventKind.UPDATING: translatable("About to be updated in Fortnox"),
        EventKind.CREDITING: translatable("About to be credited in Fortnox"),
        EventKind.CREDITED: translatable("Credited in Fortnox"),
        EventKind.MADE_NEW: translatable("A new invoice takes the place of the one before"),
        EventKind.SPECIFICATION_ATTACHED: translatable("Its specification is attached in Fortnox"),
        EventKind.SPECIFICATION_DETACHED: translatable(
            "Its specification was taken away in Fortnox: it does not belong to the invoice as it is now"
        ),
        EventKind.SPECIFICATION_REMOVED: translatable(
            "Somebody removed its specification in Fortnox, which is left so"
        ),
        EventKind.KEPT: translatable("Fortnox's invoice stays as it is"),
        EventKind.SENT_BY_EMAIL: translatable("Sent to the customer by e-mail"),
        EventKind.SENT_BY_E_INVOICE: translatable("Sent to the customer as e-invoice"),
        EventKind.SENT_BY_PRINT: translatable("Marked as sent; printed by you"),
        EventKind.SENT_BY_PERSON: translatable("Was sent in Fortnox already; not sent again"),
        EventKind.SEND_HELD: translatable("Not sent to the customer: a person must do something"),
        EventKind.SEND_ASKED: translatable("Send now was pressed"),
        EventKind.SEND_STOPPED: translatable("Sending was stopped"),
        EventKind.BOOKED_THERE: translatable("Booked in Fortnox after sending"),
        EventKind.PROGRESSED: translatable("Seen in Fortnox"),
        EventKind.CHANGED_THERE: translatable("Another amount, by somebody in Fortnox"),
        EventKind.NOT_DUE: translatable("Not due any more: it waits, and the issue is closed"),
        EventKind.LEFT: translatable("No longer in Ongoing's list: deleted, or marked as exported by a person"),
    },
    DecisionWrong: {
        DecisionWrong.NUMBER_MISSING: translatable("Fill in the number of the invoice in Fortnox."),
        DecisionWrong.NUMBER_NOT_VALID: translatable("An invoice number in Fortnox has digits only."),
        DecisionWrong.NOTE_MISSING: translatable("Write the reason in a few words."),
    },
    Unseen: {
        Unseen.PRICE_LISTS: translatable(
            "Price lists: Ongoing does not give them to us, or in a way that we do not know."
        ),
        Unseen.SOME_PRICE_LISTS: translatable(
            "Some price lists: Ongoing did not answer, or there was no time for all."
        ),
        Unseen.ACCOUNTS: translatable(
            "Whether accounts are open, and have a VAT code, and whether there is a financial year: Fortnox shows that "
            "only with a permission that this service does without."
        ),
        Unseen.LOCKED_PERIOD: translatable("Whether a period is locked: Fortnox does not let us see it."),
        Unseen.FORTNOX: translatable("Some of what Fortnox has: it did not answer, or there was no time for all."),
        Unseen.SOME_INVOICES: translatable(
            "Some invoices: they could not be read, or there was no time for all of them."
        ),
    },
    Thing: {
        Thing.CUSTOMER: translatable("Customer"),
        Thing.ARTICLE: translatable("Article"),
        Thing.ACCOUNT: translatable("Account"),
        Thing.COST_CENTRE: translatable("Cost centre"),
        Thing.CURRENCY: translatable("Currency"),
    },
    DraftProblem: {
        DraftProblem.MISSING: translatable("Fill in this field."),
        DraftProblem.NOT_A_CHOICE: translatable("Choose one of the alternatives."),
        DraftProblem.TOO_LONG: translatable("This is too long."),
        DraftProblem.NOT_A_CURRENCY: translatable("Write the currency in three letters, for example EUR."),
        DraftProblem.NOT_A_COUNTRY: translatable("Write the country in two letters, for example DK."),
        DraftProblem.COUNTRY_DIFFERS: translatable("This country does not go with the VAT that is chosen above."),
        DraftProblem.NOT_A_VAT_NUMBER: translatable(
            "Write the VAT number with the letters of its country first, for example DK12345678."
        ),
        DraftProblem.NOT_AN_ADDRESS: translatable("Write a mail address, for example invoices@example.com."),
    },
    MendProblem: {
        MendProblem.NOT_ANSWERING: translatable("Fortnox does not answer just now. Nothing was changed there."),
        MendProblem.UNCLEAR: translatable(
            "Fortnox was asked and did not answer, so nobody knows yet whether it was done. Look again: it is never "
            "done twice."
        ),
        MendProblem.REFUSED: translatable("Fortnox refuses it. Nothing was changed there."),
        MendProblem.OTHERWISE: translatable(
            "Fortnox has something else now than when you opened the page, so nothing was done. This is how it is now."
        ),
        MendProblem.INCOMPLETE: translatable("Something needs another look. Nothing was sent to Fortnox yet."),
    },
    Agreed: {
        Agreed.BY_NAME: translatable("Yes, by name"),
        Agreed.BY_PERSON: translatable("Yes"),
        Agreed.BY_HISTORY: translatable("Yes, invoiced so before"),
        Agreed.NOT_YET: translatable("Not said yet"),
    },
    Feedback: {
        Feedback.CREATED: translatable("The integration is created."),
        Feedback.CREATED_TO_TRY: translatable("The integration is created, and sends nothing until you say so."),
        Feedback.SAVED: translatable("The settings are saved."),
        Feedback.SAVED_WITHOUT_MAIL: translatable(
            "The settings are saved. No mail to confirm the address was sent, because there were several today. Have "
            "it sent from this page tomorrow."
        ),
        Feedback.CONFIRMATION_SENT: translatable("A mail with a link to confirm the address is on its way."),
        Feedback.CONFIRMATION_NOT_SENT: translatable(
            "No mail was sent, because there were several today. Look also among unwanted mail, and try again tomorrow."
        ),
        Feedback.SYNC_STARTED: translatable("The sync has started."),
        Feedback.SYNC_ALREADY_RUNNING: translatable("A sync is already under way. It was not started twice."),
        Feedback.SYNC_DONE: translatable("The sync is done. What it did is shown under Runs."),
        Feedback.SYNC_STOPPED: translatable("The sync could not do all its work. This page says why."),
        Feedback.NOT_RUNNING: translatable(
            "The integration is not running. What you asked for is done as soon as it runs again."
        ),
        Feedback.PAUSED: translatable("The integration is paused. Nothing is sent until you resume."),
        Feedback.RESUMED: translatable("The integration is running again."),
        Feedback.RECONNECTED: translatable("Connected again. What waited is being sent now."),
        Feedback.ATTACHING: translatable(
            "Connected. Invoices that are sent from now on have their specification attached in Fortnox."
        ),
        Feedback.RETRY_QUEUED: translatable("It is tried again in a moment."),
        Feedback.DECIDED: translatable("Your decision is kept. It is carried out in a moment."),
        Feedback.DECIDED_SOME: translatable(
            "Your decision is kept for those that were still as you saw them. The others have changed meanwhile, or "
            "somebody else was faster: nothing was decided about them."
        ),
        Feedback.MENDED: translatable("It is done in Fortnox. What waited for it is tried again in a moment."),
        Feedback.MENDED_NOT_RUNNING: translatable(
            "It is done in Fortnox. What waited for it is tried again as soon as the integration runs."
        ),
        Feedback.WAS_MENDED: translatable(
            "Fortnox had it already, so nothing was changed there. What waited for it is tried again in a moment."
        ),
        Feedback.NAME_SAVED: translatable(
            "What you do here is shown so from now on. You can change it under Who did what."
        ),
        Feedback.CAUSE_GONE: translatable(
            "What the link leads to is mended, or tried again just now, or something else stops those invoices."
        ),
        Feedback.AGREED: translatable("Your word is kept. Invoices that waited for it are sent in a moment."),
        Feedback.NOT_POSSIBLE_NOW: translatable(
            "Things have changed since you opened the page, so nothing was done. Look again at what is possible now."
        ),
        Feedback.LOOKED: translatable("It was looked through just now."),
        Feedback.SEND_STOPPED: translatable("It is stopped, and not sent to the customer."),
        Feedback.SEND_QUEUED: translatable("It is sent to the customer in a moment."),
        Feedback.NOW_WITH_CUSTOMER: translatable("It is sent to the customer."),
        Feedback.NOW_IN_FORTNOX: translatable("It is invoice %(number)s in Fortnox."),
        Feedback.STILL_STOPPED: translatable("It was tried again, and is still stopped. Below it says why."),
        Feedback.NOTHING_MORE: translatable("Nothing more is to be done with it."),
        Feedback.EXPORT_QUEUED: translatable("It is sent in a moment."),
        Feedback.TOO_MANY_ASKED: translatable(
            "So many invoices are asked for that no more can be, so this one was not. Ask again when the next run has "
            "ended."
        ),
    },
}


# What a click did that is not simply well; the rest is.
_NOT_SIMPLY_WELL = {
    Feedback.SYNC_STOPPED: Tone.WARN,
    Feedback.SYNC_ALREADY_RUNNING: Tone.CALM,
    Feedback.NOT_RUNNING: Tone.WARN,
    Feedback.NOT_POSSIBLE_NOW: Tone.WARN,
    Feedback.PAUSED: Tone.WARN,
    Feedback.SYNC_STARTED: Tone.CALM,
    Feedback.RETRY_QUEUED: Tone.CALM,
    Feedback.EXPORT_QUEUED: Tone.CALM,
    Feedback.DECIDED: Tone.CALM,
    Feedback.DECIDED_SOME: Tone.WARN,
    Feedback.WAS_MENDED: Tone.CALM,
    Feedback.MENDED_NOT_RUNNING: Tone.WARN,
    Feedback.SEND_QUEUED: Tone.CALM,
    Feedback.STILL_STOPPED: Tone.WARN,
}


def tone_of(feedback: Feedback) -> Tone:
    """How it is meant, what the page says about a click."""
    return _NOT_SIMPLY_WELL.get(feedback, Tone.GOOD)


def label_of(value: StrEnum) -> str:
    """The words for a value, in the source language."""
    return LABELS[type(value)][value]
