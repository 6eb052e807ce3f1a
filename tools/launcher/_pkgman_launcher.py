"""Start a program from wherever its packages lie, without giving their names to others.

Installed from a wheel, the packages are in the private directory ``_pkgman`` beside
this file; in a checkout (editable install) they are two folders up.
"""

import gc
import os
import resource
import signal
import sys


def main() -> None:
    """Be ``tdnf``, under whichever of its names."""
    _start("")


def config_editor() -> None:
    """Be ``tdnf-config``."""
    _start("config_editor")


def history_util() -> None:
    """Be ``tdnf-history-util``."""
    _start("history_util")


def automatic() -> None:
    """Be ``tdnf-automatic``."""
    _start("automatic")


def _start(program: str) -> None:
    """Put the private directory first on sys.path and run the program."""
    gc.disable()  # a query is over before anything is worth collecting; what takes longer turns it on
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # no traceback while modules are being loaded
    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY:
        sys.dont_write_bytecode = True  # a file that is cut at the limit would break every later run
    here = os.path.dirname(os.path.abspath(__file__))
    private = os.path.join(here, "_pkgman")
    if not os.path.isdir(private):
        private = os.path.dirname(os.path.dirname(here))
    sys.path.insert(0, private)
    from pkgman.__main__ import start

    start(program)
