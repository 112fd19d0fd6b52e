"""Who may import whom, where torch may be, and what no file may be."""

import ast
import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from tests.support.runs import ROOT

PACKAGE = ROOT / "xai_sleep"
FILES = sorted(PACKAGE.rglob("*.py"))

# A part of the package may import from itself and from the lines above its own, and inside a line
# from what stands further to the left.
LAYERS = (
    (
        "",
        "errors",
        "progress",
        "schema",
        "components",
        "recordings",
        "coherence",
        "models",
    ),
    ("windows",),
    ("metrics", "explain", "detect"),
    ("results",),
    ("evaluate", "config"),
    ("baselines", "leaks", "experiment", "predict", "fetch"),
    ("report", "tracking", "dashboard", "sweep", "__main__", "inspect"),
)
RANK = {part: rank for rank, part in enumerate(chain(*LAYERS))}

# Science that can be called without a deep-learning framework.
WITHOUT_TORCH = (
    *("recordings.intervals", "recordings.recording", "windows.windows", "windows.folds"),
    *("windows.balance", "metrics.windows", "metrics.events", "metrics.maps", "metrics.statistics"),
    *("config", "schema", "detect.detector", "detect.tuning"),
)
FRAMEWORKS = {"torch", "torchmetrics", "pytorch_lightning", "captum", "wandb"}


def module_name(path: Path) -> str:
    """Name of a module inside the package: ``data.windows``, empty for the package itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in FILES}


def part_of(module: str) -> str:
    return module.partition(".")[0]


def imports(path: Path, *, at_once: bool = False) -> Iterator[str]:
    """Full names imported anywhere in a file, or (``at_once``) when it is imported itself."""
    tree = ast.parse(path.read_text())
    for node in ast.iter_child_nodes(tree) if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            source = str(node.module)
            for alias in node.names:
                name = f"{source}.{alias.name}"
                yield name if name.removeprefix("xai_sleep.") in MODULES else source


def own(path: Path, *, at_once: bool = False) -> set[str]:
    """Modules of the package that a file imports."""
    names = {name for name in imports(path, at_once=at_once) if part_of(name) == "xai_sleep"}
    return {name.partition(".")[2] for name in names}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_one_way(module: str) -> None:
    part = part_of(module)
    assert part in RANK, f"{module} has no place in LAYERS yet"
    for other in own(MODULES[module], at_once=not module):  # the package itself imports lazily
        assert other in MODULES
        allowed = part_of(other) == part or RANK[part_of(other)] < RANK[part]
        assert allowed, f"{module} must not import {other}"


def test_no_two_modules_import_each_other() -> None:
    """Nor any longer circle, inside a part of the package."""
    graph = {module: own(path) - {module} for module, path in MODULES.items()}
    while free := {module for module, needs in graph.items() if not needs & graph.keys()}:
        graph = {module: needs for module, needs in graph.items() if module not in free}
    assert not graph


def test_there_are_seven_layers_at_most() -> None:
    assert len(LAYERS) <= 7


def test_no_two_packages_may_import_each_other() -> None:
    needs = {
        part: {part_of(other) for m in MODULES if part_of(m) == part for other in own(MODULES[m])}
        for part in RANK
    }
    assert not [(a, b) for a in needs for b in needs[a] if a < b and a in needs[b]]


@pytest.mark.parametrize("module", [module for module in MODULES if module.startswith("report.")])
def test_what_draws_imports_nothing_that_computes(module: str) -> None:
    if module != "report.__main__":  # an entry point: it asks for the comparison
        needed = {part_of(other) for other in own(MODULES[module])}
        assert needed.isdisjoint(
            {"evaluate", "metrics", "explain", "detect", "experiment", "leaks"}
        )


def test_only_entry_points_import_what_draws_and_tracks() -> None:
    above = {"report", "tracking", "dashboard"}
    for module, path in MODULES.items():
        if part_of(module) not in above and module not in ("__main__", "inspect"):
            assert not {part_of(other) for other in own(path)} & above, module


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_science_knows_no_framework(module: str) -> None:
    """Neither it nor anything that is imported with it."""
    seen: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        seen.add(name)
        path = MODULES[name]
        top = {part_of(each) for each in imports(path, at_once=True)}
        assert top.isdisjoint(FRAMEWORKS), f"{module} needs {name}, which imports a framework"
        waiting |= own(path, at_once=True) - seen
    assert module in seen


def test_files_are_named_for_an_idea() -> None:
    words = {word for module in MODULES for word in module.replace(".", "_").split("_")}
    assert "windows" in words
    assert words.isdisjoint({"utils", "util", "helpers", "helper", "common", "misc", "base"})


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_says_what_it_is_and_can_be_read_in_one_go(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text))
    assert len(text.splitlines()) <= 400


def functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function with the module it is in."""
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                yield module, node


def parameters(function: ast.FunctionDef) -> list[ast.arg]:
    named = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [argument for argument in named if argument.arg not in ("self", "cls")]


def test_seven_parameters_are_enough() -> None:
    """But for constructors, whose arguments are the settings of a component."""
    many = [
        f"{module}.{function.name}"
        for module, function in functions()
        if function.name != "__init__" and len(parameters(function)) > 7
    ]
    assert not many


def test_signatures_say_what_they_take_and_give() -> None:
    """Three in a hundred may hold ``Any``: where files of others are read, or libraries asked."""
    loose = []
    for module, function in functions():
        said = [each.annotation for each in parameters(function)] + [function.returns]
        text = " ".join(ast.unparse(each) for each in said if each is not None)
        if re.search(r"\bAny\b", text):
            loose.append(f"{module}.{function.name}")
    assert len(loose) <= 0.03 * len(list(functions())), loose


@pytest.mark.parametrize(
    ("text", "where"),
    [(">= threshold", "metrics.windows"), ('"results.json"', "results.run")],
)
def test_one_place_decides(text: str, where: str) -> None:
    assert [module for module, path in MODULES.items() if text in path.read_text()] == [where]


def test_the_house_stays_small() -> None:
    def lines(part: str) -> int:
        return sum(
            len(p.read_text().splitlines()) for m, p in MODULES.items() if m.startswith(part)
        )

    assert lines("") <= 17_500
    assert lines("report") <= 2_500
