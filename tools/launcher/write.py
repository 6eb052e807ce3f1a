"""Write a launcher that starts tdnf without Python's site machinery: write.py TARGET

A venv's and a distribution's ``.pth`` files may cost more than tdnf itself needs to
start, and environment variables such as PYTHONPATH have no business in a program
that runs as root. So the launcher runs the interpreter with ``-IS`` and names the
folders to import from: this checkout, the venv, and where the system keeps librpm's
binding.
"""

from __future__ import annotations

import os
import sys
import sysconfig

_LONGEST_SHEBANG = 120  # bytes; the kernel cuts longer ones

_TEMPLATE = """\
{shebang}
import gc
import signal
import sys

gc.disable()  # a query is over before anything is worth collecting; what takes longer turns it on
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback while modules are being loaded
sys.path[:0] = [{checkout!r}]
sys.path += {folders!r}
from pkgman.__main__ import start

start()
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


def main() -> None:
    """Write the file named on the command line, whole or not at all."""
    target = os.path.abspath(sys.argv[1])
    checkout = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    text = _TEMPLATE.format(shebang=shebang(sys.executable), checkout=checkout, folders=folders())
    with open(f"{target}.new", "w", encoding="utf-8") as stream:
        stream.write(text)
        os.fchmod(stream.fileno(), 0o755)
    os.replace(f"{target}.new", target)


if __name__ == "__main__":
    main()
