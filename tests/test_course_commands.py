"""course.py, from the student's side: what it runs, and the one sentence when it cannot."""

import ast
import errno
import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import course

ROOT = Path(course.__file__).parent

ECHO = "import sys; print({name!r}, *sys.argv[1:], sep=' | '); sys.exit({status})"


@pytest.fixture
def copy(tmp_path):
    """A tiny copy of the course, in a folder with a space and Chinese characters in its name."""
    folder = tmp_path / "深度学习 course"
    (folder / "notebooks").mkdir(parents=True)
    for name in ("course.py", "requirements.txt", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    for name in ("00_welcome", "01_regression"):
        (folder / f"notebooks/{name}.ipynb").touch()
    return folder


def run(folder, *arguments, **variables):
    """Start the course.py of `folder` in a process of its own."""
    return subprocess.run(
        [sys.executable, "course.py", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **variables},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )


def add_tool(folder, name, status=0):
    """Put a module in the copy that stands for a tool and only prints how it was called."""
    (folder / f"{name}.py").parent.mkdir(exist_ok=True)
    (folder / f"{name}.py").write_text(ECHO.format(name=name, status=status), encoding="utf-8")


def assert_one_sentence(result, *words):
    """Exit status 2, and on stderr one plain sentence that holds `words`."""
    assert result.returncode == 2, result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("course.py: ")
    assert result.stderr.endswith(".\n")
    for word in words:
        assert word in result.stderr


# ---------------------------------------------------------------- the command line


@pytest.mark.parametrize("arguments", [["-h"], ["--help"], ["lab", "-h"], ["test", "--help"]])
def test_help_explains_every_command_and_option_on_one_screen(arguments):
    result = run(ROOT, *arguments)
    assert result.returncode == 0
    lines = result.stdout.splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 100
    for word in ("lab", "test", "render", "bench", "setup"):
        assert f"\n  {word} " in result.stdout
    for option in ("--port", "--no-browser", "--fast", "--lesson", "--cuda", "--here"):
        assert f"  {option} " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ([], "command is missing"),
        (["tset"], "'tset'"),
        (["test", "--fats"], "--fats"),
        (["bench", "fast"], "fast"),
        (["test", "--fast", "--lesson", "01"], "--lesson"),
        (["test", "--here", "--lesson", "77"], "no lesson 77: choose one of 00, 01"),
        (["render", "--here", "01", "77"], "no lesson 77"),
        (["lab", "--port", "0"], "1 to 65535"),
        (["lab", "--port", "no"], "1 to 65535"),
        (["bench", "--here"], "benchmarks"),
    ],
)
def test_a_command_that_makes_no_sense_gets_one_sentence(copy, arguments, word):
    assert_one_sentence(run(copy, *arguments), word)


def test_an_old_python_can_read_the_file_and_is_told_which_one_is_needed(copy):
    source = (copy / "course.py").read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    (copy / "course.py").write_text(source.replace("(3, 11)", "(3, 99)"), encoding="utf-8")
    assert_one_sentence(run(copy, "lab"), "needs Python 3.99", "python.org")


def test_ctrl_c_ends_without_a_traceback(monkeypatch, capsys):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(course, "find_python", interrupted)
    assert course.main(["setup"]) == 130
    assert capsys.readouterr().out == "\nStopped.\n"


# ---------------------------------------------------------------- the commands


def test_test_runs_every_check_even_after_one_that_failed(copy):
    add_tool(copy, "ruff", status=1)
    add_tool(copy, "pytest")
    result = run(copy, "test", "--here")
    assert result.returncode == 1
    called = [line for line in result.stdout.splitlines() if line.startswith(("ruff |", "pytest"))]
    assert called[:2] == ["ruff | check", "ruff | format | --check"]
    assert called[2] == "pytest | --numprocesses=2 | --dist=worksteal"
    assert called[3].endswith("| notebooks")
    for option in ("--dist=loadfile", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"):
        assert f" {option} " in called[3]
    summary = result.stdout.splitlines()[-4:]
    assert [line.split()[-3] for line in summary] == ["FAILED", "FAILED", "ok", "ok"]


@pytest.mark.parametrize(
    ("option", "checks"),
    [
        (["--fast"], ["ruff check", "ruff format", "tests"]),
        (["--lesson", "01"], ["notebook 01"]),
        (["--lesson", "1"], ["notebook 1"]),
        (["--lesson", "01_regression"], ["notebook 01_regression"]),
    ],
)
def test_test_can_leave_out_the_notebooks_or_run_one(copy, option, checks):
    add_tool(copy, "ruff")
    add_tool(copy, "pytest")
    result = run(copy, "test", "--here", *option)
    assert result.returncode == 0
    summary = result.stdout.splitlines()[-len(checks) :]
    assert [line.rsplit(maxsplit=3)[0] for line in summary] == checks
    assert ("01_regression.ipynb\n" in result.stdout) == ("--lesson" in option)


def test_render_hands_the_notebooks_to_the_renderer(copy):
    add_tool(copy, "tools/render")
    result = run(copy, "render", "--here", "1", "00_welcome")
    assert "notebooks/01_regression.ipynb | notebooks/00_welcome.ipynb\n" in result.stdout


def test_bench_runs_every_benchmark_on_one_thread(copy):
    for name, status in (("bench_a", 3), ("bench_b", 0)):
        (copy / "benchmarks").mkdir(exist_ok=True)
        code = f"import os, sys; print({name!r}, os.environ['OMP_NUM_THREADS']); sys.exit({status})"
        (copy / f"benchmarks/{name}.py").write_text(code, encoding="utf-8")
    result = run(copy, "bench", "--here", OMP_NUM_THREADS="8")
    assert result.returncode == 1
    assert "bench_a 1\n" in result.stdout
    assert "bench_b 1\n" in result.stdout


def test_lab_opens_the_welcome_notebook_and_hands_on_what_it_does_not_know(copy):
    add_tool(copy, "jupyterlab", status=5)
    port = course.free_port()
    result = run(copy, "lab", "--here", "--port", str(port), "--no-browser", "--ServerApp.token=t")
    assert result.returncode == 5
    called = result.stdout.strip().split(" | ")
    assert f"--ServerApp.root_dir={copy}" in called
    assert "--LabApp.default_url=/lab/tree/notebooks/00_welcome.ipynb" in called
    assert {f"--port={port}", "--no-browser", "--ServerApp.token=t"} <= set(called)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    assert ("--allow-root" in called) == is_root


def test_lab_says_that_a_port_is_in_use_and_names_one_that_is_free(copy):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run(copy, "lab", "--here", "--port", str(port))
    assert_one_sentence(result, f"Port {port} is in use", "--port ")


def test_lab_says_that_the_copy_of_the_course_is_incomplete(copy):
    (copy / "notebooks/00_welcome.ipynb").unlink()
    assert_one_sentence(run(copy, "lab", "--here"), "00_welcome.ipynb is missing")


def test_variables_of_another_python_do_not_reach_the_tools(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "elsewhere")
    child = course.environment(Path("here/bin/python"), OMP_NUM_THREADS="1")
    assert "PYTHONPATH" not in child
    assert child["OMP_NUM_THREADS"] == "1"
    assert child["PATH"].split(os.pathsep)[0] == os.path.join("here", "bin")


@pytest.mark.parametrize("chosen", [None, "0"])
def test_children_speak_utf8_unless_told_otherwise(monkeypatch, chosen):
    monkeypatch.delenv("PYTHONUTF8", raising=False)
    if chosen:
        monkeypatch.setenv("PYTHONUTF8", chosen)
    assert course.environment()["PYTHONUTF8"] == (chosen or "1")


def test_a_console_that_lacks_a_character_gets_a_question_mark_for_it(copy):
    (copy / "notebooks/02_深度.ipynb").touch()
    (copy / "pytest.py").touch()
    result = run(copy, "test", "--here", "--lesson", "02", PYTHONIOENCODING="cp1252")
    assert result.returncode == 0, result.stderr
    assert "notebooks/02_??.ipynb\n" in result.stdout


# ---------------------------------------------------------------- the set-up


@pytest.fixture
def installer(copy, monkeypatch):
    """course.py works on the copy, and its installation is a counted fake of one step."""
    monkeypatch.setattr(course, "ROOT", copy)
    monkeypatch.setattr(course, "VENV", copy / ".venv")
    runs = []

    def steps(python, cuda):
        runs.append(cuda)
        code = f"import pathlib as p; f = p.Path({str(python)!r}); f.parent.mkdir(); f.touch()"
        return [("a fake", [("pip", [sys.executable, "-c", code])])]

    monkeypatch.setattr(course, "steps", steps)
    return runs


def test_a_second_start_finds_everything_there_and_starts_no_process(installer, monkeypatch):
    assert course.main(["setup"]) == 0
    assert course.main(["setup"]) == 0
    assert installer == [False]
    settings = course.VENV / "share/jupyter/lab/settings/overrides.json"
    assert json.loads(settings.read_text(encoding="utf-8")) == course.LAB_SETTINGS
    settings = course.VENV / "etc/jupyter/labconfig/page_config.json"
    assert json.loads(settings.read_text(encoding="utf-8")) == course.PAGE_SETTINGS


def change_stamp(**changes):
    stamp = json.loads(course.stamp_path().read_text(encoding="utf-8"))
    course.stamp_path().write_text(json.dumps({**stamp, **changes}), encoding="utf-8")


def change_file(name, old, new):
    text = (course.ROOT / name).read_text(encoding="utf-8")
    assert old in text
    (course.ROOT / name).write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(
    "break_it",
    [
        lambda: course.stamp_path().unlink(),
        lambda: course.stamp_path().write_text('{"folder": ', encoding="utf-8"),
        lambda: course.venv_python().unlink(),
        lambda: change_stamp(folder="/where/it/was/before"),
        lambda: change_stamp(python=[3, 10]),
        lambda: change_file("requirements.txt", "torch==", "torch==9."),
        lambda: change_file("pyproject.toml", "numpy>=", "numpy>=9."),
    ],
    ids=["interrupted", "half-stamp", "no-python", "moved", "other-python", "pins", "ranges"],
)
def test_a_set_up_that_does_not_fit_is_made_anew(installer, break_it):
    course.main(["setup"])
    break_it()
    left_over = course.VENV / "lib/half_a_package/x.py"
    left_over.parent.mkdir(parents=True)
    left_over.touch()
    assert course.main(["setup"]) == 0
    assert len(installer) == 2
    assert not left_over.exists()


def test_an_environment_of_somebody_else_is_left_as_it_is(copy):
    (copy / ".venv").mkdir()
    (copy / ".venv/pyvenv.cfg").touch()
    assert_one_sentence(run(copy, "setup"), ".venv was not made by course.py", "move it away")
    assert [path.name for path in (copy / ".venv").iterdir()] == ["pyvenv.cfg"]


@pytest.mark.skipif(os.name == "nt", reason="Windows lets only some users make links")
def test_an_environment_behind_a_link_is_left_as_it_is(copy):
    elsewhere = copy / "elsewhere"
    elsewhere.mkdir()
    for name in ("lock", "precious"):
        (elsewhere / name).touch()
    (copy / ".venv").symlink_to(elsewhere)
    assert_one_sentence(run(copy, "setup"), ".venv was not made by course.py", "move it away")
    assert {path.name for path in elsewhere.iterdir()} == {"lock", "precious"}


def test_settings_of_ruff_and_pytest_cost_no_new_set_up(installer):
    course.main(["setup"])
    change_file("pyproject.toml", "line-length = 100", "line-length = 90")
    course.main(["setup"])
    assert installer == [False]


def test_cuda_once_chosen_stays_chosen(installer):
    for arguments in (["setup"], ["setup", "--cuda"], ["setup"]):
        course.main(arguments)
    assert installer == [False, True]
    change_file("requirements.txt", "torch==", "torch==9.")
    course.main(["setup"])
    assert installer == [False, True, True]


def test_a_step_that_fails_leaves_no_stamp_and_a_sentence(installer, monkeypatch, capsys):
    failing = [sys.executable, "-c", "raise SystemExit('ERROR: the moon is full.')"]
    monkeypatch.setattr(course, "steps", lambda *_: [("a fake", [("pip", failing)])])
    assert course.main(["setup"]) == 2
    assert "(tried: pip): ERROR: the moon is full. Start again" in capsys.readouterr().err
    assert not course.stamp_path().exists()


def test_a_second_set_up_at_the_same_time_is_told_to_wait(copy):
    command = "import course\nwith course.only_one_set_up(): print('held', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", command],
        cwd=copy,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        result = run(copy, "setup")
        holder.communicate("go\n")
    assert holder.returncode == 0
    assert_one_sentence(result, "Another course.py", "wait")


def test_without_a_network_the_student_is_told_what_was_tried(copy):
    nowhere = "http://127.0.0.1:9/"
    variables = {"PIP_INDEX_URL": nowhere, "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "1"}
    variables |= dict.fromkeys(("http_proxy", "https_proxy", "ALL_PROXY"), nowhere)
    variables |= {"PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": "", "HOME": str(copy)}
    variables |= {"PATH": os.path.dirname(sys.executable) if os.name == "nt" else "/usr/bin:/bin"}
    result = run(copy, "setup", **variables)
    assert_one_sentence(result, "network", "tried: the wheels on this machine", "PIP_INDEX_URL")
    assert "[2/4] torch" in result.stdout
    assert not (copy / ".venv/course.json").exists()


def test_a_disk_without_room_is_noticed_before_anything_is_installed(
    installer, monkeypatch, capsys
):
    usage = shutil.disk_usage(ROOT)._replace(free=int(1e9))
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert course.main(["setup"]) == 2
    assert "has 1.0 GB free: make room" in capsys.readouterr().err
    assert installer == []


@pytest.fixture
def ordinary_user():
    """Give up the rights of root, who may write everywhere, while the test runs."""
    if os.name == "nt":
        pytest.skip("Windows knows no folder mode that forbids writing to its owner")
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_a_folder_that_cannot_be_written_gets_one_sentence(installer, monkeypatch, capsys, request):
    monkeypatch.setattr(course.importlib.util, "find_spec", lambda name: "found")
    course.ROOT.chmod(0o555)
    request.getfixturevalue("ordinary_user")
    assert course.main(["setup"]) == 2
    assert ".venv cannot be written: " in capsys.readouterr().err
    assert installer == []


def test_a_file_in_the_place_of_the_environment_gets_one_sentence(copy):
    (copy / ".venv").touch()
    assert_one_sentence(run(copy, "setup"), ".venv is in the way")


def test_a_python_without_ensurepip_gets_the_debian_package_named(installer, monkeypatch, capsys):
    monkeypatch.setattr(course.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert course.main(["setup"]) == 2
    assert "sudo apt install python3-venv" in capsys.readouterr().err


def test_any_other_error_of_the_system_is_not_hidden():
    with pytest.raises(OSError, match="loop"):
        course.plain_words(OSError(errno.ELOOP, "a loop"))


@pytest.mark.parametrize(
    ("errors", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device\n", "The disk is full"),
        ("ERROR: No matching distribution found for torch==2.13.0\n", "No package fits Python"),
        (
            "WARNING: Retrying (Retry(total=1)) after connection broken\n"
            "ERROR: No matching distribution found for torch==2.13.0\n",
            "no answer from the network",
        ),
        ("", "no reason given"),
    ],
)
def test_what_pip_says_becomes_a_plain_sentence(errors, sentence):
    assert sentence in course.explain(errors, "pip")


# ---------------------------------------------------------------- what would be installed, whence


@pytest.mark.parametrize(
    ("system", "cuda", "options"),
    [
        ("Linux", False, [{"--no-index"}, {f"--index-url={course.CPU_WHEELS}"}]),
        ("Darwin", False, [{"--no-index"}, set()]),
        ("Windows", False, [{"--no-index"}, set()]),
        ("Linux", True, [set()]),
        ("Windows", True, [{f"--index-url={course.CUDA_WHEELS}"}]),
    ],
)
def test_torch_comes_from_this_machine_or_without_cuda_unless_asked(system, cuda, options):
    sources = course.torch_sources(["pip"], "2.13.0", cuda, system)
    seen = [{word for word in command if "index" in word} for _, command in sources]
    assert seen == options
    for _, command in sources:
        assert ("--no-deps" in command) == (not cuda)
        assert command[-1].startswith("torch==")


def test_torch_is_installed_before_the_packages_that_need_it():
    titles = [title for title, _ in course.steps(course.venv_python(), cuda=False)]
    assert len(titles) == 4
    assert titles[1].startswith("torch 2.")
    assert "packages" in titles[2]


@pytest.mark.parametrize(("uv", "first"), [("/usr/bin/uv", "uv"), (None, "pip")])
def test_uv_is_used_where_it_is_there_and_pip_where_uv_fails(monkeypatch, uv, first):
    monkeypatch.setattr(shutil, "which", lambda name: uv)
    packages = course.steps(course.venv_python(), cuda=False)[2][1]
    assert packages[0][0] == first
    assert packages[-1][0] == "pip"


def test_the_first_source_that_works_is_enough(capfd):
    code = "import sys; print({0!r}); sys.exit({1})"
    outcomes = [("no", 1), ("yes", 0), ("never", 0)]
    sources = [(word, [sys.executable, "-c", code.format(word, rc)]) for word, rc in outcomes]
    course.run_first_that_works(sources)
    assert capfd.readouterr().out.split() == ["no", "yes"]
