"""The pytest plugin: real models closed, and the fixtures of promptkit; loads nothing until a test uses it.

Hooks that pytest calls for each test are registered where a test needs them, so that all others cost nothing more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from promptkit.interception import state

if TYPE_CHECKING:
    from promptkit.testing.recording import RecordMode, Tape
    from promptkit.testing.scripts import MockLLM
    from promptkit.testing.snapshots import Snapshots

__all__ = [
    "cassette",
    "llm",
    "model",
    "prompt_snapshot",
    "pytest_addoption",
    "pytest_collect_file",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_configure_node",
    "pytest_generate_tests",
    "pytest_unconfigure",
]

_SUFFIXES = (".prompt.j2", ".prompt.yaml")
_FROZEN = "versions"
_PACKAGE = Path(__file__).parents[1]
_WAYS = contextlib.__file__  # what stands between two frames of promptkit
_PASSED = pytest.StashKey[bool]()
RAISED = pytest.StashKey[BaseException | None]()
"""What ended a test's own code."""
_TAPE = pytest.StashKey["Tape"]()
_SPENT = "promptkit_spent_in"


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, all named ``--pk-…``."""
    group = parser.getgroup("promptkit", "prompts")
    group.addoption("--pk-live", action="store_true", help="let every test ask real models")
    group.addoption(
        "--pk-budget",
        metavar="MOST",
        help="the most that real calls may cost: 0.50 (dollars), 20000tokens, or both",
    )
    group.addoption(
        "--pk-update-prompts", action="store_true", help="write what prompts render to into their snapshots"
    )
    group.addoption(
        "--pk-record",
        choices=["none", "missing", "all"],
        default="none",
        help="what the fixture cassette may ask real models for: nothing, what is not recorded, everything",
    )
    group.addoption(
        "--pk-prune-cassettes", action="store_true", help="remove recordings that their test did not ask for"
    )
    parser.addini("promptkit_live", "whether tests may ask real models without being opened", "bool", False)


def pytest_configure(config: pytest.Config) -> None:
    """Close real models for the whole run, its threads and tasks."""
    config.addinivalue_line("markers", "live: the test may ask real models")
    config.addinivalue_line(
        "markers",
        "reliable(runs=10, pass_rate=0.9, pass_k=None, rule='observed'): many runs, one outcome",
    )
    config.addinivalue_line("markers", "models(*backends): run once with each of these backends")
    before = state.gate, state.observers  # of a run around this one, whose tests run pytest
    run = _Run(config, before)
    config.pluginmanager.register(run, "promptkit-run")
    state.gate = run.gate


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave them as they were."""
    run: Any = config.pluginmanager.unregister(name="promptkit-run")
    if run is not None:
        state.gate, state.observers = run.before
        run.close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Give the file of what was spent to a process of pytest-xdist, so that all of them have one budget."""
    node.workerinput[_SPENT] = _run_of(node.config).spent_in


class _Run:
    """What one run of pytest knows."""

    def __init__(self, config: pytest.Config, before: tuple[Any, tuple[Any, ...]]) -> None:
        self.before = before
        self._plugins = config.pluginmanager
        self._root = config.rootpath
        self.live = bool(config.getoption("--pk-live") or config.getini("promptkit_live"))
        self.budget: str | None = config.getoption("--pk-budget")
        self.update = bool(config.getoption("--pk-update-prompts"))
        record: Any = config.getoption("--pk-record")
        self.record: RecordMode = record
        self.prune = bool(config.getoption("--pk-prune-cassettes"))
        self.snapshots: set[Path] = set()
        self._owners: dict[tuple[Path, str], str] = {}
        self.opened = self.live
        self._gate: Any = None
        self._folder: Any = None
        self.spent_in: str | None = getattr(config, "workerinput", {}).get(_SPENT)
        if self.budget is not None:
            self._real_gate()

    def close(self) -> None:
        """Remove what the run alone needed."""
        if self._folder is not None:
            self._folder.cleanup()

    def file_name(self, request: pytest.FixtureRequest) -> str:
        """How files of a test are named; tests of two classes may be called the same.

        Raises:
            pytest.UsageError: When another test's would be named so.
        """
        from promptkit.testing.snapshots import safe_name

        node: Any = request.node
        kind: type[Any] | None = getattr(node, "cls", None)
        name = safe_name(node.name if kind is None else f"{kind.__qualname__}.{node.name}")
        owner = self._owners.setdefault((request.path, name), node.nodeid)
        if owner != node.nodeid:
            raise pytest.UsageError(
                f"{owner} and {node.nodeid} would have one file, {name}; tell them apart by letters or digits, as in "
                "pytest.param(..., id='second')"
            )
        return name

    def gate(self, name: str) -> None:
        """Ask whether a backend may be asked for real; loads what that needs on first use."""
        gate = self._real_gate()
        gate.opened = self.opened
        self.watch(_Outcomes)
        gate(name)

    def _real_gate(self) -> Any:
        if self._gate is None:
            from promptkit.errors import ConfigurationError
            from promptkit.testing.live import Gate, spending

            try:
                budget = spending(self.budget)
            except ConfigurationError as error:
                raise pytest.UsageError(str(error)) from None
            if self.budget is not None:
                budget.ledger = self._ledger()
            self._gate = Gate(budget)
            state.observers = (*state.observers, budget)
        return self._gate

    def _ledger(self) -> Any:
        """The file of what was spent: one for the run, all its processes and those that tests fork."""
        from tempfile import TemporaryDirectory

        from promptkit.backends.layers.spending import FileLedger

        if self.spent_in is None:
            self._folder = TemporaryDirectory(prefix="promptkit-budget-")
            self.spent_in = f"{self._folder.name}/spent.sqlite"
        elif not Path(self.spent_in).parent.is_dir():
            raise pytest.UsageError(
                "--pk-budget holds for processes on one machine, and this one cannot see what the others spend; run "
                "the tests that ask real models without distributing them"
            )
        return FileLedger(Path(self.spent_in))

    def watch(self, hooks: type[_Outcomes | _Opening | _Repeating]) -> None:
        """Have these hooks called from now on."""
        name = f"promptkit{hooks.__name__}"
        if not self._plugins.has_plugin(name):
            self._plugins.register(hooks(self), name)

    def pytest_terminal_summary(self, terminalreporter: Any, config: pytest.Config) -> None:
        """Name snapshots that no test of a module looked at, where all of the module ran."""
        if not self.snapshots or terminalreporter.stats.get("deselected") or config.getoption("keyword", ""):
            return
        if any("::" in argument for argument in config.args):
            return
        unfinished = {
            (self._root / report.nodeid.partition("::")[0]).with_suffix("")
            for report in chain.from_iterable(terminalreporter.stats.values())
            if isinstance(report, pytest.TestReport) and not report.passed
        }  # of these a test may look at more
        folders = {path.parent for path in self.snapshots}
        folders = {it for it in folders if it.parent.parent / it.name not in unfinished}
        unused = sorted({path for it in folders for path in it.glob("*.txt")} - self.snapshots)
        if unused:
            terminalreporter.section("unused prompt snapshots", sep="-")
            for path in unused:
                terminalreporter.line(f"{path}: no test looks at it; remove it")


class _Opening:
    """Opens real models for tests that are marked."""

    def __init__(self, run: _Run) -> None:
        self._run = run

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Open them for one test, and close them behind it, whatever it did."""
        self._run.opened = self._run.live or item.get_closest_marker("live") is not None
        try:
            return (yield)
        finally:
            self._run.opened = self._run.live


class _Repeating:
    """Runs tests that are marked ``reliable`` as often as they ask for."""

    def __init__(self, run: _Run) -> None:
        run.watch(_Outcomes)

    def pytest_runtest_protocol(self, item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
        """Run one of them in pytest's place."""
        marker = item.get_closest_marker("reliable")
        if marker is None:
            return None
        from promptkit.testing.reliability import demand_of, run_reliably

        run_reliably(item, nextitem, demand_of(marker), raised=lambda: item.stash.get(RAISED, None))
        return True


class _Outcomes:
    """Remembers what came of tests."""

    def __init__(self, run: _Run) -> None:
        pass

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Remember whether the test itself passed; show an error of promptkit at the test's own line."""
        if call.excinfo is not None and not item.config.getoption("fulltrace"):
            _hide_own_frames(call.excinfo.value)
        report = yield
        if call.when == "call":
            item.stash[_PASSED] = report.passed
            item.stash[RAISED] = None if call.excinfo is None else call.excinfo.value
        return report


def _hide_own_frames(raised: BaseException) -> None:
    """Let the traceback of an error of promptkit end where the test, or what it tests, called promptkit."""
    if not type(raised).__module__.startswith("promptkit."):
        return
    last, at = None, raised.__traceback__
    while at is not None:
        file = at.tb_frame.f_code.co_filename
        if file != _WAYS and not Path(file).is_relative_to(_PACKAGE):
            last = at
        at = at.tb_next
    if last is not None:
        last.tb_next = None


@pytest.hookimpl(trylast=True)  # marks may be added by others of these hooks
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Be there for tests that are marked; marks that make no sense are told before anything runs."""
    run = _run_of(config)
    for item in items:
        marks = {mark.name for mark in item.iter_markers()}
        if "live" in marks:
            run.watch(_Opening)
        if "reliable" in marks:
            from promptkit.testing.reliability import demand_of

            demand_of(next(item.iter_markers("reliable")))
            run.watch(_Repeating)
        if "models" in marks and isinstance(item, pytest.Function):
            if "model" in item.fixturenames:
                item.fixturenames.remove("model")
            item.fixturenames.insert(0, "model")  # a test need not name it, and it answers other fixtures too


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that is marked ``models`` is run once with each."""
    marker = metafunc.definition.get_closest_marker("models")
    if marker is not None:
        if not marker.args or not all(isinstance(name, str) for name in marker.args):
            raise pytest.UsageError(
                "models takes names of backends, as in @pytest.mark.models('llama:demo', 'openai:m')"
            )
        if "model" not in metafunc.fixturenames:
            metafunc.fixturenames.append("model")  # else pytest takes the parameter for a mistake
        metafunc.parametrize("model", marker.args, indirect=True)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The tests that stand in a prompt file."""
    if not file_path.name.endswith(_SUFFIXES) or file_path.parent.name == _FROZEN:
        return None
    from promptkit.testing.prompt_files import PromptFile

    made: Any = PromptFile
    collected: pytest.Collector = made.from_parent(parent, path=file_path)
    return collected


def _run_of(config: pytest.Config) -> _Run:
    run = config.pluginmanager.getplugin("promptkit-run")
    assert isinstance(run, _Run)
    return run


@pytest.fixture
def llm(request: pytest.FixtureRequest) -> Generator[MockLLM]:
    """A made-up model that answers every prompt of the test: see MockLLM."""
    from promptkit.testing.scripts import mocked

    _run_of(request.config).watch(_Outcomes)
    with mocked(strict=False) as made:
        yield made
    if request.node.stash.get(_PASSED, False):
        problem = made.problem()
        if problem:
            pytest.fail(problem, pytrace=False)


@pytest.fixture
def cassette(request: pytest.FixtureRequest) -> Generator[Tape]:
    """Answers of real models from ``cassettes/MODULE/TEST.jsonl`` beside the test; recorded by ``--pk-record``."""
    from promptkit.testing.recording import cassette as playing

    run = _run_of(request.config)
    run.watch(_Outcomes)
    path = request.path.parent / "cassettes" / request.path.stem / f"{run.file_name(request)}.jsonl"
    opened = run.opened
    run.opened = opened or run.record != "none"
    try:
        runs_again = request.node.get_closest_marker("reliable") is not None
        with playing(path, record=run.record) as tape:
            if runs_again:  # else each run would meet the one answer of the first
                tape.go_on(request.node.stash.get(_TAPE, tape))
                request.node.stash[_TAPE] = tape
            yield tape
        if run.prune and not runs_again and request.node.stash.get(_PASSED, False):
            tape.prune()
    finally:
        run.opened = opened


@pytest.fixture
def model(request: pytest.FixtureRequest) -> Generator[str]:
    """The backend that a test marked ``models`` runs with now; prompts that name none are answered by it."""
    name = getattr(request, "param", None)
    if name is None:
        raise pytest.UsageError(
            "the fixture model belongs to a test marked @pytest.mark.models('llama:demo', ...)"
        )
    from promptkit.sessions import use

    with use(name):
        yield name


@pytest.fixture
def prompt_snapshot(request: pytest.FixtureRequest) -> Snapshots:
    """Compares what a prompt renders to with a file: ``prompt_snapshot(prompt, **inputs)``."""
    from promptkit.testing.snapshots import Snapshots

    run, path = _run_of(request.config), request.path
    run.watch(_Outcomes)
    return Snapshots(path.parent, path.stem, run.file_name(request), update=run.update, used=run.snapshots)
