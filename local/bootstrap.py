"""Sets up a fresh machine: `python3 local/bootstrap.py` needs nothing but Python 3.9 or newer.

Makes `.venv` (Python 3.13, the locked packages, this project), `.venv-ministack` (the emulated AWS) and `.venv-checks`
(linters of the template), and looks for Chromium and axe-core. Does nothing when all is up to date. Standard library
only, in the language of Python 3.9.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".venv-uv"
PROJECT = ROOT / ".venv"
# Environments apart from that of the project, each from a lock of its own.
APART = {ROOT / ".venv-ministack": "requirements/ministack.txt", ROOT / ".venv-checks": "requirements/checks.txt"}
WANTED = (3, 13)
SDK = ("boto3", "botocore", "s3transfer", "python-dateutil", "six")  # what the Lambda runtime has, so no layer has it
AXE = ROOT / ".venv-axe"
AXE_SCRIPT = AXE / "axe.min.js"
CHROMIUM = ROOT / ".venv-chromium"  # where Playwright puts its own, for people who may not install one
OWN_BROWSERS = ("chrome", "headless_shell", "chrome-headless-shell", "Chromium")
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class SetUpError(Exception):
    """What is missing on this machine, and what to do about it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Set up what is asked for; 0 when it is there, 1 with one sentence when it cannot be."""
    parser = argparse.ArgumentParser(description="Sets up this checkout.")
    parser.add_argument("--lock", action="store_true", help="write the locks anew from what the project names")
    options = parser.parse_args(arguments)
    try:
        if options.lock:
            write_locks()
        prepare()
    except SetUpError as error:
        print(f"set-up: {error}", file=sys.stderr)
        return 1
    return 0


def prepare() -> None:
    """Bring all environments up to date. Raises SetUpError."""
    project_inputs = [ROOT / "requirements/dev.txt", ROOT / "pyproject.toml", Path(__file__)]
    if not up_to_date(PROJECT, project_inputs):
        say("preparing .venv")
        make_environment(PROJECT)
        uv(["pip", "sync", "--quiet", "--require-hashes", "requirements/dev.txt"], environment=PROJECT)
        # Editable, so that tests and tools import the code that stands in the layer's folder.
        uv(["pip", "install", "--quiet", "--no-deps", "--editable", str(ROOT)], environment=PROJECT)
        remember(PROJECT, project_inputs)
        if browser() is None:
            get_browser()
    for environment, locked in APART.items():
        inputs = [ROOT / locked, Path(__file__)]
        if not up_to_date(environment, inputs):
            say(f"preparing {environment.name}")
            make_environment(environment)
            uv(["pip", "sync", "--quiet", "--require-hashes", locked], environment=environment)
            remember(environment, inputs)
    axe_inputs = [ROOT / "requirements/axe.txt"]
    if not AXE_SCRIPT.exists() or not is_stamped(AXE, axe_inputs):
        get_axe()
        remember(AXE, axe_inputs)


def write_locks() -> None:
    """Pin everything by version and hash; what is pinned already and still fits stays as it is."""
    runtime = "layers/dependencies/requirements.txt"
    dev = "requirements/dev.txt"
    say("locking")
    lock(["pyproject.toml", "--group", "dev", "--output-file", dev])
    # The tests run what is shipped: both locks have the same version of what both name. The tools decide, because they
    # are the narrower ones.
    left_out = [option for name in SDK for option in ("--no-emit-package", name)]
    lock(["pyproject.toml", "--constraint", dev, *left_out, "--output-file", runtime])
    for locked in (*APART.values(), "requirements/uv.txt"):
        lock([locked.replace(".txt", ".in"), "--output-file", locked])
    lock(["requirements/axe.in", "--no-deps", "--output-file", "requirements/axe.txt"])


def lock(arguments: Sequence[str]) -> None:
    # Without header and addresses, a lock is the same whoever writes it and wherever packages come from.
    options = ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]
    uv(["pip", "compile", *arguments, *options, "--python-version", "3.13", "--python", str(interpreter())])


def up_to_date(environment: Path, inputs: Sequence[Path]) -> bool:
    return is_stamped(environment, inputs) and python_of(environment).exists()


def is_stamped(folder: Path, inputs: Sequence[Path]) -> bool:
    stamp = folder / ".prepared"
    return stamp.is_file() and stamp.read_text() == digest(inputs)


def remember(environment: Path, inputs: Sequence[Path]) -> None:
    (environment / ".prepared").write_text(digest(inputs))


def digest(inputs: Sequence[Path]) -> str:
    total = hashlib.sha256()
    for path in inputs:
        total.update(path.read_bytes())
    return total.hexdigest()


def make_environment(environment: Path) -> None:
    if version(python_of(environment)) == WANTED:
        return
    shutil.rmtree(environment, ignore_errors=True)
    uv(["venv", "--quiet", "--python", str(interpreter()), str(environment)])


def python_of(environment: Path) -> Path:
    return environment / "bin" / "python"


def interpreter() -> Path:
    """A Python 3.13: this one, one on PATH, one of pyenv, else one that uv fetches."""
    for candidate in candidates():
        if version(candidate) == WANTED:
            return candidate
    say("no Python 3.13 on this machine; uv fetches one")
    try:
        uv(["python", "install", "--quiet", "3.13"], downloads="automatic")
        found = uv(["python", "find", "--managed-python", "3.13"], downloads="automatic")
    except SetUpError as error:
        raise SetUpError("Python 3.13 is missing and could not be fetched; install it and run again") from error
    return Path(found.strip())


def candidates() -> Iterator[Path]:
    yield Path(sys.executable)
    name = f"python{WANTED[0]}.{WANTED[1]}"
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += [Path("/usr/local/bin"), Path("/opt/homebrew/bin")]
    yield from (folder / name for folder in folders if exists(folder / name))
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    yield from reversed(listed(Path(pyenv), f"versions/{WANTED[0]}.{WANTED[1]}*/bin/python"))


def exists(path: Path) -> bool:
    """Whether there is a file; what may not be looked at is none of ours."""
    try:
        return path.is_file()
    except OSError:
        return False


def listed(folder: Path, pattern: str) -> list[Path]:
    """The paths in a folder, in order; none of one that may not be looked at."""
    try:
        return sorted(folder.glob(pattern))
    except OSError:
        return []


def version(python: Path) -> tuple[int, int] | None:
    """What `python` really is; None for a shim without an interpreter behind it."""
    try:
        answer = subprocess.run(
            [str(python), "-c", "import sys; print(sys.version_info[0], sys.version_info[1])"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=30,
            check=True,
        )
        major, minor = answer.stdout.split()
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return int(major), int(minor)


def uv(arguments: Iterable[str], environment: Path | None = None, downloads: str = "never") -> str:
    """Run uv and give its output. Raises SetUpError with what uv said."""
    settings = {
        "UV_PYTHON_DOWNLOADS": downloads,  # an interpreter is fetched only when we decide so
        "UV_NO_PROGRESS": "1",
    }
    if environment is not None:
        settings["VIRTUAL_ENV"] = str(environment)
    return run([str(uv_program()), *arguments], settings)


def uv_program() -> Path:
    program = TOOLS / "bin" / "uv"
    if not program.exists():
        found = shutil.which("uv")
        if found:
            return Path(found)
        say("fetching uv")
        if not (TOOLS / "bin" / "pip").exists():
            try:
                run([sys.executable, "-m", "venv", str(TOOLS)])
            except SetUpError as error:
                shutil.rmtree(TOOLS, ignore_errors=True)
                raise SetUpError(
                    "this Python cannot make virtual environments; on Debian: apt-get install python3-venv"
                ) from error
        quiet = ["--quiet", "--disable-pip-version-check"]
        run([str(TOOLS / "bin" / "pip"), "install", *quiet, "--require-hashes", "-r", "requirements/uv.txt"])
    return program


def browser() -> str | None:
    """The browser of the end-to-end tests; CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    on_path = (found for name in BROWSERS for found in [shutil.which(name)] if found)
    own = (str(one) for one in sorted(CHROMIUM.glob("chromium*/**/*")) if one.name in OWN_BROWSERS and one.is_file())
    return named or next(on_path, None) or next(own, None)


def get_browser() -> None:
    """Install Chromium: from Debian as root, else by Playwright's own installer. Says one sentence when it cannot."""
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    say("installing Chromium")
    try:
        if is_root and shutil.which("apt-get"):
            quiet = {"DEBIAN_FRONTEND": "noninteractive"}
            run(["apt-get", "update", "-qq"], quiet)
            run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], quiet)
        else:
            settings = {"PLAYWRIGHT_BROWSERS_PATH": str(CHROMIUM), "PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT": "10000"}
            run([str(python_of(PROJECT)), "-m", "playwright", "install", "chromium"], settings)
    except SetUpError as error:
        reason = str(error).strip().splitlines()[-1]
        say(f"no Chromium, so tests with a browser are skipped; install it, or name one in CHROMIUM ({reason})")


def get_axe() -> None:
    """Fetch axe-core, which checks pages for accessibility, out of the package that carries it. Raises SetUpError."""
    say("fetching axe-core")
    locked = ["--no-deps", "--require-hashes", "--requirements", "requirements/axe.txt"]
    with tempfile.TemporaryDirectory() as folder:
        uv(["pip", "install", "--quiet", "--target", folder, *locked], environment=PROJECT)
        AXE.mkdir(exist_ok=True)
        shutil.copy(Path(folder) / "pytest_playwright_axe" / "resources" / "axe.min.js", AXE_SCRIPT)


def run(command: Sequence[str], settings: Mapping[str, str] | None = None) -> str:
    """Run a command quietly and give its output. Raises SetUpError with the last lines when it fails."""
    try:
        answer = subprocess.run(
            list(command),
            env={**os.environ, **(settings or {})},
            cwd=str(ROOT),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
        )
    except OSError as error:
        raise SetUpError(f"{command[0]} cannot be run: {error}") from error
    if answer.returncode != 0:
        said = "\n".join(answer.stdout.strip().splitlines()[-15:])
        raise SetUpError(f"`{' '.join(command[:4])} …` failed:\n{said}")
    return answer.stdout


def say(text: str) -> None:
    print(f"set-up: {text}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
