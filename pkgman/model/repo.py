"""Repositories as values: what to fetch, and what was verified."""

from typing import NamedTuple

from pkgman.model.package import Checksum

NEVER = -1  # metadata_expire: never


class RepoSource(NamedTuple):
    """A repository as configured, variables expanded (tdnf contract, config 5.1)."""

    id: str
    name: str
    baseurls: tuple[str, ...] = ()
    mirrorlist: str = ""
    metalink: str = ""
    enabled: bool = False
    gpgcheck: bool = True
    repo_gpgcheck: bool = False
    gpgkeys: tuple[str, ...] = ()
    weak_signatures: bool = False  # take MD5, SHA-1 and short keys (docs/security.md)
    priority: int = 50
    excludepkgs: tuple[str, ...] = ()  # specs that the solver does not see of it
    includepkgs: tuple[str, ...] = ()  # specs of all that the solver sees of it, unless empty
    skip_if_unavailable: bool = False
    metadata_expire: int = 172800  # seconds; NEVER for no limit
    username: str = ""
    password: str = ""
    sslverify: bool = True
    sslcacert: str = ""
    sslclientcert: str = ""
    sslclientkey: str = ""
    timeout: int = 0  # seconds; 0 for none
    minrate: int = 0  # bytes per second
    throttle: int = 0  # bytes per second; 0 for no limit
    retries: int = 10
    proxy: str = ""
    proxy_username: str = ""
    proxy_password: str = ""
    skip_md_filelists: bool = False
    skip_md_updateinfo: bool = False
    skip_md_other: bool = False
    metadata_dir: str = ""  # <cachedir>/REPOID-HHHHHHHH, absolute
    package_dir: str = ""  # <cachedir>/REPOID/rpms, absolute
    allow_http_downgrade: bool = False  # http: may be spoken where only https: is configured
    configured: tuple[str, ...] = ()  # URLs as configured, where a plugin replaced them
    rpm_folder: str = ""  # absolute; the rpm files below it are the repository, which has no metadata

    def moved(self, urls: tuple[str, ...]) -> "RepoSource":
        """Return the repository at the base URLs that a plugin found; what was configured stays known."""
        known = self.configured or (*self.baseurls, self.mirrorlist, self.metalink)
        return self._replace(baseurls=urls, mirrorlist="", configured=known)


class MetadataPart(NamedTuple):
    """One ``<data>`` entry of repomd.xml; sizes in bytes, 0 when not stated."""

    kind: str
    location: str  # relative to the repository's base URL, proven to stay inside
    checksum: Checksum | None
    size: int
    open_checksum: Checksum | None
    open_size: int


class MetadataFile(NamedTuple):
    """A metadata part that lies in the cache with the right size and checksum."""

    part: MetadataPart
    path: str


class RepoSnapshot(NamedTuple):
    """A repository's metadata as verified: the only thing the solver loads."""

    id: str
    priority: int
    repomd_checksum: str  # SHA-256 of repomd.xml, hexadecimal
    solv_path: str  # where the solver keeps its binary cache of primary
    primary: MetadataPart
    metadata_dir: str
    parts: tuple[MetadataPart, ...] = ()  # every part of a known kind and compression


class Remote(NamedTuple):
    """A package file to be fetched."""

    label: str  # what progress shows: the package's name
    repo_id: str
    location: str  # relative to the base URL, or an absolute URL
    size: int  # bytes, 0 when unknown
    checksum: Checksum | None
