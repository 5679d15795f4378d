"""What the help says: how to set up, connect and use the service. What an issue means is said by `issue_texts`."""

from collections.abc import Mapping, Sequence

from invoicing.domain.integration_settings import Language
from invoicing.domain.issue import Issue, IssueCode
from invoicing.domain.remedy import REMEDIES
from invoicing.domain.words import has_words
from invoicing.rendering.catalogue import translatable, translations
from invoicing.rendering.issue_texts import issue_text_in_general
from invoicing.rendering.views import DrawnField, HelpPart, HelpPicture, HelpText, IssueMeaning

SETTINGS = "settings"  # the topic that goes on with every field of the form

PERMISSIONS: Mapping[str, str] = {
    "invoice": translatable(
        "Invoice: creates and updates invoices, reads what became of them, and sends or books them if you choose so."
    ),
    "article": translatable("Article: looks for the articles of the price list, and creates those that are missing."),
    "customer": translatable(
        "Customer: reads name, currency and VAT type of the customer. One is created, or made active, only when "
        "somebody presses the button for it; nothing else of a customer is ever changed."
    ),
    "companyinformation": translatable(
        "Company information: which company approved, so that no invoice ends in another company's books."
    ),
    "archive": translatable("Archive: stores specifications. Asked for only if they are to be attached to invoices."),
    "connectfile": translatable("Connect file: attaches a specification to its invoice. Asked for only then, too."),
    "settings": translatable(
        "Settings: looks whether a unit is there, creates it, and reads whether there is VAT and which period is "
        "locked."
    ),
    "bookkeeping": translatable(
        "Bookkeeping: opens an account that is closed, when somebody presses the button. Asked for only then."
    ),
    "costcenter": translatable(
        "Cost centre: adds one that is missing, when somebody presses the button. Asked for only then."
    ),
    "currency": translatable(
        "Currency: adds one that is missing, when somebody presses the button. Asked for only then."
    ),
}
"""Why each is asked for, by Fortnox's name of the permission."""

HELP_TEXTS: Mapping[str, HelpText] = {
    "set-up-ongoing": HelpText(
        title=translatable("Prepare Ongoing"),
        parts=(
            HelpPart(
                heading=translatable("Which customer gets the invoice"),
                text=translatable(
                    "The customer code of the goods owner is the number that the customer has in Fortnox. Without one, "
                    "the invoices of the goods owner wait and you are told."
                ),
                steps=(
                    translatable("In Ongoing, open the goods owner: Advanced → References → Customer code."),
                    translatable("Fill in the customer number from Fortnox."),
                    translatable("After connecting, look at Customers here: it shows who is whom, side by side."),
                ),
                picture=HelpPicture(
                    title=translatable("The customer code of a goods owner"),
                    place=translatable("Goods owner → Advanced → References"),
                    fields=(
                        DrawnField(translatable("Customer code"), "1001", translatable("Customer number in Fortnox")),
                    ),
                ),
            ),
            HelpPart(
                heading=translatable("What is charged"),
                text=translatable(
                    "Every entry of a price list needs an article number and an account: those of the article in "
                    "Fortnox. An article that Fortnox lacks is created, with the unit that is chosen under Settings."
                ),
                picture=HelpPicture(
                    title=translatable("An entry of a price list"),
                    place=translatable("Economy → Price list"),
                    fields=(
                        DrawnField(translatable("Title"), translatable("Pallet place")),
                        DrawnField(translatable("Unit price"), "85"),
                        DrawnField(translatable("Article number"), "100", translatable("Article number in Fortnox")),
                        DrawnField(translatable("Account"), "3041", translatable("Account in Fortnox")),
                    ),
                ),
            ),
            HelpPart(
                heading=translatable("The number of the invoice"),
                text=translatable(
                    "An invoice that has a number in Ongoing gets the same in Fortnox. Otherwise Fortnox gives it one, "
                    "which is saved on the invoice in Ongoing together with the exported mark."
                ),
            ),
            HelpPart(
                heading=translatable("The user"),
                text=translatable(
                    "We read Ongoing as an automation API user, created in Ongoing under Administration → API for "
                    "automation. Make one for this alone: then a changed password of somebody else stops nothing."
                ),
                picture=HelpPicture(
                    title=translatable("A user for this service"),
                    place=translatable("Administration → API for automation"),
                    fields=(
                        DrawnField(translatable("User name"), "fortnox", translatable("You type it on our start page")),
                        DrawnField(translatable("Password"), "••••••••••••", translatable("And this one beside it")),
                        DrawnField(translatable("Permission level"), "Automations-API"),
                    ),
                ),
            ),
        ),
    ),
    "connect": HelpText(
        title=translatable("Connect"),
        parts=(
            HelpPart(
                steps=(
                    translatable("Activate the app in the Fortnox Marketplace. It leads you to our start page."),
                    translatable(
                        "Fill in System (the address of your Ongoing, or the customer id under the support info "
                        "button), and the user name and password of the automation user."
                    ),
                    translatable("Fortnox asks you to sign in there, with your user for Fortnox."),
                    translatable(
                        "An administrator approves the permissions. If that is somebody else, send them the link that "
                        "the page offers: it needs no password for Ongoing, works once, and for a day."
                    ),
                    translatable("Read which system and which company are joined, and confirm."),
                    translatable("Press Switch to Fortnox invoicing module, and look through the settings."),
                    translatable("Press Create, or Create, and wait until I have tried it: then nothing is sent yet."),
                ),
            ),
            HelpPart(
                heading=translatable("Try it first"),
                text=translatable(
                    "Test run shows for each invoice what would happen, row by row, without writing anything in "
                    "Ongoing or Fortnox."
                ),
            ),
        ),
    ),
    "permissions": HelpText(
        title=translatable("The permissions in Fortnox, and why"),
        parts=(
            HelpPart(
                text=translatable(
                    "Fortnox has no permission to read alone: each is for reading and writing. If one is denied, or "
                    "the company lacks the licence for it, Fortnox approves none of them."
                ),
            ),
            HelpPart(heading=translatable("What each is for"), text="", steps=tuple(PERMISSIONS.values())),
            HelpPart(
                heading=translatable("Taking it back"),
                text=translatable(
                    "In Fortnox the approval is still there until your company takes it back, which only it can. Sign "
                    "in there as an administrator: menu at the company's name, Manage integrations, this app, Remove."
                ),
            ),
        ),
    ),
    SETTINGS: HelpText(
        title=translatable("The settings"),
        parts=(
            HelpPart(
                text=translatable(
                    "A changed setting holds from the next run on. What is in Fortnox is changed by it only if the "
                    "invoice is exported again."
                ),
            ),
        ),
    ),
    "what-is-sent": HelpText(
        title=translatable("What is sent, and when"),
        parts=(
            HelpPart(
                text=translatable(
                    "Every 15 minutes we look at the invoices in Ongoing that are not marked as exported and are not "
                    "older than the start date under Settings. An invoice is sent once, when its period has ended (or "
                    "as soon as it is seen, if that is chosen)."
                ),
            ),
            HelpPart(
                heading=translatable("Once, whatever happens"),
                text=translatable(
                    "Each invoice carries a reference of ours in Fortnox. If an answer is lost on the way, we look "
                    "there before we send anything again. Afterwards the sum in Fortnox is compared with Ongoing's, "
                    "to the öre."
                ),
            ),
            HelpPart(
                heading=translatable("What waits"),
                text=translatable(
                    "An invoice that cannot be sent stops no other. It stands under Issues, with what is wrong, who "
                    "can fix it and how, and it is sent by itself when that is done."
                ),
            ),
        ),
    ),
    "before-the-1st": HelpText(
        title=translatable("What is looked for beforehand, and what is asked first"),
        parts=(
            HelpPart(
                heading=translatable("Before the 1st"),
                text=translatable(
                    "Every night, while something gathers, its goods owners, customers, articles and accounts are "
                    "looked through as they will be when the month has ended, and the price lists with them. What "
                    "would stop an invoice then stands under Before the 1st, with who can mend it. You can have it "
                    "looked at again at any time, for example when a new goods owner has got its price list."
                ),
            ),
            HelpPart(
                heading=translatable("Guards"),
                text=translatable(
                    "An invoice can be right by every rule and still be unusual: a month that came to much more or "
                    "less than the goods owner's others, a period that overlaps another or leaves days out, a price "
                    "that is not the price list's. With a guard switched on under Settings, such an invoice waits "
                    "under Issues until somebody has looked and pressed Right as it is. Goods owners that used to "
                    "be invoiced and have nothing this month stand under Before the 1st."
                ),
            ),
        ),
    ),
    "export-again": HelpText(
        title=translatable("An invoice was wrong: export it again"),
        parts=(
            HelpPart(
                steps=(
                    translatable("Correct the charges in Ongoing."),
                    translatable(
                        "Remove the exported mark in Ongoing, or open the invoice here and press Export again."
                    ),
                    translatable("The invoice in Fortnox gets the new rows; its number stays."),
                ),
            ),
            HelpPart(
                heading=translatable("If somebody has done something with it in Fortnox"),
                text=translatable(
                    "Fortnox is read first. What somebody changed by hand is never overwritten by itself: you are "
                    "shown both and decide. An invoice that the customer has is changed only when you confirm. One "
                    "that is booked is credited and made anew, if you want that. One that is cancelled or credited "
                    "can be made anew. Whatever its state, the page of the invoice offers what can be done."
                ),
            ),
        ),
    ),
    "after-the-invoice": HelpText(
        title=translatable("From Fortnox to the customer, and until it is paid"),
        parts=(
            HelpPart(
                heading=translatable("The specification"),
                text=translatable(
                    "The page of each invoice that was sent has its specification, as a PDF and as a CSV: every charge "
                    "behind every row. By a setting the PDF is attached to the invoice in Fortnox and goes out with it."
                ),
            ),
            HelpPart(
                heading=translatable("Sent to the customer"),
                text=translatable(
                    "Left to you, unless you choose otherwise under Settings: by e-mail, as e-invoice, or as the "
                    "customer's card says. The first one waits for your word. Until the hour of sending anybody can "
                    "stop it on the invoice's page. What may have been sent is never sent again by itself."
                ),
            ),
            HelpPart(
                heading=translatable("What the mail says"),
                text=translatable(
                    "Subject and text can be filled in under Settings; {no} becomes the number of the invoice. Where "
                    "they are empty, Fortnox's own are used. While the invoice waits, See the mail first on its page "
                    "shows to whom it goes, from whom, and what it says. The address is that of the customer's card in "
                    "Fortnox, and the sender is set in Fortnox."
                ),
            ),
            HelpPart(
                heading=translatable("Paid"),
                text=translatable(
                    "By a setting, Fortnox is asked once an hour what became of the invoices: sent, overdue, paid in "
                    "part, paid, credited. It stands on each invoice and in the list, summed per goods owner."
                ),
            ),
        ),
    ),
    "month": HelpText(
        title=translatable("The month, and whether it adds up"),
        parts=(
            HelpPart(
                text=translatable(
                    "The page Month has one line for each goods owner: what has been gathered, what is due, what is "
                    "held, what is in Fortnox, what was sent and what is paid. For each currency a line says whether "
                    "Ongoing's sum is Fortnox's and what is held together, to the öre, and what differs if not. "
                    "Amounts are without VAT."
                ),
            ),
            HelpPart(
                heading=translatable("For the books"),
                text=translatable(
                    "The reconciliation of a month is a PDF for the auditor, and everything is there as CSV too. A "
                    "mail says when all of last month is in Fortnox, unless that is switched off under Settings."
                ),
            ),
        ),
    ),
    "history": HelpText(
        title=translatable("For the auditor: the history, and that nobody changed it"),
        parts=(
            HelpPart(
                text=translatable(
                    "Each step of each invoice is kept: what was done, when and by whom. Each is bound to the steps "
                    "before it. A checkpoint says how far they had come, and once a day the last one is put aside as "
                    "an anchor. Is the history whole?, below the list of invoices, checks it and says where it breaks "
                    "if something was changed, put in or taken away."
                ),
            ),
            HelpPart(
                heading=translatable("Taken with you"),
                text=translatable(
                    "The event log is there as PDF and CSV: numbered, oldest first, as the behandlingshistorik that "
                    "Swedish bookkeeping law asks for."
                ),
            ),
        ),
    ),
    "fix-it": HelpText(
        title=translatable("Let this service mend it in Fortnox"),
        parts=(
            HelpPart(
                text=translatable(
                    "Much of what stops invoices is mended in Fortnox: a customer that was never created, an article "
                    "that was switched off. Where the approval covers it, the issue has a button. Its page shows first "
                    "what would be created or changed. After a click the invoices that waited are tried again."
                ),
            ),
            HelpPart(
                heading=translatable("What can be mended so"),
                text="",
                steps=(
                    translatable(
                        "A customer is created under the customer code of the goods owner. You say which VAT they are "
                        "invoiced with, and fill in what Ongoing does not know."
                    ),
                    translatable("A customer or an article that is inactive is made active."),
                    translatable("With one more permission each: an account, a cost centre, a currency."),
                ),
            ),
            HelpPart(
                heading=translatable("What is kept of it"),
                text=translatable(
                    "Who did what stands on the invoices and under Who did what, and the confirmed address gets a "
                    "mail. Nothing is done twice, whoever presses and however often."
                ),
            ),
        ),
    ),
    "reactivate": HelpText(
        title=translatable("When the connection to Fortnox has stopped"),
        parts=(
            HelpPart(
                text=translatable(
                    "Fortnox's keys are renewed all the time, and we keep a spare. They end all the same when an "
                    "administrator removes the approval, or a licence is gone. Then you get one mail with a link. "
                    "Nothing is lost: invoices wait, and are sent when you are connected again."
                ),
                steps=(
                    translatable("Open the link in the mail, or sign in on our start page and press Connect again."),
                    translatable("System and user name are filled in. Type the password for Ongoing."),
                    translatable("Sign in to Fortnox, where an administrator approves for the same company as before."),
                ),
            ),
        ),
    ),
    "pause-and-end": HelpText(
        title=translatable("Pause, or end"),
        parts=(
            HelpPart(
                heading=translatable("Pause"),
                text=translatable("Nothing is sent until somebody presses Resume. What came meanwhile is sent then."),
            ),
            HelpPart(
                heading=translatable("Disconnect"),
                text=translatable(
                    "Nothing is sent any more, and our keys to Fortnox are destroyed at once. What is in Fortnox stays "
                    "there. You get a mail with a link to your files, which lasts 30 days, and can connect again."
                ),
            ),
        ),
    ),
    "privacy": HelpText(
        title=translatable("What is kept, and for how long"),
        parts=(
            HelpPart(
                text=translatable(
                    "The service works with companies' invoices; few persons are in it. Your company decides about "
                    "what concerns its users and customers, and we only work for it."
                ),
            ),
            HelpPart(
                heading=translatable("Of you"),
                text="",
                steps=(
                    translatable("Your user name in Ongoing, and what you did here, as long as the integration."),
                    translatable(
                        "The password for Ongoing, encrypted, because its API needs it at each call: until another one "
                        "is given, or you disconnect."
                    ),
                    translatable("The address for problems that you give, until you give another one."),
                    translatable("Your network, never your whole address, for 90 days, to shut out who attacks."),
                ),
            ),
            HelpPart(
                heading=translatable("Of the invoices"),
                text=translatable(
                    "Numbers, goods owner, amounts, dates and what was done with them: as long as the integration, and "
                    "for the seven years that the law on bookkeeping asks for. Charges are read from Ongoing when a "
                    "specification is made, and not kept."
                ),
            ),
            HelpPart(
                heading=translatable("Of your browser"),
                text=translatable(
                    "Cookies for the sign-in, the language and a name if you give one, and one that this browser is "
                    "known. There is nothing of anybody else on these pages, and nobody is followed."
                ),
            ),
        ),
    ),
}
"""By the name in their address."""


def find_topics(words: str, language: Language) -> Mapping[str, HelpText]:
    """The topics that have all the words in their text, in the reader's language; all topics if there are none."""
    return {name: text for name, text in HELP_TEXTS.items() if has_words(words, _said_in(text, language))}


def find_issues(words: str, language: Language) -> Sequence[IssueMeaning]:
    """The kinds of issues that do, likewise."""
    meanings = (meaning_of(code, language) for code in IssueCode)
    return [one for one in meanings if has_words(words, f"{one.title} {one.cause} {one.fix}")]


def meaning_of(code: IssueCode, language: Language) -> IssueMeaning:
    """What any issue of this kind says."""
    text = issue_text_in_general(code, language)
    return IssueMeaning(
        code=code,
        title=text.title,
        cause=text.cause,
        fix=text.fix,
        fixer=Issue(code=code).fixer,
        has_button=isinstance(REMEDIES.get(code), tuple),
    )


def _said_in(text: HelpText, language: Language) -> str:
    translate = translations(language).gettext
    said = [text.title, *(word for part in text.parts for word in (part.heading, part.text, *part.steps))]
    said += [word for part in text.parts if part.picture for one in part.picture.fields for word in one]
    return " ".join(translate(word) for word in said if word)
