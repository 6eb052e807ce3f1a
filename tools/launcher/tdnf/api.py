"""Packages as values, changes as plans: see :class:`Client` and docs/api.md."""

from tdnf._private import make_importable

make_importable()

from pkgman.api import AdvisoryFor, Client, Details, Found, Scope, never  # noqa: E402
from pkgman.apireport import Report  # noqa: E402
from pkgman.errortexts import text_of  # noqa: E402
from pkgman.model.advisory import Advisory, AdvisoryPackage  # noqa: E402
from pkgman.model.errors import NoMatch, NothingToDo, NotRoot, PkgmanError, Unsolvable  # noqa: E402
from pkgman.model.package import Package, PackageInfo  # noqa: E402
from pkgman.model.progress import SILENT, Progress, Task  # noqa: E402
from pkgman.model.repo import RepoSource  # noqa: E402
from pkgman.model.transaction import Action, Note, Reason, Solution, Step  # noqa: E402

__all__ = [
    "SILENT",
    "Action",
    "Advisory",
    "AdvisoryFor",
    "AdvisoryPackage",
    "Client",
    "Details",
    "Found",
    "NoMatch",
    "NotRoot",
    "Note",
    "NothingToDo",
    "Package",
    "PackageInfo",
    "PkgmanError",
    "Progress",
    "Reason",
    "RepoSource",
    "Report",
    "Scope",
    "Solution",
    "Step",
    "Task",
    "Unsolvable",
    "never",
    "text_of",
]
