"""The pieces of promptkit.testing where there is no pytest: in a process in which importing it fails."""

from __future__ import annotations

import os
import subprocess
import sys

from promptkit import testing

from .conftest import ROOT

SCRIPT = r"""
import sys

sys.modules["pytest"] = sys.modules["_pytest"] = None  # importing either is an ImportError

import unittest

from hypothesis import given, settings

import promptkit as pk
from promptkit import testing

pieces = {name: getattr(testing, name) for name in testing.__all__}
triage = pk.load("triage.prompt.j2")
GOOD = {"category": "billing", "urgent": True}


class TestPieces(unittest.TestCase):
    def test_mocked(self):
        llm = self.enterContext(testing.mocked())
        llm.on("triage", contains="charged").fail(pk.errors.RateLimited).then.auto().then.reply(GOOD)

        with self.assertRaises(pk.errors.RateLimited):
            triage.run(ticket="charged")
        self.assertIn(triage.run(ticket="charged").value.category, ["billing", "shipping", "other"])
        self.assertTrue(triage.run(ticket="charged").value.urgent)
        with self.assertRaisesRegex(testing.UnexpectedCall, "no answer is foreseen"), testing.mocked():
            triage.run(ticket="x")

    def test_malformed(self):
        for bad in testing.malformed(triage):
            with self.subTest(str(bad)), testing.mocked(strict=False) as llm:
                llm.on("triage").reply(bad)
                try:
                    triage.using(attempts=1).run(ticket="x")
                except pk.errors.OutputError as error:
                    self.assertIsInstance(error, bad.promise.errors)

    @settings(max_examples=5, deadline=None)
    @given(testing.strategies.inputs(triage), testing.strategies.outputs(triage))
    def test_strategies(self, inputs, output):
        backend = testing.MockBackend([output])
        self.assertEqual(triage.using(backend).run(**inputs).record.output, output)

    def test_cassette(self):
        asked = triage.using(testing.MockBackend([GOOD], name="openai:m"))
        with testing.cassette("cassettes/a.jsonl", record="missing"):
            asked.run(ticket="x")
        with testing.cassette("cassettes/a.jsonl") as tape:
            self.assertTrue(asked.run(ticket="x").value.urgent)
            with self.assertRaisesRegex(testing.CassetteMiss, "-x\n.*y"):
                asked.run(ticket="y")
        self.assertEqual([call.status for call in tape.calls], ["ok", "failed"])
        with open("cassettes/a.jsonl", "a") as file:
            file.write("{")
        with self.assertRaisesRegex(testing.CassetteError, "a.jsonl:2"), testing.cassette("cassettes/a.jsonl"):
            pass


unittest.main(argv=["x", "-q"], exit=False)
assert [name for name in sys.modules if name.split(".")[0] in ("pytest", "_pytest")] == ["pytest", "_pytest"]
print("used", *sorted(pieces))
"""


def test_every_piece_works_where_pytest_cannot_be_imported(project) -> None:
    project.write("pieces.py", SCRIPT)

    done = subprocess.run(
        [sys.executable, "-W", "error", "pieces.py"],
        cwd=project.folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout.strip() == " ".join(["used", *sorted(testing.__all__)]), done.stderr
    assert "Ran 4 tests" in done.stderr
    assert "OK" in done.stderr
