"""What to do when something of the host is in the way: lines for the user."""

from __future__ import annotations

NO_LIBRPM = (
    "librpm's Python binding is missing for this Python ({python}): {reason}.",
    "Install the system's python3-rpm package (apt install python3-rpm, tdnf install python3-rpm, "
    "dnf install python3-rpm) and run tdnf with the system's own python3.",
)
NO_PERMISSION = (
    "",
    "tdnf repo cache needs to be refreshed but you have insufficient permissions",
    "You can use one of the below methods to workaround this",
    "1. Login as root and refresh cache",
    "2. Use -c (--config) with a configuration file that has 'cachedir' set to a directory where you have "
    "access",
    "3. Use -C (--cacheonly) and use the existing cache in the system",
    "",
)
