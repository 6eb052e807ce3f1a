"""Write launchers that start the programs without Python's site machinery.

    write.py TARGET...                     for this checkout and this interpreter
    write.py --python PYTHON --private FOLDER [--folder FOLDER]... TARGET...

The name of each TARGET says which program it is. A venv's and a distribution's ``.pth``
files may cost more than tdnf itself needs to start, and environment variables such as
PYTHONPATH have no business in a program that runs as root. So a launcher runs the
interpreter with ``-IS`` and names the folders to import from: our packages, and where
the libraries lie, librpm's binding among them.
"""

from __future__ import annotations

import argparse
import os
import sys
import sysconfig

_LONGEST_SHEBANG = 120  # bytes; the kernel cuts longer ones
# Programs by the end of their name; all others are tdnf itself.
_COMPANIONS = {
    "tdnf-automatic": "automatic",
    "tdnf-config": "config_editor",
    "tdnf-history-util": "history_util",
}

_TEMPLATE = """\
{shebang}
import gc
import resource
import signal
import sys

gc.disable()  # a query is over before anything is worth collecting; what takes longer turns it on
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback while modules are being loaded
if resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY:
    sys.dont_write_bytecode = True  # a file that is cut at the limit would break every later run
sys.path[:0] = [{private!r}]
sys.path += {folders!r}
from pkgman.__main__ import start

start({program})
"""


def shebang(python: str) -> str:
    """Return the first lines; a path that the kernel cannot take goes through /bin/sh."""
    if " " not in python and len(python) < _LONGEST_SHEBANG:
        return f"#!{python} -IS"
    return f"#!/bin/sh\n'''exec' '{python}' -IS \"$0\" \"$@\"\n' '''"


def folders() -> list[str]:
    """Return the venv's package folders, then the system's that holds ``rpm``."""
    paths = sysconfig.get_paths()
    found = [paths["purelib"], paths["platlib"]]
    try:
        import rpm
    except ImportError:
        pass
    else:
        found.append(os.path.dirname(os.path.dirname(os.path.abspath(rpm.__file__))))
    return list(dict.fromkeys(found))


def write(target: str, python: str, private: str, imported: list[str]) -> None:
    """Write one launcher, whole or not at all."""
    companion = _COMPANIONS.get(os.path.basename(target))
    text = _TEMPLATE.format(
        shebang=shebang(python),
        private=private,
        folders=imported,
        program=f'"{companion}"' if companion else "",
    )
    with open(f"{target}.new", "w", encoding="utf-8") as stream:
        stream.write(text)
        os.fchmod(stream.fileno(), 0o755)
    os.replace(f"{target}.new", target)


def main() -> None:
    """Write the files named on the command line."""
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--private", default=checkout, help="the folder that holds pkgman and its siblings")
    parser.add_argument("--folder", action="append", help="where libraries are; several are possible")
    parser.add_argument("target", nargs="+")
    arguments = parser.parse_args()
    imported = folders() if arguments.folder is None else arguments.folder
    for target in arguments.target:
        write(os.path.abspath(target), arguments.python, arguments.private, imported)


if __name__ == "__main__":
    main()
