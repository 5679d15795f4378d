"""The port Mailer: what its fake and its real adapter both promise."""

import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_string
from email.policy import default

import pytest
from invoicing.adapters.aws.mailer import SesMailer
from invoicing.application.ports import Mailer
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from tests.support.aws import REGION, Aws
from tests.support.fakes import FakeMailer, SentMail

SENDER = "Fakturor <fakturor@tjanst.example>"
TEXT = "Hej Åsa!\n\nTre fakturor väntar. " + "Ett långt stycke utan radbrytning. " * 60
HTML = "<p>Hej <b>Åsa</b>! 1 &lt; 2 · € 1 234,50</p>" + "<p>rad</p>" * 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A mailer, and the mails that arrived: recipient, subject, text and HTML."""

    port: Mailer
    arrived: Callable[[], list[SentMail]]


@pytest.fixture
def post(aws: Aws | None) -> Post:
    """A mailer whose sender is verified."""
    if aws is None:
        fake = FakeMailer()
        return Post(port=fake, arrived=lambda: fake.sent)
    if not aws.mails:
        pytest.skip("roto takes no mails")
    aws.sesv2.create_email_identity(EmailIdentity="fakturor@tjanst.example")
    mailer = SesMailer(aws.sesv2, sender=SENDER, configuration_set="mail")
    return Post(port=mailer, arrived=lambda: _on_moto() if aws.url is None else _on_ministack(aws.url))


def test_a_mail_arrives_as_it_was_written(post: Post) -> None:
    """Recipient, subject and both versions, with Swedish characters and long lines."""
    post.port.send(
        to="asa@lagret.example",
        subject="Kopplingen till Fortnox är bruten – återaktivera",
        text=TEXT,
        html=HTML,
        tags={"kind": "broken"},
    )

    mail = post.arrived()[-1]
    assert mail.to == "asa@lagret.example"
    assert mail.subject == "Kopplingen till Fortnox är bruten – återaktivera"
    # Mail has line ends of its own.
    assert mail.text.splitlines() == TEXT.splitlines()
    assert mail.html.splitlines() == HTML.splitlines()


def _on_moto() -> list[SentMail]:
    mails: list[SentMail] = []
    for sent in ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages:
        mail = message_from_string(sent.raw_data, policy=default)
        text, html = (part.get_content() for part in mail.iter_parts())
        mails.append(SentMail(to=str(mail["To"]), subject=str(mail["Subject"]), text=text, html=html))
    return mails


def _on_ministack(url: str) -> list[SentMail]:
    with urllib.request.urlopen(f"{url}/_ministack/ses/messages", timeout=10) as answer:
        accounts = json.load(answer)["messages"]
    return [
        SentMail(to=mail["To"][0], subject=mail["Subject"], text=mail["BodyText"], html=mail["BodyHtml"])
        for mails in accounts.values()
        for mail in mails
    ]
