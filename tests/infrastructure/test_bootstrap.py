"""Setting up a machine that lacks something, or that does not let us look."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from local import bootstrap


def not_allowed(*_: object) -> Iterator[Path]:
    """What a folder of somebody else says."""
    raise PermissionError(13, "Permission denied")


@pytest.mark.parametrize("looking", ["glob", "is_file"])
def test_a_folder_that_cannot_be_read_has_no_interpreter_and_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, looking: str
) -> None:
    """PYENV_ROOT or PATH may name what only others may read."""
    monkeypatch.setenv("PYENV_ROOT", "/nowhere/pyenv")
    monkeypatch.setenv("PATH", "/root/bin")
    monkeypatch.setattr(Path, looking, not_allowed)

    assert next(bootstrap.candidates()).name.startswith("python")
    assert "/nowhere" not in str(list(bootstrap.candidates()))


def test_an_interpreter_of_pyenv_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest first."""
    for version in ("3.13.0", "3.13.1", "3.12.9"):
        program = tmp_path / "versions" / version / "bin" / "python"
        program.parent.mkdir(parents=True)
        program.touch()
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))

    found = [one.parts[-3] for one in bootstrap.candidates() if tmp_path in one.parents]
    assert found == ["3.13.1", "3.13.0"]


def test_who_is_not_root_gets_chromium_by_playwright(monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the checkout, where the tests look for it."""
    asked: list[tuple[Sequence[str], Mapping[str, str]]] = []
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(bootstrap, "run", lambda command, settings: asked.append((command, settings)))
    bootstrap.get_browser()

    ((command, settings),) = asked
    assert command[1:] == ["-m", "playwright", "install", "chromium"]
    assert settings["PLAYWRIGHT_BROWSERS_PATH"] == str(bootstrap.CHROMIUM)


def test_where_no_chromium_can_be_had_one_sentence_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The rest of the set-up goes on."""

    def unreachable(*_: object) -> str:
        raise bootstrap.SetUpError("`playwright install` failed:\nsome lines\nError: getaddrinfo ENOTFOUND")

    monkeypatch.setattr(bootstrap, "run", unreachable)
    bootstrap.get_browser()
    said = capsys.readouterr().out.splitlines()

    assert "name one in CHROMIUM (Error: getaddrinfo ENOTFOUND)" in said[-1]
    assert len(said) == 2


def test_a_chromium_of_playwrights_is_found_when_there_is_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CHROMIUM, then PATH, then the checkout's own."""
    program = tmp_path / "chromium-1200" / "chrome-linux" / "chrome"
    program.parent.mkdir(parents=True)
    program.touch()
    monkeypatch.setattr(bootstrap, "CHROMIUM", tmp_path)
    monkeypatch.delenv("CHROMIUM", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _name: None)

    assert bootstrap.browser() == str(program)
    monkeypatch.setenv("CHROMIUM", "/opt/chromium")
    assert bootstrap.browser() == "/opt/chromium"
