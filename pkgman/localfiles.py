"""Arguments that name rpm files or URLs (tdnf contract, commands 5.1)."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pkgman.model import urls
from pkgman.model.errors import PkgmanError
from pkgman.model.package import CMDLINE_REPO
from pkgman.model.repo import Remote, RepoSource
from pkgman.model.schemes import REMOTE, canonical
from repo_meta import cache, download

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pkgman.model.package import RpmFile
    from pkgman.session import Session


@contextmanager
def opened(session: Session, words: Sequence[str]) -> Iterator[tuple[RpmFile, ...]]:
    """Fetch URLs and read the headers of all files; what was fetched is removed at the end.

    :raises PkgmanError: 1602 for a missing file, 1622 for a broken or a source package.
    :raises FetchError: for a URL that cannot be fetched.
    """
    keep = session.config.keepcache or session.flag("downloadonly")
    fetched: list[str] = []
    try:
        paths = []
        for word in dict.fromkeys(map(canonical, words)):
            if word.startswith(REMOTE):
                paths.append((word, _fetch(session, word, fetched)))
            else:
                paths.append((word, _local_path(word)))
        yield tuple(_read(session, word, path) for word, path in paths)
    finally:
        for path in () if keep else fetched:
            cache.remove(path)


def cmdline_source(session: Session) -> RepoSource:
    """Return the pseudo repository of files and URLs: signatures are checked, without any key of its own."""
    config = session.config
    folder = os.path.join(config.cachedir, CMDLINE_REPO)
    return RepoSource(
        CMDLINE_REPO,
        CMDLINE_REPO,
        enabled=True,
        gpgcheck=True,
        sslverify=config.sslverify,
        allow_http_downgrade=config.allow_http_downgrade,
        proxy=config.proxy,
        proxy_username=config.proxy_username,
        proxy_password=config.proxy_password,
        metadata_dir=folder,
        package_dir=os.path.join(folder, "rpms"),
    )


def _local_path(word: str) -> str:
    path = urls.local_path(word) if word.startswith("file://") else word
    if not os.path.exists(path):
        raise PkgmanError(f"{word}: there is no such file", number=1602)
    return os.path.abspath(path)


def _fetch(session: Session, url: str, fetched: list[str]) -> str:
    """Fetch one URL anew, add its path to ``fetched`` and return it."""
    name = os.path.basename(urls.split_url(url).path)
    remote = Remote(label=name, repo_id=CMDLINE_REPO, location=url, size=0, checksum=None)
    source = cmdline_source(session)
    # Kept files have the URL's path for a name, so one may be of another host, or of yesterday.
    folder = session.download_dir
    path = download.target(remote, source, folder)
    if path in fetched:
        raise PkgmanError(
            f"{urls.public(url)}: another URL with the same path was named; install one after the other"
        )
    if folder is None:
        cache.remove(path)  # a file in the folder of --downloaddir is the user's own, and is taken as it is
    fetched.append(path)
    return download.fetch_packages(
        [remote],
        {CMDLINE_REPO: source},
        fetcher=session.fetcher,
        progress=session.ui,
        report=session.ui,
        target_dir=folder,
    )[remote]


def _read(session: Session, word: str, path: str) -> RpmFile:
    """Read one header; ``word`` is what the user called the file."""
    name = urls.public(word) if "://" in word else word
    file = session.read_rpm_file(path)
    is_source = file.header.arch in ("src", "nosrc")
    if session.wants_sources and not is_source:
        raise PkgmanError(
            f"package '{name}' appears not to be a source rpm but --source or --builddeps was used",
            number=1622,
        )
    if is_source and not session.wants_sources:
        raise PkgmanError(
            f"package '{name}' appears to be a source rpm - use --source to install, or --builddeps to "
            "install its build depenfdencies",  # tdnf's spelling, which scripts compare
            number=1622,
        )
    return file
