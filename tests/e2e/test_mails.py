"""Every mail as its reader sees it; those that a flow sends are looked at there too."""

import pytest
from invoicing.domain.integration_settings import Language
from playwright.sync_api import Page

from local.tour import MAILS, toured
from tests.e2e.album import look_at_mail
from tests.e2e.conftest import in_both_languages


@in_both_languages
@pytest.mark.parametrize("name", MAILS)
def test_every_mail_can_be_read_by_everybody_wide_and_narrow(page: Page, language: Language, name: str) -> None:
    """In 600 and 320 pixels, light and dark."""
    look_at_mail(page, f"mail-{name}", toured().mails[name, language].html, language)
