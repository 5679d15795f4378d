"""Sets up a fresh machine: `python3 local/bootstrap.py` needs nothing but Python 3.9 or newer.

Makes `.venv` (Python 3.13, the locked packages, this project), `.venv-ministack` (the emulated AWS) and `.venv-checks`
(linters of the template), and looks for Chromium and axe-core. Does nothing when all is up to date. Standard library
only, in the language of Python 3.9.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".venv-uv"
PROJECT = ROOT / ".venv"
# Environments apart from that of the project, each from a lock of its own.
APART = {ROOT / ".venv-ministack": "requirements/ministack.txt", ROOT / ".venv-checks": "requirements/checks.txt"}
UV = "uv==0.13.9"
WANTED = (3, 13)
AXE = "axe-core@4.14.1"
AXE_INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
AXE_SCRIPT = ROOT / ".venv-axe" / AXE / "axe.min.js"
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
    if not AXE_SCRIPT.exists():
        try:
            get_axe()
        except SetUpError as error:
            say(f"no {AXE}, so tests with a browser will fail: {error}")


def write_locks() -> None:
    """Pin everything by version and hash; what is pinned already and still fits stays as it is."""
    runtime = "layers/dependencies/requirements.txt"
    dev = "requirements/dev.txt"
    say("locking")
    lock(["pyproject.toml", "--group", "dev", "--output-file", dev])
    # The tests run what is shipped: both locks have the same version of what both name. The tools decide, because they
    # are the narrower ones.
    lock(["pyproject.toml", "--constraint", dev, "--output-file", runtime])
    for locked in APART.values():
        lock([locked.replace(".txt", ".in"), "--output-file", locked])


def lock(arguments: Sequence[str]) -> None:
    # Without header and addresses, a lock is the same whoever writes it and wherever packages come from.
    options = ["--generate-hashes", "--no-header", "--no-annotate", "--no-emit-index-url", "--quiet"]
    uv(["pip", "compile", *arguments, *options, "--python-version", "3.13", "--python", str(interpreter())])


def up_to_date(environment: Path, inputs: Sequence[Path]) -> bool:
    stamp = environment / ".prepared"
    return stamp.is_file() and stamp.read_text() == digest(inputs) and python_of(environment).exists()


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
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder and (Path(folder) / name).is_file():
            yield Path(folder) / name
    pyenv = Path(os.environ.get("PYENV_ROOT", str(Path.home() / ".pyenv")))
    yield from sorted(pyenv.glob(f"versions/{WANTED[0]}.{WANTED[1]}*/bin/python"), reverse=True)
    for prefix in ("/usr/local", "/opt/homebrew"):
        if (Path(prefix) / "bin" / name).is_file():
            yield Path(prefix) / "bin" / name


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
        run([str(TOOLS / "bin" / "pip"), "install", "--quiet", "--disable-pip-version-check", UV])
    return program


def browser() -> str | None:
    """The browser of the end-to-end tests; CHROMIUM names another one."""
    named = os.environ.get("CHROMIUM")
    return named or next((found for name in BROWSERS for found in [shutil.which(name)] if found), None)


def get_browser() -> None:
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        say("installing Chromium")
        quiet = {"DEBIAN_FRONTEND": "noninteractive"}
        try:
            run(["apt-get", "update", "-qq"], quiet)
            run(["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"], quiet)
        except SetUpError as error:
            say(f"Chromium could not be installed, so tests with a browser are skipped ({error})")
        return
    say("no Chromium here, so tests with a browser are skipped; install it, or name one in CHROMIUM")


def get_axe() -> None:
    """Fetch axe-core, which checks pages for accessibility, with npm. Raises SetUpError."""
    if shutil.which("npm") is None:
        raise SetUpError("it is fetched with npm; on Debian: apt-get install npm, then run `make ready`")
    say(f"fetching {AXE}")
    with tempfile.TemporaryDirectory() as folder:
        run(["npm", "pack", "--silent", "--pack-destination", folder, AXE])
        archive = next(Path(folder).glob("*.tgz"))
        found = "sha512-" + base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != AXE_INTEGRITY:
            raise SetUpError(f"what npm gave is not the {AXE} that this project was tested with: {found}")
        with tarfile.open(archive) as files:
            script = files.extractfile("package/axe.min.js")
            assert script is not None
            AXE_SCRIPT.parent.mkdir(parents=True, exist_ok=True)
            AXE_SCRIPT.write_bytes(script.read())


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
