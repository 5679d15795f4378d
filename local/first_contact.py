"""`make first-contact SEED=n`: a system that the product is not told about, from the first check to a year's habit.

Shape, names, texts and quirks of Ongoing's answers are drawn by the seed. The check finds out; the story then runs in
one process, and ends as it does with the likeliest system, or is refused so that a person is told. There is no third
way: an invoice that silently does not move ends this with 1.
"""

import argparse
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from random import Random
from typing import Any

from invoicing.adapters.ongoing.client import OngoingClient
from invoicing.adapters.ongoing.examine import OngoingExaminer
from invoicing.application.prove_login import SignInRefusedError
from invoicing.domain.errors import InvoicingError
from invoicing.domain.wms_invoice import WmsLogin
from invoicing.domain.wms_knowledge import WmsKnowledge

from local.ongoing.options import Layout, LoginRefusal, PriceMeaning, Shape
from local.ongoing.seed import PASSWORD, USERNAME, WAREHOUSE
from local.ongoing.shapes import drawn, drawn_unknown
from tests.support.fakes import FakeWmsMemory
from tests.support.world import World

LOGIN = WmsLogin(warehouse=WAREHOUSE, username=USERNAME, password=PASSWORD)
_UNKNOWN_SHARE = 0.3  # of the seeds give a system that no product can know
_CUT_SHARE = 0.3  # of the systems that do not page
_REFUSALS = ("Invalid username or password.", "Felaktigt användarnamn eller lösenord", "Login failed", "Access denied")


class Ending(StrEnum):
    """How a first contact ends. Only the last one is a defect."""

    SURVIVED = "survived"  # every invoice as with the likeliest system, without a human
    REFUSED = "refused"  # nothing wrong was sent, and a person is told
    SILENT = "silent"  # an invoice does not move or is wrong, and nobody is told


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What a seed draws, and what nobody tells the product."""

    shape: Shape
    quirks: Mapping[str, Any]
    unknown: str  # what no product can know of it; empty if it carries all information


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """One first contact."""

    system: System
    understood: bool  # by the check
    ending: Ending
    said: tuple[str, ...]  # what people were told


def drawn_system(seed: int) -> System:
    """The same for a seed each time."""
    dice = Random(seed)
    quirks: dict[str, Any] = {
        "price_meaning": dice.choice(list(PriceMeaning)),
        "login_refusal": dice.choice(list(LoginRefusal)),
        "login_message": dice.choice(_REFUSALS),
        "id_from_inclusive": dice.random() < 0.5,
        "dates_inclusive": dice.random() < 0.5,
        "newest_first": dice.random() < 0.1,
        **{
            name: dice.random() < 0.15
            for name in ("ignore_is_exported", "ignore_dates", "ignore_max", "ignore_invoice_ids", "ignore_with_rows")
        },
        "ignore_id_from": dice.random() < 0.1,
        "is_exported_hides": dice.random() < 0.05,
    }
    if not quirks["newest_first"] and not quirks["ignore_id_from"]:  # without paging, what is cut cannot be had
        quirks["most_at_once"] = dice.choice([None, None, None, 4, 13])
    if dice.random() < _UNKNOWN_SHARE:
        shape, unknown = drawn_unknown(seed)
        return System(shape=shape, quirks=quirks, unknown=unknown)
    blind = quirks["ignore_is_exported"] and quirks["ignore_invoice_ids"]  # nothing would show what is hidden
    if "most_at_once" not in quirks and not blind and dice.random() < _CUT_SHARE:
        return System(shape=drawn(seed), quirks={**quirks, "most_at_once": 4}, unknown="it cuts lists and has no pages")
    return System(shape=drawn(seed), quirks=quirks, unknown="")


def meet(system: System) -> Contact:
    """The check, the activation, two runs and a correction; then what is in Fortnox is compared."""
    world = World(wms_memory=FakeWmsMemory(WmsKnowledge()))
    world.ongoing.set_options(**asdict(system.shape), **system.quirks)
    said: list[str] = []
    try:
        client = OngoingClient(world.to_ongoing, base_url="https://api.ongoing.example")
        examination = OngoingExaminer(client).examine(LOGIN)
        understood = examination.is_understood
        said += [f"{one.question}: {one.seen}" for one in examination.learned if one.stops]
        said += examination.mends
    except InvoicingError as error:
        understood = False
        said.append(str(error))
    try:
        world.connect()
    except SignInRefusedError as refused:
        return Contact(system=system, understood=understood, ending=Ending.REFUSED, said=(*said, str(refused)))
    summary = None
    for _ in range(2):
        summary = world.run()
        world.later(minutes=15)
    same = _outcome(world) == _expected(system.shape.layout)
    told = [event for event, _ in world.reports if event in ("run_failed", "wms_not_understood", "invoice_held")]
    is_told = summary is not None and (summary.problem is not None or summary.held > 0) and bool(told)
    ending = Ending.SURVIVED if same else Ending.REFUSED if is_told and _nothing_wrong(world) else Ending.SILENT
    return Contact(system=system, understood=understood, ending=ending, said=(*said, *sorted(set(told))))


@cache
def _expected(layout: Layout) -> Mapping[int, tuple[bool, Decimal]]:
    """What the likeliest system gives; the older names carry no currency, so that layout has its own."""
    world = World()
    world.ongoing.set_options(layout=layout)
    world.connect()
    world.run()
    world.later(minutes=15)
    world.run()
    return _outcome(world)


def _outcome(world: World) -> Mapping[int, tuple[bool, Decimal]]:
    """For each invoice of Ongoing: whether it is marked, and its net in Fortnox."""
    nets = _nets(world)
    return {
        one.id: (one.is_exported, sum(nets.get(one.id, []), Decimal(0)))
        for one in world.ongoing.warehouse(WAREHOUSE).invoices
    }


def _nothing_wrong(world: World) -> bool:
    """Each invoice that is in Fortnox is there once, with Ongoing's own total."""
    totals = {one.id: one.total for one in world.ongoing.warehouse(WAREHOUSE).invoices}
    return all(nets == [totals[invoice_id]] for invoice_id, nets in _nets(world).items())


def _nets(world: World) -> Mapping[int, list[Decimal]]:
    found: dict[int, list[Decimal]] = {}
    for one in world.ongoing.warehouse(WAREHOUSE).invoices:
        export = world.exports.get(WAREHOUSE, one.id)
        if export is not None and export.fortnox_number and export.fortnox_net is not None:
            found.setdefault(one.id, []).append(export.fortnox_net)
    return found


def main() -> int:
    """Meets one system, or as many as are asked for; 1 if anything was silent."""
    parser = argparse.ArgumentParser(prog="local.first_contact", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=1, help="so many seeds from this one on")
    asked = parser.parse_args()
    endings: dict[Ending, int] = dict.fromkeys(Ending, 0)
    carrying = survived = 0
    for seed in range(asked.seed, asked.seed + asked.count):
        contact = meet(drawn_system(seed))
        endings[contact.ending] += 1
        carrying += not contact.system.unknown
        survived += not contact.system.unknown and contact.ending is Ending.SURVIVED
        unlike = {
            name: value for name, value in asdict(contact.system.shape).items() if value != getattr(Shape(), name)
        }
        print(
            f"seed {seed}: {contact.ending}; the check says {'understood' if contact.understood else 'NOT understood'}"
        )
        if asked.count == 1 or contact.ending is Ending.SILENT:
            print(f"  drawn: {unlike}, {dict(contact.system.quirks)}")
            print(f"  unknown: {contact.system.unknown or 'nothing'}")
            for line in contact.said:
                print(f"  told: {line}")
    print(f"{survived} of {carrying} that carry the information survived without a human; {dict(endings)}")
    return 1 if endings[Ending.SILENT] else 0


if __name__ == "__main__":
    sys.exit(main())
