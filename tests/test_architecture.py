"""The house rules that no linter holds: sizes, purpose lines, public names, the error tree, light imports."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import promptkit
from promptkit import errors

PACKAGE = Path(promptkit.__file__).parent
OWN = sorted(path for path in PACKAGE.rglob("*.py") if path.relative_to(PACKAGE).parts[0] != "demo")
MODULES = [*OWN, PACKAGE / "demo" / "__init__.py"]
HEAVY = (
    "pydantic",
    "jinja2",
    "h11",
    "httpx",
    "llama_cpp",
    "llguidance",
    "numpy",
    "yaml",
    "rich",
    "typer",
    "tenacity",
)


def named(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_a_module_says_its_purpose_and_stays_under_400_lines_and_50_a_function(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)

    assert ast.get_docstring(tree), "a module starts with a line that says what it is for"
    assert len(text.splitlines()) <= 400
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            docstring = ast.get_docstring(node, clean=False) or ""
            length = (node.end_lineno or 0) - node.lineno + 1 - len(docstring.splitlines())
            assert length <= 50, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_public_names_are_listed_and_exist(path: Path) -> None:
    dotted = ".".join(("promptkit", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    )
    module = importlib.import_module(dotted)
    listed = getattr(module, "__all__", None)

    if listed is None:
        assert not [
            name for name in vars(module) if inspect.isfunction(vars(module)[name]) and name[0] != "_"
        ]
        return
    for name in listed:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("path", OWN, ids=named)
def test_no_module_catches_everything_or_passes_over_an_error(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, "a bare except"
            assert not any(isinstance(item, ast.Pass) for item in node.body), "an except that passes"


def test_the_public_surface_has_at_most_30_names_and_none_is_shadowed_by_a_submodule() -> None:
    submodules = {
        path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    }

    assert len(promptkit.__all__) <= 30
    for name in promptkit.__all__:
        public = getattr(promptkit, name)
        assert name not in submodules or inspect.ismodule(public), name
    assert set(promptkit.__all__) <= set(dir(promptkit))


def test_an_unknown_public_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Promt'"):
        promptkit.Promt  # noqa: B018


def test_the_error_tree_in_the_docstring_equals_the_classes() -> None:
    drawn: dict[str, str] = {}
    stack: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.fullmatch(r"([│├└ ]*)([A-Za-z]+)", line.rstrip())
        if match is None or not hasattr(errors, match.group(2)):
            continue
        depth = (len(match.group(1)) + 1) // 3
        del stack[depth:]
        drawn[match.group(2)] = stack[-1] if stack else "Exception"
        stack.append(match.group(2))
    classes = {
        name: item.__mro__[1].__name__
        for name, item in vars(errors).items()
        if inspect.isclass(item) and issubclass(item, errors.PromptKitError)
    }

    assert drawn == classes


def test_importing_promptkit_loads_nothing_heavy() -> None:
    code = f"import sys, promptkit; print([name for name in {HEAVY!r} if name in sys.modules])"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "[]"


def test_no_vendor_is_named_outside_the_backends() -> None:
    vendors = re.compile(r"anthropic|gemini|mistral|ollama|deepseek", re.IGNORECASE)
    allowed = {"backends", "demo"}

    found = [
        f"{named(path)}:{number}"
        for path in OWN
        if path.relative_to(PACKAGE).parts[0] not in allowed
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if vendors.search(line)
    ]

    assert found == []


def test_one_module_alone_knows_the_http_client() -> None:
    knowing = [path for path in OWN if re.search(r"^\s*(import|from) h11", path.read_text(), re.MULTILINE)]

    assert [named(path) for path in knowing] == ["backends/http_client.py"]
