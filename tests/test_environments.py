"""pip, conda, Binder and the dev container give the same course; CI runs what students run."""

import ast
import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONDA_NAMES = {"pytorch": "torch", "matplotlib-base": "matplotlib"}
OURS = {"course", "course_lib", "tests", "tools"}


def declared():
    """The dependencies of pyproject.toml, the tests' among them, by name."""
    lines = PROJECT["dependencies"] + PROJECT["optional-dependencies"]["test"]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def pinned():
    """The lines of requirements.txt: for each name one requirement or more, by marker."""
    pins = {}
    for line in (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            pins.setdefault(canonicalize_name(Requirement(line).name), []).append(Requirement(line))
    return pins


def pins_for(python):
    """The versions of requirements.txt on Linux with this Python ("3.11"), by name."""
    where = {"sys_platform": "linux", "os_name": "posix", "platform_machine": "x86_64"}
    where |= {"python_version": python, "python_full_version": f"{python}.9"}
    return {
        name: str(line.specifier).removeprefix("==")
        for name, lines in pinned().items()
        for line in lines
        if line.marker is None or line.marker.evaluate(where)
    }


def conda():
    """environment.yml as (versions of conda's packages, requirements of pip's), by name."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    words = [entry.split("=", 1) for entry in listed if isinstance(entry, str)]
    versions = {
        canonicalize_name(CONDA_NAMES.get(name, name)): "".join(version) for name, *version in words
    }
    pip = [
        Requirement(line) for entry in listed if isinstance(entry, dict) for line in entry["pip"]
    ]
    return versions, {requirement.name: requirement for requirement in pip}


# ---------------------------------------------------------------- requirements.txt


@pytest.mark.parametrize("name", sorted(declared()))
def test_requirements_pin_every_dependency_within_its_range(name):
    for pin in pinned()[name]:
        version = str(pin.specifier).removeprefix("==")
        assert version in declared()[name].specifier


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
def test_requirements_are_exact_and_unambiguous_for_every_python(python):
    for name, lines in pinned().items():
        assert all(re.fullmatch(r"==[\w.]+", str(line.specifier)) for line in lines), name
        assert all(line.url is None for line in lines), name
    assert declared().keys() <= pins_for(python).keys()


def test_requirements_bring_no_cuda_and_name_no_index():
    assert not [name for name in pinned() if re.match(r"nvidia|cuda|triton", name)]
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert not re.search(r"https?:|file:|^-", text, re.M)


def test_requirements_are_complete_without_their_dependencies_being_looked_up():
    """course.py installs them with --no-deps, so nothing may be missing."""
    result = subprocess.run(
        [sys.executable, "-m", "pip", "check"], capture_output=True, encoding="utf-8"
    )
    assert result.returncode == 0, result.stdout


# ---------------------------------------------------------------- conda and Binder


def test_binder_has_the_same_bytes():
    same = (ROOT / "binder/environment.yml").read_bytes()
    assert (ROOT / "environment.yml").read_bytes() == same
    assert not (ROOT / "binder/environment.yml").is_symlink()


def test_conda_gives_the_versions_of_requirements():
    versions, pip = conda()
    python = versions.pop("python")
    pins = pins_for(python)
    assert versions.pop("pip") == ""
    assert versions.pop("torch") == "2.*=cpu*"
    assert versions == {name: pins[name] for name in versions}
    pip_versions = {name: str(line.specifier).removeprefix("==") for name, line in pip.items()}
    assert pip_versions == {name: pins[name] for name in pip}
    assert declared().keys() <= versions.keys() | pip.keys() | {"torch"}
    assert python in ("3.11", "3.12", "3.13", "3.14")


def test_pip_and_conda_agree_on_where_a_package_is_needed():
    for name, requirement in conda()[1].items():
        assert str(requirement.marker) == str(declared()[name].marker), name


def test_binder_puts_the_course_into_the_image(tmp_path):
    if importlib.util.find_spec("repo2docker") is None:
        pytest.skip("jupyter-repo2docker is not installed (it does not run on Windows)")
    result = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    dockerfile, said = result.stdout, result.stderr
    assert f"python={conda()[0]['python']}" in dockerfile + said
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "binder/environment.yml"' in dockerfile
    assert "RUN ./binder/postBuild" in dockerfile
    assert dockerfile.index("env update") < dockerfile.index("RUN ./binder/postBuild")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no mode bits")
@pytest.mark.parametrize("script", ["binder/postBuild", ".ci/run"])
def test_a_script_can_be_started_as_it_is(script):
    assert os.access(ROOT / script, os.X_OK)
    first = (ROOT / script).read_bytes().splitlines()[0]
    assert first == b"#!/usr/bin/env bash"
    subprocess.run(["bash", "-n", ROOT / script], check=True)


# ---------------------------------------------------------------- CI and the dev container


def test_ci_runs_what_students_run():
    assert (ROOT / ".ci/run").read_text(encoding="utf-8").endswith("exec python3 course.py test\n")


def test_the_workflow_runs_ci_on_three_systems_with_the_oldest_python():
    job = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    test = job["jobs"]["test"]
    systems = test["strategy"]["matrix"]["os"]
    assert {name.split("-")[0] for name in systems} == {"ubuntu", "macos", "windows"}
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert test["strategy"]["matrix"]["python"][0] == oldest
    commands = [step.get("run") for step in test["steps"]]
    assert ".ci/run" in commands
    assert "python course.py test" in commands


def test_the_weekly_workflow_ignores_the_pins():
    job = yaml.safe_load((ROOT / ".github/workflows/newest.yml").read_text(encoding="utf-8"))
    commands = [step.get("run", "") for step in job["jobs"]["test"]["steps"]]
    assert commands[-1] == "python course.py test --here"
    assert not [command for command in commands if "requirements.txt" in command]
    assert job[True]["schedule"]  # YAML reads the key `on` as true


def test_the_dev_container_sets_the_course_up():
    container = json.loads((ROOT / ".devcontainer/devcontainer.json").read_text(encoding="utf-8"))
    assert container["postCreateCommand"] == "python3 course.py setup"


# ---------------------------------------------------------------- what the code imports


def third_party_imports(path):
    """The top-level names that a file imports from outside the standard library and itself."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names.add(node.module.split(".")[0])
    beside = {other.stem for other in path.parent.glob("*.py")}
    return names - set(sys.stdlib_module_names) - OURS - beside


def sources():
    files = [path for path in ROOT.glob("*.py") if path.name != "course.py"]
    for folder in ("course_lib", "tests", "benchmarks", "tools", "data"):
        files += (ROOT / folder).rglob("*.py")
    return sorted(files)


def test_every_imported_package_is_a_declared_dependency():
    distributions = packages_distributions()
    missing = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sources()
        for name in third_party_imports(path)
        if not {canonicalize_name(d) for d in distributions.get(name, [])} & declared().keys()
    }
    assert not missing


def test_course_py_needs_nothing_but_python():
    assert third_party_imports(ROOT / "course.py") == set()
