"""Architectures as rpm names them, and the base architecture of each, which repositories are named after."""

from pkgman.model.errors import PkgmanError

UNKNOWN = 1307
_BASES = {
    "aarch64": "",
    "arm": "armv5tejl armv5tel armv5tl armv6l armv7l armv8l",
    "armhfp": "armv6hl armv7hl armv7hnl armv8hl",
    "i386": "athlon geode i486 i586 i686",
    "ia64": "",
    "loongarch64": "",
    "mips": "",
    "mips64": "",
    "mips64el": "",
    "mipsel": "",
    "ppc": "",
    "ppc64": "ppc64iseries ppc64p7 ppc64pseries",
    "ppc64le": "",
    "riscv32": "",
    "riscv64": "",
    "s390": "",
    "s390x": "",
    "sparc": "sparc64 sparc64v sparcv8 sparcv9 sparcv9v",
    "x86_64": "amd64 ia32e x86_64_v2 x86_64_v3 x86_64_v4",
}
_NO_MACHINE = frozenset(("arm", "armhfp"))  # names of groups only


def checked(arch: str) -> str:
    """Return ``arch``, which the user names.

    :raises PkgmanError: 1307 when rpm knows no machine of this architecture.
    """
    if not base_of(arch) or arch in _NO_MACHINE:
        raise PkgmanError(f"{arch}: rpm knows no such architecture, as aarch64 is one", number=UNKNOWN)
    return arch


def base_of(arch: str) -> str:
    """Return the base architecture, as dnf fills ``$basearch``; "" for an unknown one."""
    if arch in _BASES:
        return arch
    return next((base for base, others in _BASES.items() if arch in others.split()), "")
