"""Ceilings that several parts keep: what is larger is refused before it is held in memory.

All that is read from elsewhere has one here; docs/security.md says what the worst input costs below them.
"""

from __future__ import annotations

# Bytes of whole files.
MAX_KEY_FILE = 1 << 20  # the largest distribution keyrings have some hundred KiB
MAX_KEYS = 1000  # certificates in one of them
MAX_REPOMD = 4 << 20  # real ones have 1 to 100 KiB
MAX_SIGNATURE = 1 << 18  # of repomd.xml.asc
MAX_MIRRORLIST = 1 << 20
MAX_METALINK = 1 << 20
MAX_CONFIG = 4 << 20  # a file of settings, such as a .repo file

# Bytes of the parts of a repository.
MAX_PART = 2 << 30  # as sent, when repomd.xml states no size
MAX_OPEN = {"primary": 1 << 30, "updateinfo": 512 << 20}  # plain, stated or not
MAX_OPEN_OTHERS = 4 << 30  # file lists have 630 MB for 65,000 packages, changelogs more
MAX_RATIO = 400  # of a file that states no plain size, times its packed size; zstd on XML gets 20
FREE_OPEN = 64 << 20  # plain bytes always allowed to such a file
MAX_XZ_MEMORY = 160 << 20  # xz -9 needs 65 MiB
MAX_ZSTD_WINDOW = 1 << 27  # what the zstd program accepts

# What one document may hold.
MAX_MIRRORS = 64  # base URLs of a mirrorlist or metalink that are used; real ones have up to 150
MAX_PARTS = 1000  # named in repomd.xml; real ones have up to 50
MAX_PACKAGES = 500_000  # of a repository; the largest have 80,000
MAX_PACKAGE = 16 << 20  # bytes of XML of one package in primary; kernels with all their symbols have 2 MiB
MAX_FILES = 1_000_000  # of one package, or owners that one search finds; kernels have 100,000 files
MAX_LISTED = 16_000_000  # files or changelog entries of all packages asked for; large ones have 8 million
MAX_ITEM = 1 << 20  # bytes; one tag, comment, path or package head
MAX_ADVISORIES = 200_000  # of a repository
MAX_ADVISORY = 16 << 20  # characters of one advisory's texts and attributes
MAX_DEPTH = 100  # elements within each other
MAX_NAMES = 1000  # different names of elements and attributes
MAX_NAMESPACE = 256  # characters of a namespace's name
MAX_NAME = 255  # characters of a package's name that is offered for completion

# Of the program that parses primary; 65,000 packages take 0.4 GB and some seconds.
MAX_MEMORY = 4 << 30  # bytes of address space
MAX_SECONDS = 600  # of processor time
