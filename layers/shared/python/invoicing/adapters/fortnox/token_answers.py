"""Answers of Fortnox's token endpoint: what is in them, and what a refusal says."""

import base64
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationError

from invoicing.domain.errors import UnreadableTokensError
from invoicing.domain.tokens import Tokens
from invoicing.wire import Message, NotJsonError, Secret, Text, faults_of, parse_json

_HOUR = 3600
_LONGEST_ERROR = 60


def _life(value: object) -> int:
    """A strange one is taken for Fortnox's hour: renewing too early costs a call, never renewing costs the night."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 24 * _HOUR else _HOUR


def _text_or_none(value: object) -> str:
    return value if isinstance(value, str) else ""


class _Answer(Message):
    """By client credentials: a refresh token is not expected, and does no harm."""

    access_token: Secret
    refresh_token: Annotated[str, BeforeValidator(_text_or_none)] = ""
    expires_in: Annotated[int, BeforeValidator(_life)] = _HOUR
    scope: Annotated[str, BeforeValidator(_text_or_none)] = ""


class _Pair(_Answer):
    refresh_token: Secret


class _Refusal(Message):
    error: Annotated[str, BeforeValidator(_text_or_none)] = ""


class _Claims(Message):
    """Of an access token, a JWT whose key Fortnox does not publish."""

    tenant_id: Text = Field(default="", alias="tenantId")


def read_tokens(raw: bytes, *, received_at: datetime, needs_refresh_token: bool) -> Tokens:
    """Reads the body of a token answer, whatever its content type said (Fortnox sends text/html too).

    A name that is there twice does not cost a pair: the last one counts. Raises UnreadableTokensError.
    """
    try:
        body = parse_json(raw, once=False)
        answer = (_Pair if needs_refresh_token else _Answer).model_validate(body)
    except NotJsonError as error:
        raise UnreadableTokensError(str(error)) from None
    except ValidationError as error:
        raise UnreadableTokensError(faults_of(error)) from None
    return Tokens(
        access_token=answer.access_token,
        refresh_token=answer.refresh_token,
        expires_at=received_at + timedelta(seconds=answer.expires_in),
        scopes=frozenset(answer.scope.split()),
        tenant_id=_tenant_of(answer.access_token),
    )


def read_error(raw: bytes) -> str:
    """The code of a refusal, or '' when it has none: recorded refusals are text/html and text/plain."""
    try:
        return _Refusal.model_validate(parse_json(raw, once=False)).error[:_LONGEST_ERROR]
    except (NotJsonError, ValidationError):
        return ""


def _tenant_of(access_token: str) -> str:
    """The claim `tenantId`, or '': not every token is a JWT with one."""
    parts = access_token.split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = parse_json(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)), once=False)
        text = _Claims.model_validate(claims).tenant_id
    except ValueError:  # of base64, JSON and models alike
        return ""
    return text if text.isascii() and text.isdigit() else ""
