"""The settings form, what is stored of it, and the domain's value: one set of names, one meaning."""

import subprocess
import sys
from dataclasses import fields
from datetime import date
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from invoicing.adapters.aws.items import attributes, read
from invoicing.domain.integration_settings import FIELDS, IntegrationSettings
from invoicing.pages.settings_form import FormRefusedError, SettingsForm, form_of, read_settings, sections
from invoicing.rendering.views import FieldProblem

SETTINGS = st.builds(
    IntegrationSettings,
    from_date=st.dates(min_value=date(2000, 1, 1)),
    problem_address=st.sampled_from(["a@example.com", "o'neil+faktura@example.com"]),
    default_unit=st.sampled_from(["st", "m³", "kolli"]),
)
CAREFUL = form_of(IntegrationSettings(from_date=date(2026, 3, 5), problem_address="a@example.com"))


@given(SETTINGS)
def test_what_the_form_says_is_what_is_stored(settings: IntegrationSettings) -> None:
    """Form, stored item and value have the same fields, and each reads what the other wrote."""
    assert read_settings(form_of(settings)) == settings
    assert read(IntegrationSettings, attributes(settings)) == settings
    assert set(form_of(settings)) == set(attributes(settings)) == set(FIELDS)


def test_a_default_of_the_form_is_the_default_of_the_settings() -> None:
    """Two opinions of what is careful would be one too many."""
    ours = {one.name: one.default for one in fields(IntegrationSettings)}
    forms = {name: one.default for name, one in SettingsForm.model_fields.items() if not one.is_required()}

    assert forms
    assert {name: ours[name] for name in forms} == forms


def test_every_setting_is_in_one_section_with_its_sentence() -> None:
    """And every value of a choice has its words."""
    shown = [field for section in sections() for field in section.fields]
    offered = {field.name: {choice.value for choice in field.choices} for field in shown if field.choices}
    annotations = {one.name: one.type for one in fields(IntegrationSettings)}
    choices = {
        name: set(kind) for name, kind in annotations.items() if isinstance(kind, type) and issubclass(kind, StrEnum)
    }

    assert sorted(field.name for field in shown) == sorted(FIELDS)
    assert all(field.title and field.sentence for field in shown)
    assert offered == choices


@pytest.mark.parametrize("name", FIELDS)
def test_a_refusal_names_the_field_and_shows_no_text(name: str) -> None:
    """What somebody typed is nobody's business but theirs."""
    typed = "<typed> by mistake \x00" * 200
    with pytest.raises(FormRefusedError) as refused:
        read_settings({**CAREFUL, name: typed})

    assert set(refused.value.problems) == {name}
    assert "typed" not in str(refused.value)
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_that_is_not_there_is_missed_unless_it_is_newer_than_open_pages(name: str) -> None:
    """A page that was open before there was a setting is saved with the careful one."""
    form = {one: value for one, value in CAREFUL.items() if one != name}
    if SettingsForm.model_fields[name].is_required():
        with pytest.raises(FormRefusedError) as refused:
            read_settings(form)

        assert refused.value.problems == {name: FieldProblem.MISSING}
    else:
        assert read_settings(form) == read_settings(CAREFUL)


def test_no_page_but_the_form_waits_for_pydantic() -> None:
    """Its import costs a third of the SDK's."""
    code = """
import importlib, pkgutil, sys
from invoicing import pages
for module in pkgutil.iter_modules(pages.__path__):
    if module.name != "settings_form":
        importlib.import_module(f"invoicing.pages.{module.name}")
print(*sys.modules)
"""
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)

    assert "invoicing.pages.overview" in loaded.stdout.split()
    assert not {"pydantic", "boto3", "requests"} & set(loaded.stdout.split())
