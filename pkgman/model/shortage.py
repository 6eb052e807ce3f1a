"""What Python and librpm raise when memory, threads, disk or open files do not suffice, as tdnf's errors."""

from __future__ import annotations

import errno

from pkgman.model.errors import PkgmanError, system_error

_SCARCE_FILES = 64  # open files; with fewer allowed, modules may not be found
_LIBRPM = 1526  # tdnf's number: the database cannot be opened
_SCARCE_MEMORY = 512 << 20  # bytes of address space; with less allowed, libraries may not be loaded


def shortage(error: BaseException) -> PkgmanError | None:
    """Return the error that tells of a shortage, None when ``error`` is not the effect of one.

    Under tight limits the interpreter itself fails in several ways: the cause is then in the limits, and
    the exception's own text is kept.
    """
    if isinstance(error, PkgmanError):
        return None
    if isinstance(error, OSError) and error.errno:
        return system_error(error)
    text = str(error) or type(error).__name__
    if isinstance(error, RuntimeError) and "start new thread" in text:
        return _error("No thread can be started", errno.EAGAIN)
    if isinstance(error, MemoryError) or "failed to map segment" in text or "annot allocate memory" in text:
        return _error(f"There is not enough memory: {text}", errno.ENOMEM)
    if type(error).__module__ == "_rpm":  # its one exception, which may come out of any call
        return PkgmanError(f"librpm: {text}", number=_LIBRPM)
    if not isinstance(error, (ImportError, SystemError)):
        return None
    import resource  # noqa: PLC0415  # on this way out only

    files, memory = (resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_NOFILE, resource.RLIMIT_AS))
    if 0 <= files < _SCARCE_FILES:
        return _error(f"Too few files may be open, {files} (ulimit -n): {text}", errno.EMFILE)
    if 0 <= memory < _SCARCE_MEMORY:
        return _error(f"Too little memory may be used, {memory >> 20} MiB (ulimit -v): {text}", errno.ENOMEM)
    return None


def _error(text: str, number: int) -> PkgmanError:
    return PkgmanError(text, number=1600 + number)
