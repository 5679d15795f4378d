"""What each function is told by its environment: one frozen model per function, read once at start.

The command of the service operator is told the same by the stack.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

from invoicing.domain.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What every function is told. A field's variable is its name in upper case."""

    stage_name: str  # also bound into every ciphertext
    log_level: str
    powertools_service_name: str
    powertools_metrics_namespace: str

    @classmethod
    def variables(cls) -> frozenset[str]:
        """Names of the environment variables that this function needs; the template sets exactly these."""
        return frozenset(field.name.upper() for field in fields(cls))

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> Self:
        """Raises ConfigurationError that names every missing variable."""
        missing = sorted(name for name in cls.variables() if name not in environment)
        if missing:
            raise ConfigurationError(f"missing environment variables: {', '.join(missing)}")
        return cls(**{field.name: environment[field.name.upper()] for field in fields(cls)})


@dataclass(frozen=True, slots=True, kw_only=True)
class LandingSettings(Settings):
    """functions/landing"""

    integrations_table: str
    sessions_table: str
    notices_table: str
    kms_key_id: str
    fortnox_auth_base_url: str
    fortnox_client_id: str
    signing_secret_arn: str
    ongoing_api_base_url: str
    public_base_url: str
    support_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthCallbackSettings(Settings):
    """functions/oauth_callback"""

    integrations_table: str
    tokens_table: str
    sessions_table: str
    notices_table: str
    sync_queue_url: str
    kms_key_id: str
    journal_bucket: str
    fortnox_auth_base_url: str
    fortnox_api_base_url: str
    fortnox_client_id: str
    fortnox_secret_arn: str
    public_base_url: str
    support_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings(Settings):
    """functions/portal"""

    integrations_table: str
    tokens_table: str
    exports_table: str
    sessions_table: str
    notices_table: str
    sync_queue_url: str
    kms_key_id: str
    journal_bucket: str
    fortnox_auth_base_url: str
    fortnox_api_base_url: str
    fortnox_client_id: str
    fortnox_secret_arn: str
    signing_secret_arn: str
    ongoing_api_base_url: str
    public_base_url: str
    support_address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchSyncsSettings(Settings):
    """functions/dispatch_syncs"""

    integrations_table: str
    sync_queue_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncInvoicesSettings(Settings):
    """functions/sync_invoices"""

    slow_sync_queue_url: str
    integrations_table: str
    tokens_table: str
    exports_table: str
    notices_table: str
    sync_queue_url: str
    kms_key_id: str
    journal_bucket: str
    fortnox_auth_base_url: str
    fortnox_api_base_url: str
    fortnox_client_id: str
    fortnox_secret_arn: str
    ongoing_api_base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepTokensSettings(Settings):
    """functions/keep_tokens"""

    integrations_table: str
    tokens_table: str
    notices_table: str
    kms_key_id: str
    journal_bucket: str
    fortnox_auth_base_url: str
    fortnox_api_base_url: str
    fortnox_client_id: str
    fortnox_secret_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotifyOperatorsSettings(Settings):
    """functions/notify_operators"""

    integrations_table: str
    exports_table: str
    notices_table: str
    signing_secret_arn: str
    sender_address: str
    support_address: str
    alarm_email: str  # may be empty
    mail_configuration_set: str
    public_base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSettings(Settings):
    """runtime/command.py. Each field is an output of the template: `sync_queue_url` is SyncQueue."""

    integrations_table: str
    tokens_table: str
    exports_table: str
    notices_table: str
    journal_bucket: str
    sync_queue_url: str
    slow_sync_queue_url: str
    sync_dead_letters_url: str
    notice_dead_letters_url: str
    notify_operators_function: str

    @classmethod
    def of_stack(cls, stack_name: str, outputs: Mapping[str, str], parameters: Mapping[str, str]) -> Self:
        """Raises ConfigurationError that names every missing output."""
        shared = {field.name for field in fields(Settings)}
        own = {field.name: output_of(field.name) for field in fields(cls) if field.name not in shared}
        told = {**parameters, **outputs}
        missing = sorted(output for output in own.values() if output not in told)
        if missing:
            raise ConfigurationError(
                f"stack {stack_name} has no output {', '.join(missing)}: it is another stack, or an older one "
                "that must be deployed again."
            )
        return cls(
            stage_name=parameters.get("StageName", ""),
            log_level="WARNING",
            powertools_service_name="command",
            powertools_metrics_namespace=f"Invoicing/{stack_name}",
            **{name: told[output] for name, output in own.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings(CommandSettings):
    """`invoicing check …`, which talks to Fortnox and Ongoing as the functions do."""

    kms_key_id: str
    fortnox_secret_arn: str
    fortnox_auth_base_url: str
    fortnox_api_base_url: str
    fortnox_client_id: str
    ongoing_api_base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetSettings(CheckSettings):
    """`invoicing forget`, which disconnects as the portal does."""

    sessions_table: str


# Outputs and parameters that are not called like the field.
_CALLED = {
    "kms_key_id": "DataKeyAlias",
    "fortnox_auth_base_url": "FortnoxAuthBaseUrl",
    "fortnox_api_base_url": "FortnoxApiBaseUrl",
    "ongoing_api_base_url": "OngoingApiBaseUrl",
}


def output_of(name: str) -> str:
    """The output of the template that a field of CommandSettings is read from."""
    return _CALLED.get(name) or "".join(word.capitalize() for word in name.removesuffix("_url").split("_"))
