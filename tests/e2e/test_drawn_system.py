"""A system that the product is not told about, met by the deployed template: `make first-contact DEPLOYED=1 SEED=n`."""

import os
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from invoicing.rendering.labels import label_of
from invoicing.rendering.views import LandingProblem
from playwright.sync_api import expect

from local.first_contact import drawn_system
from local.ongoing.options import Options
from tests.e2e.office import Office, waited_for

SEEDS = [int(seed) for seed in os.environ.get("FIRST_CONTACT_SEED", "2,10").split(",")]  # one known, one unknown


@pytest.fixture
def undrawn(office: Office) -> Iterator[Office]:
    """Afterwards Ongoing answers as it did: other tests share it."""
    yield office
    office.ongoing.set_options(**asdict(Options()))


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_a_system_looks_like_it_is_understood_or_a_person_is_told(undrawn: Office, seed: int) -> None:
    """By the functions as they are deployed, with what they are allowed to do; nobody tells them what was drawn."""
    office, system = undrawn, drawn_system(seed)
    office.ongoing.set_options(**asdict(system.shape), **system.quirks)
    office.sign_in()
    alert = office.page.get_by_role("alert")
    waited_for(
        "an answer to the sign-in",
        lambda: office.page.url.startswith(office.stack.fortnox_url) or alert.count() or None,
    )
    if system.unknown and alert.count():
        expect(alert).to_contain_text(office.say(label_of(LandingProblem.WMS_NOT_UNDERSTOOD)))
        return
    office.approve()
    office.arrive("/setup")
    office.create()
    office.sync()
    sent = office.fortnox.invoices(office.tenant_id)
    if not system.unknown:
        assert len(sent) >= 6 - (system.shape.layout == "legacy")  # which names no currency
        return
    office.open("/issues")
    assert office.main.locator("article.issue").count() > 0
