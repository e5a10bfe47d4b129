"""The command line as a process of its own: pipes, signals, a missing extra."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

PROMPT = "---\nformat: promptkit/1\nname: echo\n---\n{% user %}\n{{ text }}\n{% enduser %}\n"


def start(code: str, folder: Path, **streams: int) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), "PROMPTKIT_BACKEND": "mock"}
    (folder / "templates").mkdir(exist_ok=True)
    (folder / "templates" / "echo.prompt.j2").write_text(PROMPT)
    return subprocess.Popen([sys.executable, "-c", code], cwd=folder, env=environment, **streams)


def finished(code: str, folder: Path, stdin: bytes = b"") -> tuple[int, str, str]:
    pipe = subprocess.PIPE
    with start(code, folder, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        out, err = process.communicate(stdin, timeout=60)
    return process.returncode, out.decode(), err.decode()


def test_importing_the_room_loads_neither_typer_nor_rich(tmp_path: Path) -> None:
    code = "import sys, promptkit.cli; print(sorted({'typer', 'rich', 'pydantic'} & set(sys.modules)))"

    assert finished(code, tmp_path) == (0, "[]\n", "")


def test_a_whole_command_line_with_a_pipe_on_both_ends(tmp_path: Path) -> None:
    code = "import sys; from promptkit.cli import main; sys.exit(main())"
    code = f"import sys; sys.argv = ['promptkit', 'run', 'echo', '-', '--json']; {code}"

    code, out, err = finished(code, tmp_path, "Grüße\n".encode())

    assert (code, json.loads(out), err) == (0, "text", "")


def test_a_reader_that_leaves_early_ends_it_quietly(tmp_path: Path) -> None:
    code = (
        "import sys; from promptkit.cli import main\n"
        "sys.stdin.read()\n"
        "sys.exit(main(['render', 'echo', '--set', 'text=' + 'x' * 100_000]))"
    )
    pipe = subprocess.PIPE

    with start(code, tmp_path, stdin=pipe, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, err = process.communicate(b"", timeout=60)

    assert (process.returncode, err) == (0, b"")


def test_ctrl_c_while_the_model_works_is_one_line_and_130(tmp_path: Path) -> None:
    code = (
        "import sys, time, promptkit as pk; from promptkit.backends import MockBackend\n"
        "from promptkit.cli import main\n"
        "def slow(request):\n"
        "    print('asked', flush=True)\n"
        "    time.sleep(60)\n"
        "pk.configure(backends={'slow': MockBackend(slow)})\n"
        "sys.exit(main(['run', 'echo', '--set', 'text=x', '--backend', 'slow']))"
    )
    pipe = subprocess.PIPE

    with start(code, tmp_path, stdout=pipe, stderr=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"asked\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (130, b"interrupted\n")


def test_a_full_disk_is_told_as_one(tmp_path):
    (tmp_path / "a.prompt.j2").write_text("{% user %}x{% enduser %}")
    with open("/dev/full", "w") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [sys.executable, "-m", "promptkit.cli", "render", str(tmp_path / "a.prompt.j2")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 2
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
