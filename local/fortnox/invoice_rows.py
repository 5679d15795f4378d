"""Invoice rows: what Fortnox fills in, refuses, and how an update merges rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from local.fortnox import refusals
from local.fortnox.articles import vat_of_account
from local.fortnox.company import Company, FinancialYear
from local.fortnox.fields import Cleared, Fields
from local.fortnox.money import hundredths, price_row
from local.fortnox.options import Options
from local.fortnox.refusals import Refusal

# The VAT types of customers who are invoiced without VAT.
WITHOUT_VAT: Final = frozenset({"SEREVERSEDVAT", "EUREVERSEDVAT", "EXPORT"})

# The article's field, and the predefined account where the article has none.
_ACCOUNTS_OF: Final = {
    "SEREVERSEDVAT": ("ConstructionAccount", "SALESCONSTRUCTION"),
    "EUREVERSEDVAT": ("EUAccount", "SALESEU"),
    "EUVAT": ("EUVATAccount", "SALESEUVAT"),
    "EXPORT": ("ExportAccount", "SALESEXPORT"),
}

_BLANK_ROW: Final[Fields] = {
    "AccountNumber": 0,
    "ArticleNumber": "",
    "ContributionPercent": "0",
    "ContributionValue": "0",
    "Cost": 0,
    "CostCenter": "",
    "DeliveredQuantity": "0",
    "Description": "",
    "Discount": Decimal(0),
    "DiscountType": "PERCENT",
    "HouseWork": False,
    "HouseWorkHoursToReport": None,
    "HouseWorkType": None,
    "Price": Decimal(0),
    "PriceExcludingVAT": Decimal(0),
    "Project": "",
    "RowId": 0,
    "StockPointCode": None,
    "Total": Decimal(0),
    "TotalExcludingVAT": Decimal(0),
    "Unit": "",
    "VAT": 0,
    "VATCode": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """What the rows of one invoice depend on: the company's registers, the customer, and the invoice's head."""

    company: Company
    options: Options
    customer: Fields
    """The card as it is now; a row that comes later takes its account from it (measured)."""
    vat_type: str
    """The customer's VAT type when the invoice was created; it decides the VAT (measured)."""
    invoice_date: date
    cost_center: str
    price_list: str
    vat_included: bool

    @property
    def year(self) -> FinancialYear | None:
        return self.company.year_of(self.invoice_date)

    def new_row(self, sent: Fields) -> Fields:
        """A row that was not there before: Fortnox fills in what was not sent. Raises Refusal."""
        article = self._article(sent)
        row = dict(_BLANK_ROW)
        account_number = sent.get("AccountNumber")
        if article is not None:
            row["ArticleNumber"] = article["ArticleNumber"]
            row["Description"] = article["Description"]
            row["Unit"] = article["Unit"] or ""
            listed = self.company.prices.get(self.price_list, {}).get(article["ArticleNumber"])
            row["Price"] = Decimal(listed if listed is not None else article["SalesPrice"] or 0)
        elif account_number is None and not self.options.row_without_article_gets_account:
            raise Refusal(refusals.ROW_ACCOUNT_NOT_FOUND, "Kunde inte hitta konto 0")
        row["AccountNumber"] = self._default_account(article, sent)
        row["CostCenter"] = self.cost_center
        if self.options.customer_discount_applied and self.customer["InvoiceDiscount"]:
            row["Discount"] = Decimal(self.customer["InvoiceDiscount"])
        if not self.options.zero_discount_honoured and sent.get("Discount") == 0:
            sent = {name: value for name, value in sent.items() if name != "Discount"}
        used = account_number if isinstance(account_number, int) else row["AccountNumber"]
        row["VAT"] = self._vat(used, article if account_number is None else None)
        return self._finish(row, sent)

    def changed_row(self, old: Fields, sent: Fields) -> Fields:
        """`old` with the fields that were sent; everything else keeps its value. Raises Refusal."""
        self._article(sent)
        return self._finish(dict(old), sent)

    def merged(self, old_rows: list[Fields], sent_rows: list[Fields]) -> list[Fields]:
        """The rows after an update, by Fortnox's two rules. Raises Refusal.

        No row has a RowId: rows are matched by position and inherit what is not sent; rows at the end that
        are not sent are removed. Any row has one: it changes that row, rows without are new, and old rows
        that are not named are removed.
        """
        if all("RowId" not in row for row in sent_rows):
            return [
                self.changed_row(old_rows[index], row) if index < len(old_rows) else self.new_row(row)
                for index, row in enumerate(sent_rows)
            ]
        old_by_id = {row["RowId"]: row for row in old_rows}
        rows = []
        for sent in sent_rows:
            if "RowId" not in sent:
                rows.append(self.new_row(sent))
                continue
            old = old_by_id.pop(sent["RowId"], None)
            if old is None:
                raise Refusal(refusals.ROW_ID_UNKNOWN, "Raden finns inte på fakturan. (RowId)")
            rows.append(self.changed_row(old, sent))
        return rows

    def _article(self, sent: Fields) -> Fields | None:
        number = sent.get("ArticleNumber")
        if not isinstance(number, str):
            return None
        entry = self.company.articles.get(number)
        if entry is None or not entry.fields["Active"]:
            raise Refusal(refusals.ROW_ARTICLE_NOT_FOUND, f"Kunde inte hitta artikel {number}.")
        if entry.fields["HouseworkType"]:
            # Measured: the type comes with the article, whether or not its box is ticked.
            raise Refusal(
                refusals.HOUSEWORK_ON_ROW, f"Raden har husarbete, men fakturan har ingen skattereduktion. ({number})"
            )
        return entry.fields

    def _default_account(self, article: Fields | None, sent: Fields) -> int:
        """The account that Fortnox takes when a row names none: by the customer's VAT type, then the article."""
        vat_type = self.customer["VATType"]
        on_article, predefined = _ACCOUNTS_OF.get(vat_type, ("SalesAccount", "SALES"))
        if vat_type == "SEVAT" and sent.get("VAT") == 0:
            return self.company.predefined_account("SALES_0_SE")  # measured
        account = article[on_article] if article is not None else self.customer["SalesAccount"]
        return int(account or self.company.predefined_account(predefined))

    def _vat(self, account_number: int, article: Fields | None) -> int:
        if self.vat_type in WITHOUT_VAT or not self.company.vat_registered:
            return 0
        if article is not None and account_number == article["SalesAccount"]:
            return int(article["VAT"] or 0)
        return vat_of_account(self.company, self.company.account(account_number, year=self.year))

    def _finish(self, row: Fields, sent: Fields) -> Fields:
        for name, value in sent.items():
            if value is Cleared.FIELD:
                row[name] = _BLANK_ROW[name]
            elif name == "DeliveredQuantity":
                row[name] = str(hundredths(value))
            elif name in ("Price", "Discount"):
                row[name] = hundredths(value)
            elif name != "RowId":
                row[name] = value
        article = self.company.articles.get(row["ArticleNumber"])
        if self.options.stock_articles_deliver_nothing and article and article.fields["Type"] == "STOCK":
            row["DeliveredQuantity"] = "0"
        if not self.company.vat_registered:
            row["VAT"] = 0
        self._check(row)
        price_row(row, vat_included=self.vat_included)
        return row

    def _check(self, row: Fields) -> None:
        number = row["AccountNumber"]
        if number:
            account = self.company.account(number, year=self.year)
            if account is None:
                raise Refusal(refusals.ROW_ACCOUNT_NOT_FOUND, f"Kunde inte hitta konto {number}")
            if not account["Active"]:
                raise Refusal(refusals.ACCOUNT_INACTIVE, f"Kontot är inte aktivt. ({number})")
            if account["CostCenterSettings"] == "MANDATORY" and not row["CostCenter"]:
                raise Refusal(refusals.COST_CENTER_MANDATORY, f"Kostnadsställe måste anges för konto {number}.")
        if row["CostCenter"] and row["CostCenter"] not in self.company.cost_centers:
            raise Refusal(refusals.COST_CENTER_NOT_FOUND, "Kan inte hitta kostnadsstället. (CostCenter)")
        if row["Project"]:
            raise Refusal(refusals.PROJECT_NOT_FOUND, "Kan inte hitta projektet. (Project)")
        if row["Unit"] and row["Unit"] not in self.company.units:
            raise Refusal(refusals.UNIT_NOT_FOUND, "Kan inte hitta enheten. (Unit)")
        if row["VAT"] not in self.company.vat_rates:
            raise Refusal(refusals.VAT_RATE_UNKNOWN, "Momssatsen finns inte. (VAT)")
