"""The mail in which Fortnox sends an invoice: what settings say of it, and what Fortnox has. docs/decisions/0018."""

from dataclasses import dataclass

from invoicing.domain.integration_settings import IntegrationSettings
from invoicing.domain.texts import clean_text

NUMBER = "{no}"  # where it stands, Fortnox writes the number of the invoice
LONGEST_SUBJECT = 100  # Fortnox takes no more
LONGEST_TEXT = 2_000  # Fortnox takes ten times as many
_STANDS_FOR_NUMBER = "¤¤no¤¤"  # while a text is cleaned: Fortnox takes braces nowhere else


@dataclass(frozen=True, slots=True, kw_only=True)
class MailTexts:
    """What the mail is to say; empty: what Fortnox says of itself."""

    subject: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerMail:
    """The mail of one invoice as Fortnox has it; empty: Fortnox does not say."""

    to: str
    sender: str
    copies: tuple[str, ...]
    subject: str
    text: str

    def with_number(self, number: str) -> tuple[str, str]:
        """Subject and text as they will be read."""
        return self.subject.replace(NUMBER, number), self.text.replace(NUMBER, number)


def mail_texts(settings: IntegrationSettings) -> MailTexts | None:
    """What settings say, in characters that Fortnox takes; None: nothing."""

    def cleaned(text: str, longest: int, *, lines: bool) -> str:
        kept = clean_text(text.replace(NUMBER, _STANDS_FOR_NUMBER), longest, settings.language, lines=lines)
        return kept.replace(_STANDS_FOR_NUMBER, NUMBER)

    said = MailTexts(
        subject=cleaned(settings.mail_subject, LONGEST_SUBJECT, lines=False),
        text=cleaned(settings.mail_text, LONGEST_TEXT, lines=True),
    )
    return said if said.subject or said.text else None
