"""How the package is built: who imports whom, what an import costs, what every file keeps to."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import sot

PACKAGE = Path(sot.__file__).parent
REPOSITORY = Path(__file__).parents[1]

ANYTHING = None
FOUNDATIONS = {
    "_checks", "_cluster", "_compiled", "_constants", "_dispatch", "_extras", "_files",
    "_memory", "_operators", "_threads",
}  # fmt: skip
#: What each room of the house may import, besides the foundations and itself.
ARROWS = {
    **{name: set() for name in FOUNDATIONS},
    "__init__": {"losses"},
    "transport": set(),
    "spectra": set(),
    "losses": {"transport", "spectra"},
    "features": {"spectra"},
    "landscape": set(),
    "audio": set(),
    "metrics": {"losses", "spectra", "transport"},
    "plots": {"losses", "spectra", "transport", "landscape"},
    "harmonic": {"losses", "spectra", "audio", "plots"},
    "report": {"plots", "audio", "losses", "harmonic"},
    "cli": ANYTHING,
    "__main__": {"cli"},
}


def room_of(module):
    """The room that a dotted name inside the package lies in; public names come from losses."""
    parts = module.split(".")
    if len(parts) == 1 or parts[1] == "__version__":
        return None
    here = PACKAGE / parts[1]
    return parts[1] if here.is_dir() or here.with_suffix(".py").is_file() else "losses"


def imported_rooms(source, module):
    """Rooms that a source text imports anywhere, for the module of that dotted name."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                package = module.split(".")[: -node.level]
                base = ".".join([*package, base] if base else package)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "sot" and (room := room_of(name)):
                yield room


def forbidden_arrows(source, module):
    """Arrows from a module to rooms that its own room may not import."""
    room = module.split(".")[1]
    allowed = ARROWS.get(room, set())
    if allowed is ANYTHING:
        return set()
    rooms = set(imported_rooms(source, module))
    return {f"{room} -> {other}" for other in rooms - allowed - FOUNDATIONS - {room}}


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        inside = path.relative_to(PACKAGE).with_suffix("")
        yield path, ".".join(["sot", *inside.parts])


def test_imports_follow_the_arrows_of_the_house():
    found = set()
    for path, module in modules():
        found |= forbidden_arrows(path.read_text(), module)
    assert not found


def test_every_room_has_its_line_in_the_table():
    assert {module.split(".")[1] for _, module in modules()} <= set(ARROWS)


@pytest.mark.parametrize(
    ("source", "module", "arrow"),
    [
        ("import sot.spectra", "sot.transport.line", "transport -> spectra"),
        ("from sot import transport", "sot.spectra.stft", "spectra -> transport"),
        ("from sot.transport import line", "sot.spectra.stft", "spectra -> transport"),
        ("from ..losses import presets", "sot.spectra.stft", "spectra -> losses"),
        ("from .. import losses", "sot.transport.__init__", "transport -> losses"),
        ("def f():\n    import sot.cli._app as app", "sot.losses.presets", "losses -> cli"),
        ("if TYPE_CHECKING:\n    from sot.audio import Audio", "sot._checks", "_checks -> audio"),
        ("from sot import Wasserstein1DLoss", "sot.transport.line", "transport -> losses"),
        ("from sot.losses import presets", "sot.features", "features -> losses"),
    ],
)
def test_a_forbidden_arrow_is_found(source, module, arrow):
    assert forbidden_arrows(source, module) == {arrow}


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from sot import _checks\nfrom sot._constants import x", "sot.spectra.stft"),
        ("from sot.transport import line\nimport sot.spectra", "sot.losses.presets"),
        ("from .line import f\nfrom . import circle", "sot.transport.__init__"),
        ("import sot.harmonic, sot.losses", "sot.cli.compare"),
        ("import torch\nfrom sotto import voce", "sot.transport.line"),
        ("from sot import __version__", "sot.report.page"),
    ],
)
def test_an_allowed_arrow_is_not(source, module):
    assert forbidden_arrows(source, module) == set()


def fresh(program):
    """What a fresh interpreter prints that finds this package."""
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, env=environment
    )
    return run.stdout.split()


def test_importing_the_package_loads_torch_and_little_else():
    loaded = fresh("import sys, sot; print(*sys.modules)")
    assert "sot.losses" in loaded
    heavy = (
        "numba scipy.stats scipy.signal matplotlib lightning torchmetrics soundfile soxr typer rich"
    )
    assert not set(heavy.split()) & set(loaded)


def test_importing_the_package_takes_little_longer_than_importing_torch():
    program = (
        "import time, torch; start = time.perf_counter(); import sot;"
        "print(time.perf_counter() - start)"
    )
    # The least of a few runs, since others may use the machine at the same time.
    durations = [float(printed) for _ in range(4) for printed in fresh(program)]
    assert len(durations) == 4
    assert min(durations) < 0.3


def test_no_file_is_long():
    lengths = {module: len(path.read_text().splitlines()) for path, module in modules()}
    assert {module: length for module, length in lengths.items() if length > 420} == {}


def test_types_are_shipped():
    assert (PACKAGE / "py.typed").is_file()


def test_the_version_is_past_that_of_the_replaced_package():
    release = re.match(r"(\d+)\.(\d+)\.(\d+)", sot.__version__)
    assert release
    assert tuple(map(int, release.groups())) >= (0, 2, 0)


@pytest.mark.parametrize("name", sot.__all__)
def test_every_public_object_says_how_it_is_used(name):
    thing = getattr(sot, name)
    fields = getattr(thing, "_fields", None)
    if fields is None:
        assert re.search(r"^\s*(Args|Example):$", thing.__doc__, re.MULTILINE)
    else:  # a result, which is read and not made
        assert all(re.search(rf"\b{field}\b", thing.__doc__) for field in fields)


def tracked_files():
    """Files under version control, or all of an unpacked source distribution."""
    if (REPOSITORY / ".git").exists():
        command = ["git", "-C", str(REPOSITORY), "ls-files", "-z"]
        names = subprocess.run(command, capture_output=True, check=True, text=True).stdout
        return [REPOSITORY / name for name in names.split("\0") if name]
    return [path for path in REPOSITORY.rglob("*") if path.is_file()]


def test_no_text_file_names_a_place_on_somebodys_machine():
    places = [f"/{folder}/".encode() for folder in ("home", "root", "Users")]
    found = set()
    for path in tracked_files():
        content = path.read_bytes() if path.is_file() else b""
        if b"\0" not in content and any(place in content for place in places):
            found.add(str(path.relative_to(REPOSITORY)))
    assert not found
