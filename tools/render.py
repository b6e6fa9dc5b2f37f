"""Run notebooks from top to bottom and write their outputs: the same bytes every time.

    python tools/render.py [NOTEBOOK ...]      default: all of notebooks/*.ipynb

A notebook that fails, warns, measures a claim that does not hold, or takes too much of a small
machine is not written.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellControlSignal, CellExecutionError, DeadKernelError

from course_lib.saving import drop_views

MOST_SECONDS = 60
MOST_MEMORY = 2**30  # bytes
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
PEAK_MEMORY = """
import sys
if sys.platform == "linux":  # where ru_maxrss is at least that of the process that started this one
    import re
    print(1024 * int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]))
elif sys.platform == "darwin":
    import resource
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
else:
    import psutil
    print(psutil.Process().memory_info().peak_wset)
"""


class Unfit(Exception):
    """Raised for a notebook that must not be written; the message is the reason."""


class ThisInterpreter(AsyncKernelManager):
    """Starts the interpreter that runs this, whatever "python3" is on the machine."""

    kernel_spec = KernelSpec(**get_kernel_dict())


def read(path):
    """Return the notebook; a cell without an id gets one made from its place and its source."""
    raw = json.loads(path.read_text(encoding="utf-8"))
    for place, cell in enumerate(raw["cells"]):
        named = f"{place} {''.join(cell['source'])}".encode()
        cell.setdefault("id", hashlib.sha256(named).hexdigest()[:8])
    return nbformat.reads(json.dumps(raw | {"nbformat": 4, "nbformat_minor": 5}), as_version=4)


def execute(notebook, folder, seconds_a_cell=MOST_SECONDS):
    """Run all cells in a new kernel, outputs in place; return its peak memory in bytes."""
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK_MEMORY))
    client = NotebookClient(
        notebook,
        kernel_manager_class=ThisInterpreter,
        timeout=seconds_a_cell,
        store_widget_state=False,
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        client.execute(stderr=subprocess.DEVNULL)
    except CellExecutionError as error:
        raise Unfit(f"a cell fails: {error.ename}: {error.evalue}") from error
    except (CellControlSignal, DeadKernelError) as error:
        raise Unfit(f"a cell does not end: {error}") from error
    return int(notebook.cells.pop().outputs[0].text)


def tidy(notebook):
    """Drop what changes from run to run or needs a live kernel; raise Unfit at a bad output."""
    drop_views(notebook)
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        for left_over in ("execution", "ExecuteTime", "trusted"):
            cell.metadata.pop(left_over, None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            text = output.get("text", data.get("text/plain", ""))
            if output.output_type == "error":
                raise Unfit(f"a cell fails: {output.ename}: {output.evalue}")
            if output.get("name") == "stderr":
                raise Unfit(f"a cell warns: {text.strip()}")
            if "✗ fails" in text:
                raise Unfit(f"a claim fails: {text.strip()}")


def check_cost(seconds, peak):
    """Raise Unfit at a notebook that is too slow or too large for a free Binder."""
    if seconds > MOST_SECONDS:
        raise Unfit(f"it takes {seconds:.0f} s; at most {MOST_SECONDS} s are allowed")
    if peak > MOST_MEMORY:
        took, most = peak / 2**20, MOST_MEMORY / 2**20
        raise Unfit(f"it takes {took:.0f} MiB of memory; at most {most:.0f} MiB are allowed")


def write(notebook, path):
    """Write the notebook whole or not at all."""
    text = nbformat.writes(notebook, indent=1).rstrip("\n") + "\n"
    unfinished = path.with_suffix(".ipynb.part")
    unfinished.write_text(text, encoding="utf-8", newline="\n")
    os.replace(unfinished, path)


def render(path):
    """Run one notebook and write it; print its name, seconds, peak memory and size."""
    start = time.perf_counter()
    notebook = read(path)
    peak = execute(notebook, path.parent)
    seconds = time.perf_counter() - start
    check_cost(seconds, peak)
    tidy(notebook)
    write(notebook, path)
    size = path.stat().st_size
    print(f"{path.name:36}{seconds:6.1f} s{peak / 2**20:8.0f} MiB{size / 2**10:8.0f} KiB")


def main(names):
    """Render the notebooks of these names, or all; return 1 if one of them was not written."""
    failed = False
    for path in map(Path, names or sorted(NOTEBOOKS.glob("*.ipynb"))):
        try:
            render(path)
        except (Unfit, OSError, ValueError) as error:
            failed = True
            print(f"{path.name} was not written: {error}", file=sys.stderr)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
