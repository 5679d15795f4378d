"""The built layers: compiled, complete, and nothing in them that Lambda has already."""

import importlib.util
from pathlib import Path

import pytest

layers = pytest.mark.parametrize("layer", ["DependenciesLayer", "SharedLayer"])
UNCHECKED_HASH = 0b01  # PEP 552: compared with a hash, and not checked at run time
LIMIT_MB = 60  # Lambda allows 250; what is loaded is paid for by whoever waits for a cold start


@layers
def test_every_module_is_compiled_so_that_lambda_need_not(built: Path, layer: str) -> None:
    """Lambda's disk is read-only: without bytecode each cold start compiles everything again."""
    modules = list((built / layer / "python").rglob("*.py"))
    compiled = [Path(importlib.util.cache_from_source(str(module))) for module in modules]

    assert modules
    assert [str(path) for path in compiled if not path.exists()] == []
    assert {int.from_bytes(path.read_bytes()[4:8], "little") for path in compiled} == {UNCHECKED_HASH}


@layers
def test_a_layer_has_its_packages_where_python_looks(built: Path, layer: str) -> None:
    """One folder too deep builds without a word and fails at the first import."""
    assert not (built / layer / "python" / "python").exists()


def test_the_shared_layer_holds_our_package_and_nothing_else(built: Path) -> None:
    """Leftovers of an installation would be deployed for ever."""
    top = {path.name for path in (built / "SharedLayer" / "python").iterdir()}

    assert top == {"invoicing"}


def test_templates_and_translations_are_in_the_shared_layer(built: Path) -> None:
    """They are no Python, so a build that copies modules only would lose them."""
    package = built / "SharedLayer" / "python" / "invoicing"
    source = Path(__file__).resolve().parents[2] / "layers" / "shared" / "python" / "invoicing"
    data = {path.relative_to(source) for path in source.rglob("*") if path.suffix in {".html", ".txt", ".css", ".mo"}}

    assert data
    assert {path for path in data if not (package / path).is_file()} == set()


def test_the_sdk_is_left_to_lambdas_runtime(built: Path) -> None:
    """It is half of what an artefact would weigh."""
    top = {path.name for path in (built / "DependenciesLayer" / "python").iterdir()}

    assert not {"boto3", "botocore", "s3transfer"} & top


def test_compiled_code_is_for_the_processor_that_the_functions_run_on(built: Path) -> None:
    """A wheel of the building machine imports there and nowhere else."""
    libraries = list((built / "DependenciesLayer" / "python").rglob("*.so"))

    assert libraries
    for library in libraries:
        header = library.read_bytes()[:20]
        assert header[:4] == b"\x7fELF", library
        assert int.from_bytes(header[18:20], "little") == 0x3E, library  # x86-64


@layers
def test_a_layer_stays_small(built: Path, layer: str) -> None:
    """Every megabyte is unpacked before the first answer."""
    size = sum(path.stat().st_size for path in (built / layer).rglob("*") if path.is_file())

    assert size < LIMIT_MB * 1_000_000
