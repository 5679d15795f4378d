"""The warehouse of the demo: a month of ordinary and of troublesome invoices."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from local.ongoing.warehouse import Charge, GoodsOwner, Invoice, PriceListItem, User, Warehouse

WAREHOUSE = "nordlager"
CUSTOMER_ID = "4711"
USERNAME = "fortnox-api"
PASSWORD = "gul-truck-17"

KAFFE, MOBLER, NORDIC, CAFE, UNKNOWN, TRAINING = 1, 2, 3, 4, 5, 6

# Invoices by what is special about them.
PLAIN = 5001
MANY_CHARGES = 5002
THREE_DECIMALS = 5003
CLAIM = 5004
EUROS = 5005
NO_CUSTOMER_CODE = 5006
UNKNOWN_CUSTOMER = 5007
NO_ARTICLE_NUMBER = 5008
ARTICLE_NUMBER_WITH_SPACE = 5009
JUNK_ACCOUNT = 5010
SUM_DIFFERS = 5011
OWN_NUMBER = 5012
STILL_GROWING = 5013
OF_TRAINING = 5014
EXPORTED_BEFORE = 5015

_OWNERS = (
    GoodsOwner(id=KAFFE, name="Kaffe & Kakao AB", financial_code="1001", reference="Åsa Öberg"),
    GoodsOwner(id=MOBLER, name="Möbelhuset i Malmö AB", financial_code="1002"),
    GoodsOwner(id=NORDIC, name="Nordic Gear AS", financial_code="1003", currency="EUR"),
    GoodsOwner(id=CAFE, name="Café <Ångström> & Söner"),
    GoodsOwner(id=UNKNOWN, name="Nystartad E-handel HB", financial_code="9999"),
    GoodsOwner(id=TRAINING, name="Utbildning", financial_code="1001", is_training=True),
)


def _pallets(charge_id: int, quantity: int, price: str = "85.00") -> Charge:
    return Charge(
        id=charge_id,
        code="100",
        title="Pallplats",
        account="3041",
        unit_price=Decimal(price),
        quantity=Decimal(quantity),
        comment="Lagring, pallplats & månad",
    )


def _picking(charge_id: int, quantity: int, order: int, day: date) -> Charge:
    return Charge(
        id=charge_id,
        code="PLOCK",
        title="Plock per rad",
        account="3042",
        unit_price=Decimal("4.50"),
        quantity=Decimal(quantity),
        action_date=day,
        order_number=f"SO-{order}",
        order_reference=f"Webb {order}",
        profit_centre_code="HANT",
        profit_centre_name="Hantering",
    )


def _one(
    charge_id: int, title: str, price: str, code: str | None, account: str | None, *, quantity: str = "1"
) -> Charge:
    return Charge(
        id=charge_id,
        code=code,
        title=title,
        account=account,
        unit_price=Decimal(price),
        quantity=Decimal(quantity),
    )


def default_warehouse(today: date) -> Warehouse:
    """The system "nordlager": last month's invoices as seen on `today`, a date in Sweden."""
    this_month = today.replace(day=1)
    last_day = this_month - timedelta(days=1)
    first_day = last_day.replace(day=1)
    month_before = first_day - timedelta(days=1)

    def of_last_month(invoice_id: int, owner: int, *charges: Charge, **more: str | Decimal) -> Invoice:
        return Invoice(
            id=invoice_id,
            goods_owner_id=owner,
            title=f"Lager och hantering {first_day:%Y-%m}",
            invoice_date=last_day,
            period_start=first_day,
            period_end=last_day,
            charges=charges,
            **more,  # type: ignore[arg-type]  # only texts and an amount are handed on
        )

    picks = [
        _picking(510 + n, quantity=1 + n % 7, order=88_000 + n, day=first_day + timedelta(days=n % 28))
        for n in range(40)
    ]
    freight = [_one(560 + n, "Frakt & emballage", "129.00", "FRAKT", "3051") for n in range(3)]
    invoices = (
        of_last_month(PLAIN, KAFFE, _pallets(501, 12), your_reference="Åsa Öberg"),
        of_last_month(MANY_CHARGES, KAFFE, *picks, *freight, your_order_number="PO-2231"),
        of_last_month(
            THREE_DECIMALS,
            MOBLER,
            _one(571, "Etikett", "0.125", "ETIKETT", "3042", quantity="1000"),
            _pallets(572, 7),
        ),
        of_last_month(
            CLAIM,
            MOBLER,
            _pallets(581, 10),
            _one(582, "Reklamation: skadat gods < 2 kg", "-250.00", "REKL", "3041"),
        ),
        of_last_month(
            EUROS,
            NORDIC,
            _pallets(591, 20, "9.75"),
            _one(592, "Customs", "35.00", "TULL", "3051", quantity="2"),
        ),
        of_last_month(NO_CUSTOMER_CODE, CAFE, _pallets(601, 3)),
        of_last_month(UNKNOWN_CUSTOMER, UNKNOWN, _pallets(611, 4)),
        of_last_month(
            NO_ARTICLE_NUMBER,
            KAFFE,
            _pallets(621, 2),
            _one(622, "Övrigt arbete", "480.00", None, "3042", quantity="2"),
        ),
        of_last_month(
            ARTICLE_NUMBER_WITH_SPACE,
            MOBLER,
            _one(631, "Plock ställage", "6.25", "PLOCK RAD", "3042", quantity="88"),
        ),
        of_last_month(JUNK_ACCOUNT, MOBLER, _one(641, "Inventering", "1250.00", "INVENT", "1", quantity="2")),
        of_last_month(SUM_DIFFERS, KAFFE, _pallets(651, 5), amount=Decimal("437.50")),
        of_last_month(OWN_NUMBER, KAFFE, _pallets(661, 1), number="880012"),
        Invoice(
            id=STILL_GROWING,
            goods_owner_id=KAFFE,
            title=f"Lager och hantering {this_month:%Y-%m}",
            invoice_date=today,
            period_start=this_month,
            period_end=(this_month + timedelta(days=31)).replace(day=1) - timedelta(days=1),
            is_active=True,
            charges=(_pallets(671, 6),),
        ),
        of_last_month(OF_TRAINING, TRAINING, _pallets(681, 999)),
        Invoice(
            id=EXPORTED_BEFORE,
            goods_owner_id=MOBLER,
            title="Lager och hantering",
            number="1",
            invoice_date=month_before,
            period_start=month_before.replace(day=1),
            period_end=month_before,
            is_exported=True,
            exported_at=datetime.combine(first_day, time(8), UTC),
            charges=(_pallets(691, 8),),
        ),
    )
    return Warehouse(
        name=WAREHOUSE,
        customer_id=CUSTOMER_ID,
        users=(User(username=USERNAME, password=PASSWORD),),
        goods_owners=_OWNERS,
        price_list=_price_list(invoices),
        invoices=invoices,
    )


def _price_list(invoices: tuple[Invoice, ...]) -> tuple[PriceListItem, ...]:
    """What the invoices were charged from: one entry per goods owner and title."""
    charged = {(one.goods_owner_id, charge.title): charge for one in invoices for charge in one.charges}
    return tuple(
        PriceListItem(
            id=item_id,
            goods_owner_id=owner,
            title=title,
            unit_price=charge.unit_price,
            code=charge.code,
            account=charge.account,
        )
        for item_id, ((owner, title), charge) in enumerate(charged.items(), start=301)
    )
