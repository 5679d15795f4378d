"""An office's day: a browser at the pages as they are wired, and the truth as both simulators have it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from html import unescape
from typing import Any

from invoicing.domain.integration import Integration
from invoicing.domain.integration_settings import IntegrationSettings, Language
from invoicing.domain.work import Work, work_of
from invoicing.pages.settings_form import form_of
from invoicing.rendering.formats import format_amount

from local.fortnox.seed import TENANT_ID
from local.ongoing import seed
from local.ongoing.seed import WAREHOUSE
from local.ongoing.warehouse import Invoice
from local.tour import HERE, Seen, Tour, Visitor
from tests.support.world import World

TILE = r"<strong>(\d+)</strong>(.*?)</li>"
MORE = 7001  # ids of invoices that a test adds


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the front page says, in one language."""

    language: Language
    pill: str
    tones: frozenset[str]  # of pill and sentence
    what: str
    todo: str
    tiles: tuple[tuple[int, str], ...]  # waiting, held, sent: the number and the words below it
    looked: str
    foreseen: str  # before the first run
    badge: int  # in the menu

    def has(self, tile: int, work: Work) -> bool:
        """Whether a tile shows just this number, with each of its sums."""
        number, words = self.tiles[tile]
        return number == work.count and all(
            format_amount(amount, currency, self.language) in words for currency, amount in work.sums.items()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What both sides have."""

    unsent: Work  # in Ongoing, not marked as exported
    growing: Work  # of these, those whose period has not ended
    in_fortnox: Work


class Day:
    """One warehouse, connected and created; `office` is its browser."""

    def __init__(self, *, created: bool = True) -> None:
        """Not `created`: Fortnox has approved, and the settings are still to be looked through."""
        self.tour = Tour()
        self.office = Visitor(self.tour)
        if created:
            self.world.connect()
        else:
            self.world.approve(self.world.start())
        self.office.log_in()

    @property
    def world(self) -> World:
        return self.tour.world

    @property
    def integration(self) -> Integration:
        found = self.world.integrations.get(WAREHOUSE)
        assert found is not None
        return found

    def add(self, count: int, like: int = seed.PLAIN, first: int = MORE, **changes: Any) -> None:
        """More invoices like one of the demo's."""
        plain = next(one for one in seed.default_warehouse(self.world.today).invoices if one.id == like)
        for number in range(count):
            self.world.ongoing.put_invoice(WAREHOUSE, replace(plain, id=first + number, **changes))

    def only(self, invoices: Iterable[Invoice] = ()) -> None:
        """A system that has nothing but these."""
        warehouse = self.world.ongoing.warehouse(WAREHOUSE)
        self.world.ongoing.put_warehouse(replace(warehouse, invoices=tuple(invoices)))

    def give_customer_code(self, goods_owner: int, code: str) -> None:
        """Somebody mends it in Ongoing."""
        warehouse = self.world.ongoing.warehouse(WAREHOUSE)
        owners = [replace(one, financial_code=code) if one.id == goods_owner else one for one in warehouse.goods_owners]
        self.world.ongoing.put_warehouse(replace(warehouse, goods_owners=tuple(owners)))

    def later(self, **time: float) -> None:
        """Time passes, and the schedule's run comes."""
        self.world.later(**(time or {"minutes": 15}))
        self.world.run()

    def break_keys(self) -> None:
        """The company withdraws its approval, and every try to mend that fails."""
        world = self.world
        world.fortnox.revoke_consent(TENANT_ID)
        world.fortnox.destroy_tokens(TENANT_ID)
        world.later(minutes=61)
        world.run()
        for _ in range(40):
            if self.integration.broken_since is not None:
                return
            world.later(minutes=5)
            self.tour._keep_tokens()
        raise AssertionError("the keys still work")

    def see(
        self, path: str = "", language: Language = Language.ENGLISH, query: Mapping[str, str] | None = None
    ) -> Seen:
        """A page of the integration."""
        return self.office.get(f"{HERE}{path}", query, language=language)

    def fill_in(self, *, language: Language = Language.ENGLISH, **fields: str) -> Seen:
        """The form of the settings as it is shown, with these fields instead, and the button that they name."""
        body = self.see("/settings", language).body
        hidden = dict(re.findall(r'type="hidden" name="(csrf|version)" value="([^"]*)"', body))
        settings = self.integration.settings or IntegrationSettings(
            from_date=self.world.today, problem_address="ekonomi@nordlager.example"
        )
        form = {**form_of(settings), **hidden, **fields}
        return self.office.post(f"{HERE}/settings", form, language=language)

    def overview(self, language: Language) -> Overview:
        """The front page, read."""
        body = self.see("", language).body
        pill = _one(r'<span class="pill ([^"]*)">([^<]*)</span>', body)
        card = _one(r'<section class="card standing (\w+)"[^>]*>\s*<p class="what">(.*?)</p>\s*<p>(.*?)</p>', body)
        tiles = re.search(r'<ul class="tiles">(.*?)</ul>', body, re.DOTALL)
        foreseen = re.search(r'<section class="card" id="foreseen">(.*?)</section>', body, re.DOTALL)
        looked = re.search(r'</ul>\s*<p class="hint">(.*?)</p>', body, re.DOTALL)
        badge = re.search(r'<span class="count">(\d+)</span>', body)
        return Overview(
            language=language,
            pill=unescape(pill[1]),
            tones=frozenset({pill[0].split()[0], card[0]}),
            what=unescape(card[1]),
            todo=unescape(card[2]),
            tiles=tuple(
                (int(number), unescape(re.sub(r"<[^>]*>", " ", words)))
                for number, words in re.findall(TILE, tiles[1] if tiles else "", re.DOTALL)
            ),
            looked=words_of(looked[1]) if looked else "",
            foreseen=words_of(foreseen[1]) if foreseen else "",
            badge=int(badge[1]) if badge else 0,
        )

    def truth(self) -> Truth:
        """Both sides as they are now."""
        warehouse = self.world.ongoing.warehouse(WAREHOUSE)
        owners = {owner.id: owner for owner in warehouse.goods_owners}
        open_ones = [
            one for one in warehouse.invoices if not one.is_exported and not owners[one.goods_owner_id].is_training
        ]
        invoices: Mapping[str, Any] = self.world.fortnox.state()["companies"][TENANT_ID]["invoices"]
        today: date = self.world.today

        def work(some: Iterable[Invoice]) -> Work:
            return work_of((owners[one.goods_owner_id].currency or "SEK", one.total) for one in some)

        return Truth(
            unsent=work(open_ones),
            growing=work(one for one in open_ones if one.period_end is not None and one.period_end >= today),
            in_fortnox=work_of((one["Currency"], Decimal(str(one["Net"]))) for one in invoices.values()),
        )


def less(work: Work, *others: Work) -> Work:
    """What is left of it."""
    for other in others:
        sums = {currency: amount - other.sums.get(currency, Decimal(0)) for currency, amount in work.sums.items()}
        work = Work(count=work.count - other.count, sums={name: left for name, left in sums.items() if left})
    return work


def words_of(html: str) -> str:
    """What a person reads of it."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def _one(pattern: str, body: str) -> tuple[str, ...]:
    found = re.search(pattern, body, re.DOTALL)
    assert found is not None, f"the page has nothing like {pattern}"
    return found.groups()
