"""Mail through SES, as MIME that we build ourselves."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid, parseaddr
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from invoicing.adapters.aws.errors import code_of, translated
from invoicing.domain.errors import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_sesv2 import SESV2Client

# Of these its own words are needed to mend it.
_SAYS_WHY = frozenset(
    {"AccountSuspendedException", "MailFromDomainNotVerifiedException", "MessageRejected", "SendingPausedException"}
)
_ADDRESS = re.compile(r"\S+@\S+")
_NOT_IN_TAGS = re.compile(r"[^A-Za-z0-9_.@-]")  # SES refuses a mail whose tags have other characters


class SesMailer:
    """The port Mailer on SES. Use it with `client_config.MAIL`.

    `sender` is a verified address, with or without a name; `configuration_set` reports bounces.
    """

    def __init__(self, client: "SESV2Client", *, sender: str, configuration_set: str) -> None:
        self._client = client
        self._sender = sender
        self._configuration_set = configuration_set

    def send(self, *, to: str, subject: str, text: str, html: str, tags: Mapping[str, str]) -> None:
        """Sends both versions in one mail. The error never names the recipient."""
        mail = self._mail(to=to, subject=subject, text=text, html=html)
        with translated("SES SendEmail"), _in_its_words():
            self._client.send_email(
                FromEmailAddress=self._sender,
                Destination={"ToAddresses": [to]},
                Content={"Raw": {"Data": mail.as_bytes()}},
                EmailTags=[{"Name": name, "Value": _NOT_IN_TAGS.sub("_", value)} for name, value in tags.items()],
                ConfigurationSetName=self._configuration_set,
            )

    def _mail(self, *, to: str, subject: str, text: str, html: str) -> EmailMessage:
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._sender
        mail["To"] = to
        # A name from Ongoing may carry a line break, which would end the header.
        mail["Subject"] = " ".join(subject.split())
        mail["Message-ID"] = make_msgid(domain=parseaddr(self._sender)[1].rpartition("@")[2])
        mail["Auto-Submitted"] = "auto-generated"  # asks answering machines to keep quiet
        # Quoted-printable, because SES takes lines of 7-bit characters, at most 998 long.
        mail.set_content(text, charset="utf-8", cte="quoted-printable")
        mail.add_alternative(html, subtype="html", charset="utf-8", cte="quoted-printable")
        return mail


@contextmanager
def _in_its_words() -> Iterator[None]:
    """Only SES knows why it takes no mail: an unconfirmed sender, its sandbox, a pause. Addresses are left out."""
    try:
        yield
    except ClientError as error:
        if code_of(error) not in _SAYS_WHY:
            raise
        said = _ADDRESS.sub("…", error.response["Error"].get("Message", ""))
        raise ConfigurationError(f"SES SendEmail: {code_of(error)}: {said}") from None
