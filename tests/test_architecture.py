"""The rooms: imports point left only, nothing runs in circles, and what is slow to import stays out of the way."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("corpus", "index", "qa", "ui")  # data flows from left to right, imports from right to left


def _files() -> list[Path]:
    return [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {_module(path): path for path in _files()}


def _imports(path: Path) -> Iterator[str]:
    """Every module of ours that a file imports, also inside functions and under TYPE_CHECKING."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively, line {node.lineno}"
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                yield whole if whole in MODULES else str(node.module)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names)


def _ours(path: Path) -> set[str]:
    return {name for name in _imports(path) if name.split(".")[0] in ROOMS}


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_left_only(module: str) -> None:
    room = ROOMS.index(module.split(".")[0])
    wrong = {name for name in _ours(MODULES[module]) if ROOMS.index(name.split(".")[0]) > room}
    assert not wrong


def test_no_module_imports_itself_round_a_circle() -> None:
    # Importing a package's submodule runs the package's own file too, but that needs no name of the submodule.
    graph = {module: _ours(path) - {module} for module, path in MODULES.items()}
    TopologicalSorter(graph).prepare()


def test_rooms_import_nothing_from_tests_training_or_benchmarks() -> None:
    outside = {name.split(".")[0] for path in _files() for name in _imports(path)}
    assert not outside & {"tests", "conftest", "training", "benchmarks"}


@pytest.mark.parametrize("module", ["ui.cli", "qa.pipeline", "index.library"])
def test_importing_loads_neither_torch_nor_the_chat(module: str) -> None:
    heavy = "torch transformers sentence_transformers gradio fastapi uvicorn pandas trafilatura".split()
    code = f"import sys, {module}; print(*[name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_every_data_file_of_a_room_is_packaged() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]
    packages, data = settings["packages"], settings["package-data"]
    forgotten = []
    for path in (path for room in ROOMS for path in (ROOT / room).rglob("*")):
        if path.is_dir() or path.suffix in (".py", ".pyc"):
            continue
        package = max((p for p in packages if path.is_relative_to(ROOT / p.replace(".", "/"))), key=len)
        inside = path.relative_to(ROOT / package.replace(".", "/")).as_posix()
        if not any(fnmatch(inside, pattern) for pattern in data.get(package, [])):
            forgotten.append(path.relative_to(ROOT).as_posix())
    assert forgotten == []


def test_every_package_is_listed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    there = {_module(path) for path in _files() if path.name == "__init__.py"}
    assert there == set(listed)
