"""From the result of GetPriceListByQuery to a price list. Little of it is published; what is not known is not said."""

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from xml.etree.ElementTree import Element

from invoicing.adapters.ongoing import values
from invoicing.adapters.ongoing.beliefs import PriceListAnswer, PriceListArticleAnswer
from invoicing.adapters.ongoing.documents import is_nil
from invoicing.adapters.ongoing.things import NotThatThingError, UnknownName, read, unknown_names, values_of
from invoicing.domain.errors import WmsNotUnderstoodError
from invoicing.domain.price_list import PricedArticle, PriceList
from invoicing.domain.wms_knowledge import Misunderstanding


def read_price_list(result: Element, where: str) -> tuple[PriceList, Mapping[UnknownName, int]]:
    """The entries of a result that succeeded, and the names in it that no model has.

    A field that no entry has under a known name is taken for empty only where no entry has an unknown name either:
    else it may be that one. Raises WmsNotUnderstoodError if there is no list, or if it is none.
    """
    unknown = Counter(unknown_names(PriceListAnswer, result))
    try:
        found = read(PriceListAnswer, result).articles
        items = [item for item in found or () if not is_nil(item)]
        answers = [read(PriceListArticleAnswer, item) for item in items]
    except NotThatThingError as error:
        raise _not_understood(f"{where}: {error}", unknown) from None
    if not items and any(name.holds_elements for name in unknown):
        raise _not_understood(f"{where}: no list of articles was found", unknown)
    inside = Counter(name for item in items for name in unknown_names(PriceListArticleAnswer, item))
    written = [values_of(PriceListArticleAnswer, item) for item in items]
    is_plain = not any(name.thing == PriceListArticleAnswer.noun for name in inside)
    known = {field for one in written for field, value in one.items() if value is not None}

    def said(field: str) -> bool:
        return is_plain or field in known

    articles = tuple(
        PricedArticle(
            title=answer.title,
            number=answer.code if said("code") else None,
            account=answer.account if said("account") else None,
            price=_price(answer, is_written=one.get("price") is not None) if said("price") else None,
        )
        for answer, one in zip(answers, written, strict=True)
    )
    return PriceList(articles=articles), unknown + inside


def _price(answer: PriceListArticleAnswer, *, is_written: bool) -> Decimal | None:
    if answer.matrix is not None or _if_true(answer.is_from_statistics) or (is_written and answer.price is None):
        return None
    return answer.price or Decimal(0)


def _if_true(said: str) -> bool:
    try:
        return bool(said) and values.boolean(said)
    except ValueError:
        return True  # whatever it says


def _not_understood(what: str, unknown: Mapping[UnknownName, int]) -> WmsNotUnderstoodError:
    return WmsNotUnderstoodError(what, kind=Misunderstanding.LIST, unknown=[str(name) for name in unknown])
