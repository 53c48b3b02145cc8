"""Where the pinned peers are: in an environment of their own, or in the Python that runs this."""
import os
import pathlib
import shlex
import subprocess
import sys

PINNED = {"torch": "2.13.0", "jax": "0.10.2"}
PROBE = "import importlib.metadata as m, sys; import numpy; print(m.version(sys.argv[1]))"


def installed_version(python, package):
    """The version of a package without its local part (+cpu), or None where it, or numpy, is missing."""
    try:
        found = subprocess.run([python, "-c", PROBE, package], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return found.stdout.strip().split("+")[0] if found.returncode == 0 else None


def pythons(environment):
    """The interpreters to look into, best first."""
    own = pathlib.Path(environment) / "bin" / "python"
    return ([str(own)] if own.exists() else []) + [sys.executable]


def find(package, environment):
    """(python, None), or (None, why the pinned version can't be used)."""
    wanted, seen = PINNED[package], []
    for python in pythons(environment):
        version = installed_version(python, package)
        if version == wanted:
            return python, None
        if version:
            seen.append(version)
    if seen:
        return None, f"{package}: expected version {wanted}, found {', '.join(seen)}; --setup installs it"
    return None, f"{package} {wanted} is not installed; --setup installs it"


def setup(environment, pip_args, packages=tuple(PINNED)):
    """Installs what is not there yet. Raises OSError or CalledProcessError."""
    missing = [p for p in packages if find(p, environment)[0] is None]
    if not missing:
        return
    python = pathlib.Path(environment) / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", os.fspath(environment)], check=True, stdout=sys.stderr)
    wanted = [f"{p}=={PINNED[p]}" for p in missing]
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                    *shlex.split(pip_args), *wanted, "numpy"], check=True, stdout=sys.stderr)
