"""python3 course.py COMMAND [OPTION ...]                 (on Windows: py course.py COMMAND ...)

  lab                   open the course in JupyterLab
      --port N            serve on port N only (otherwise: the first free one from 8888 on)
      --no-browser        print the address and open no browser
      ...                 anything else is handed on to JupyterLab
  test                  run every check: ruff, the tests, and all notebooks against their outputs
      --fast              leave the notebooks out
      --lesson 01         run the notebook of one lesson and nothing else
  render [LESSON ...]   run all notebooks, or only these, and save their outputs
  bench                 run every benchmarks/bench_*.py, on one thread
  setup                 only set up, for example before a class without a network

Every command also takes
  --cuda                install the torch that uses an NVIDIA GPU (several GB); it stays chosen
  --here                set nothing up: use the Python that runs this (conda, Binder, a container)

The first start installs everything into .venv beside this file: a few minutes, a network, and
3 GB of disk. Later starts need no network. To begin again, delete .venv.
Exit status: 0 all is well, 1 a check failed, 2 it could not be done (one sentence says why).
"""

import argparse
import contextlib
import errno
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
DISK_NEEDED = 3e9  # bytes: what .venv takes, and what pip unpacks and caches on the way
CPU_WHEELS = "https://download.pytorch.org/whl/cpu"
CUDA_WHEELS = "https://download.pytorch.org/whl/cu130"

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WELCOME = "notebooks/00_welcome.ipynb"

LAB_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",  # nothing reaches the network, and nobody is asked whether it may
        "checkForUpdates": False,
    },
}

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

PAGE_SETTINGS = {
    # at each move of a slider JupyterLab would fetch a "busy" icon for the browser's tab, and the
    # plain one again, from the server that has the picture to bring: 6 to 10 ms
    "disabledExtensions": {"@jupyterlab/application-extension:faviconbusy": True},
}

SERVER_SETTINGS = {
    # a saved notebook shows pictures, also where no kernel runs
    "FileContentsManager": {"pre_save_hook": "course_lib.saving.before_saving"},
    # a picture reaches the browser up to 40 ms sooner
    "ServerApp": {
        "kernel_websocket_connection_class": "course_lib.quick_channels.QuickChannels",
    },
}


class Trouble(Exception):
    """What went wrong and what to do about it, in one plain sentence."""


# ---------------------------------------------------------------- the set-up


def set_up(cuda=False):
    """Return the Python of .venv; install what it lacks first.

    A stamp is written when everything is there. Without it, or with one that tells of another
    place, Python or list of packages, .venv is made anew: it is never left half.
    """
    python, found = venv_python(), read_stamp()
    cuda = cuda or found.get("cuda", False)
    if found and found == stamp(cuda) and python.exists():
        return python
    if importlib.util.find_spec("ensurepip") is None and not shutil.which("uv"):
        raise Trouble(
            "This Python cannot make virtual environments: on Debian and Ubuntu, "
            "`sudo apt install python3-venv`, then start again."
        )
    check_venv_is_ours()
    with only_one_set_up():
        say("Setting the course up in .venv: this is needed once and takes a few minutes.")
        stamp_path().unlink(missing_ok=True)
        empty_venv()
        check_disk()
        for number, (title, sources) in enumerate(steps(python, cuda), start=1):
            say(f"\n[{number}/4] {title}")
            run_first_that_works(sources)
        write_lab_settings(VENV)
        stamp_path().write_text(json.dumps(stamp(cuda)), encoding="utf-8")
        say("\nThe course is set up.\n")
    return python


def venv_python():
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def stamp_path():
    return VENV / "course.json"


def stamp(cuda):
    """What .venv depends on; the folder is part of it because scripts carry absolute paths."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    described = json.dumps([project, LAB_SETTINGS, PAGE_SETTINGS, SERVER_SETTINGS]).encode()
    return {
        "folder": str(ROOT),
        "python": list(sys.version_info[:2]),
        "packages": hashlib.sha256(requirements().encode() + described).hexdigest(),
        "cuda": cuda,
    }


def read_stamp():
    """The stamp of a set-up that was finished; empty where there is none, or half of one."""
    try:
        return json.loads(stamp_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def requirements():
    return (ROOT / "requirements.txt").read_text(encoding="utf-8")


def steps(python, cuda):
    """The four steps as (title, sources); a source is (name, command), tried in this order."""
    pip = [str(python), "-m", "pip", "install", "--no-input"]
    uv = shutil.which("uv")
    # Not sys.executable: that may lie in the very .venv that is made anew.
    base = getattr(sys, "_base_executable", None) or sys.executable
    venv = [("Python's own venv", [base, "-m", "venv", str(VENV)])]
    packages = ["--no-deps", "-r", "requirements.txt"]
    listed = [("pip", [*pip, "--progress-bar=off", *packages])]
    if uv:
        venv.insert(0, ("uv", [uv, "venv", "-q", "--seed", "--allow-existing", "-p", base, VENV]))
        listed.insert(0, ("uv", [uv, "pip", "install", "-p", str(python), *packages]))
    course = [*pip, "-q", "--no-deps", "--no-build-isolation", "--no-index", "-e", "."]
    version = re.search(r"^torch==(\S+)", requirements(), re.M).group(1)
    kind = "with CUDA, several GB" if cuda else "the CPU build, about 200 MB"
    count = len(re.findall(r"^\w", requirements(), re.M))
    return [
        ("a virtual environment in .venv", venv),
        (f"torch {version} ({kind})", torch_sources(pip, version, cuda, platform.system())),
        (f"{count} packages: NumPy, scikit-learn, JupyterLab ... (about 250 MB)", listed),
        ("the course's own library", [("pip", course)]),
    ]


def torch_sources(pip, version, cuda, system):
    """Where torch may come from: without `cuda` never a wheel that brings CUDA with it."""
    if cuda and system == "Windows":
        return [
            ("PyTorch's CUDA wheels", [*pip, f"--index-url={CUDA_WHEELS}", f"torch=={version}"])
        ]
    if cuda:  # three equal signs: not the wheel marked +cpu that may lie on this machine
        return [("the package index", [*pip, f"torch==={version}"])]
    wheel = ["--no-deps", f"torch=={version}"]
    online = ("the package index", [*pip, *wheel])
    if system == "Linux":
        online = (CPU_WHEELS, [*pip, f"--index-url={CPU_WHEELS}", *wheel])
    return [("the wheels on this machine", [*pip, "--no-index", *wheel]), online]


def run_first_that_works(sources):
    """Run the commands of `sources` until one succeeds; else say why the last one did not."""
    for name, command in sources:
        status, errors = run_and_listen(command, aloud=name == "uv")
        if status == 0:
            return
    raise Trouble(explain(errors, tried=", then ".join(name for name, _ in sources)))


def run_and_listen(command, aloud):
    """Return the exit status and the stderr of `command`; `aloud` prints it up to an error."""
    options = {"encoding": "utf-8", "errors": "replace", "stderr": subprocess.PIPE}
    options["close_fds"] = False  # a pip that outlives this process keeps the lock
    heard = []
    with subprocess.Popen(command, cwd=ROOT, env=environment(), **options) as process:
        for line in process.stderr:
            aloud = aloud and not line.startswith("error")
            if aloud:
                say("  " + line.rstrip())
            heard.append(line)
    return process.returncode, "".join(heard)


def explain(errors, tried):
    """Turn what pip wrote into one sentence: what happened, and what to do."""
    if re.search(r"No space left|Errno 28|not enough space", errors):
        return plain_words(OSError(errno.ENOSPC, "", None))
    if re.search(
        r"Retrying|[Cc]onnection|name resolution|timed out|unreachable|SSL|[Pp]roxy", errors
    ):
        return (
            f"The set-up got no answer from the network (tried: {tried}): connect to the internet, "
            "or set PIP_INDEX_URL to a mirror and PIP_FIND_LINKS to a folder with the wheel of "
            "torch, and start again."
        )
    if "No matching distribution" in errors:
        return (
            f"No package fits Python {platform.python_version()} on {platform.system()} "
            f"{platform.machine()} (tried: {tried}): use Python 3.11 to 3.14 on 64-bit Linux "
            "or Windows, or on a Mac with an Apple chip."
        )
    last = (errors.strip().splitlines() or ["no reason given"])[-1]
    return f"The set-up failed (tried: {tried}): {last} Start again, or delete .venv first."


def check_venv_is_ours():
    """Raise Trouble where .venv was made by something else: all that is in it would be deleted."""
    found = {entry.name for entry in VENV.iterdir()} if VENV.exists() else set()
    if VENV.is_symlink() or (found and not found & {"lock", stamp_path().name}):
        raise Trouble(".venv was not made by course.py: move it away, and start again.")


def empty_venv():
    """Remove all of .venv but the lock that is being held."""
    for entry in VENV.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != "lock":
            entry.unlink()


def check_disk():
    free = shutil.disk_usage(ROOT).free
    if free < DISK_NEEDED:
        raise Trouble(
            f"The set-up needs {DISK_NEEDED / 1e9:.0f} GB of disk and {ROOT} has "
            f"{free / 1e9:.1f} GB free: make room, and start again."
        )


@contextlib.contextmanager
def only_one_set_up():
    """Hold .venv/lock; the system lets go of it when the last process that holds it ends."""
    VENV.mkdir(exist_ok=True)
    with open(VENV / "lock", "a", encoding="utf-8") as file:
        os.set_inheritable(file.fileno(), True)
        try:
            lock(file)
        except (BlockingIOError, PermissionError):  # what flock and what Windows says
            raise Trouble(
                "Another course.py is setting up this folder: wait until it is done, "
                "then start again."
            ) from None
        yield


def lock(file):
    """Lock an open file, or raise OSError where somebody else has locked it."""
    if os.name == "nt":
        import msvcrt

        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def write_lab_settings(prefix):
    """Give the JupyterLab of the environment at `prefix` the course's settings."""
    for name, settings in {
        "share/jupyter/lab/settings/overrides.json": LAB_SETTINGS,
        "etc/jupyter/labconfig/page_config.json": PAGE_SETTINGS,
        "etc/jupyter/jupyter_server_config.json": SERVER_SETTINGS,
    }.items():
        file = Path(prefix) / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(settings, indent=2), encoding="utf-8")


# ---------------------------------------------------------------- the commands


def lab(options):
    if not (ROOT / WELCOME).exists():
        raise Trouble(f"{WELCOME} is missing: get a complete copy of the course, and start again.")
    command = ["-m", "jupyterlab", f"--ServerApp.root_dir={ROOT}"]
    command += [f"--LabApp.default_url=/lab/tree/{WELCOME}"]
    command += ["--LabApp.extension_manager=readonly"]  # the other one asks the network
    if options.port:
        check_port(options.port)
        command += [f"--port={options.port}", "--ServerApp.port_retries=0"]
    if options.no_browser:
        command += ["--no-browser"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command += ["--allow-root"]  # the root of a container; JupyterLab refuses it otherwise
    return become([str(find_python(options)), *command, *options.rest])


def test(options):
    two_at_a_time = ["-m", "pytest", "--numprocesses=2"]  # a laptop's memory holds two lessons
    nbval = [*two_at_a_time, "--dist=loadfile", "--nbval", "--nbval-current-env"]
    nbval += ["--nbval-cell-timeout=120", "--nbval-sanitize-with", "tests/nbval_sanitize.cfg"]
    if options.lesson:
        checks = {f"notebook {options.lesson}": [*nbval, notebook_of(options.lesson)]}
    else:
        checks = {
            "ruff check": ["-m", "ruff", "check"],
            "ruff format": ["-m", "ruff", "format", "--check"],
            "tests": [*two_at_a_time, "--dist=worksteal"],
        }
        if not options.fast:
            checks["notebooks"] = [*nbval, "notebooks"]
    return run_all(find_python(options), checks, **ONE_THREAD)


def render(options):
    notebooks = [notebook_of(lesson) for lesson in options.lessons]
    return run_all(find_python(options), {"render": ["tools/render.py", *notebooks]})


def bench(options):
    scripts = sorted(path.name for path in ROOT.glob("benchmarks/bench_*.py"))
    if not scripts:
        raise Trouble("There is no benchmarks/bench_*.py to run.")
    commands = {name: [f"benchmarks/{name}"] for name in scripts}
    return run_all(find_python(options), commands, **ONE_THREAD)


def setup(options):
    find_python(options)
    return 0


def find_python(options):
    return Path(sys.executable) if options.here else set_up(options.cuda)


def run_all(python, commands, **variables):
    """Run every command, also after one that failed; return 1 if any did, else 0."""
    lines, results = [], []
    for name, command in commands.items():
        say(f"\n== {name}: python {' '.join(command)}")
        start = time.perf_counter()
        child = environment(python, **variables)
        failed = subprocess.call([str(python), *command], cwd=ROOT, env=child) != 0
        results.append(failed)
        seconds = time.perf_counter() - start
        lines.append(f"{name:<28} {'FAILED' if failed else 'ok':<7} {seconds:6.1f} s")
    say("\n" + "\n".join(lines))
    return int(any(results))


def become(command):
    """Run `command` in place of this process, so that Ctrl-C and a kill reach it directly."""
    sys.stdout.flush()
    os.chdir(ROOT)
    variables = environment(Path(command[0]))
    if os.name == "nt":  # Windows cannot replace a process: let the child alone see Ctrl-C
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return subprocess.call(command, env=variables)
    return os.execve(command[0], command, variables)


def environment(python=None, **variables):
    """The environment variables for a child: none of another Python, our `python` first."""
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    if python:
        kept["PATH"] = os.pathsep.join([str(python.parent), kept.get("PATH", os.defpath)])
    kept.setdefault("PIP_RETRIES", "2")
    kept.setdefault("PYTHONUTF8", "1")  # on Windows a pipe has another encoding otherwise
    return {**kept, "PYTHONNOUSERSITE": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1", **variables}


FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "VIRTUAL_ENV")


def notebook_of(lesson):
    """The notebook of a lesson, which may be given as 01, 1 or 01_regression."""
    names = {path.stem: path.stem.split("_")[0] for path in sorted(ROOT.glob("notebooks/*.ipynb"))}
    for name, number in names.items():
        if lesson in (name, number) or lesson.zfill(2) == number:
            return f"notebooks/{name}.ipynb"
    known = ", ".join(names.values()) or "none yet"
    raise Trouble(f"There is no lesson {lesson}: choose one of {known}.")


def check_port(port):
    with socket.socket() as tried:
        if os.name == "posix":  # as JupyterLab does: a port that was just closed counts as free
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            raise Trouble(
                f"Port {port} is in use or not allowed: "
                f"choose another, for example --port {free_port()}."
            ) from None


def free_port():
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return tried.getsockname()[1]


# ---------------------------------------------------------------- the command line


class Parser(argparse.ArgumentParser):
    """An argument parser whose help is this file's first page and whose errors are a sentence."""

    def format_help(self):
        return __doc__

    def error(self, message):
        raise Trouble(f"{message[0].upper()}{message[1:]}: see python3 course.py -h.")


def parse(arguments):
    every = Parser(add_help=False, allow_abbrev=False)
    every.add_argument("--cuda", action="store_true")
    every.add_argument("--here", action="store_true")
    parser = Parser(prog="course.py", allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for run in (lab, test, render, bench, setup):
        command = commands.add_parser(run.__name__, parents=[every], allow_abbrev=False)
        command.set_defaults(run=run)
    commands.choices["lab"].add_argument("--port", type=port_number)
    commands.choices["lab"].add_argument("--no-browser", action="store_true")
    only = commands.choices["test"].add_mutually_exclusive_group()
    only.add_argument("--fast", action="store_true")
    only.add_argument("--lesson")
    commands.choices["render"].add_argument("lessons", nargs="*", metavar="LESSON")
    options, options.rest = parser.parse_known_args(arguments)
    if not options.command:
        parser.error("a command is missing")
    if options.rest and options.command != "lab":
        parser.error(f"{options.command} does not know {' '.join(options.rest)}")
    return options


def port_number(text):
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is no port, which is a number from 1 to 65535")
    return int(text)


def check_python():
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise Trouble(
            f"The course needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer and this is "
            f"{platform.python_version()}: get one from https://www.python.org/downloads/."
        )


def plain_words(error):
    """The sentence for a disk or a folder that does not play along; other errors are raised."""
    where = error.filename or ROOT
    if error.errno == errno.ENOSPC:
        return f"The disk is full: make {DISK_NEEDED / 1e9:.0f} GB of room, and start again."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"{where} cannot be written: close what uses it (such as JupyterLab), "
            "or copy the course into a folder of your own, and start again."
        )
    if error.errno in (errno.EEXIST, errno.ENOTDIR):
        return f"{where} is in the way of the folder .venv: remove it, and start again."
    if error.errno == errno.ENOENT:
        return f"{where} is missing: get a complete copy of the course, and start again."
    raise error


def say(text):
    print(text, flush=True)


def main(arguments=None):
    for stream in (sys.stdout, sys.stderr):  # a character that the console lacks becomes a "?"
        stream.reconfigure(errors="replace")
    try:
        check_python()
        options = parse(arguments)
        return options.run(options)
    except Trouble as trouble:
        sentence = str(trouble)
    except OSError as error:
        sentence = plain_words(error)
    except KeyboardInterrupt:
        say("\nStopped.")
        return 130
    print(f"course.py: {sentence}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
