"""Which OpenPGP keys and signatures count: one policy for packages and metadata (docs/security.md).

It is sequoia's standard policy but for what the best-known signers of packages need: :func:`wider` names
the differences.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from repo_meta import packets
from repo_meta.signingkeys import HASHES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from repo_meta.packets import Signature
    from repo_meta.signingkeys import SigningKey

CLOCK_TOLERANCE = 1800  # seconds that a signer's clock may be ahead of ours
SMALLEST_KEY = 2048  # bits of an RSA or DSA key

_WEAK = ("md5", "sha1", "ripemd160")  # no hashes of files, which somebody else may have prepared
# Who binds a key signs his own words: SHA-1 is safe for that, and until this day everybody did it.
_SHA1_BINDS_UNTIL = 1675209600  # 2023-02-01, in seconds since 1970
_WORDS = {"md5": "MD5", "sha1": "SHA-1", "ripemd160": "RIPEMD-160"}


def complaint(signature: Signature, signer: SigningKey, *, now: float, relaxed: bool) -> str:
    """Say why ``signature``, by ``signer``, does not count; ``""`` if it does.

    Whether it is right at all is not looked at. ``relaxed`` takes weak algorithms and short keys, too.
    """
    key, made = signer.key, signature.created
    if signature.kind not in (packets.BINARY, packets.TEXT):
        return "it is not a signature of a file"
    kind = HASHES.get(signature.hash_algorithm)
    if kind is None:
        return f"its hash algorithm {signature.hash_algorithm} is not known"
    if not relaxed and kind in _WEAK:
        return f"it uses {_WORDS[kind]}, which is not safe any more"
    if made > now + CLOCK_TOLERANCE:
        return f"it was made in the future, on {_day(made)}: is the clock right?"
    if signature.expires and signature.expires <= now:
        return f"it expired on {_day(signature.expires)}"
    if made < key.created:
        return f"it is older than its key, which was made on {_day(key.created)}"
    return about_key(signer, made, relaxed=relaxed)


def about_key(signer: SigningKey, made: float, *, relaxed: bool) -> str:
    """Say why ``signer`` cannot have made a signature that counts at the time ``made``; ``""`` if it can."""
    key = signer.key
    size = key.modulus_bits
    if not relaxed and 0 < size < SMALLEST_KEY:
        return f"its key has {size} bits only; {SMALLEST_KEY} is the least"
    if signer.revoked:
        return "its key was revoked by its owner"
    owner = _current(signer.owner, made, relaxed=relaxed)
    binding = _current(signer.bindings, made, relaxed=relaxed)
    for holder, current, every in ((signer.owner_key, owner, signer.owner), (key, binding, signer.bindings)):
        if current is None:
            return _no_binding(every)
        end = holder.created + current.key_validity
        if current.key_validity and end <= made:
            return f"its key expired on {_day(end)}"
    allowed = binding.may_sign if binding is not None else None
    if allowed is False or (allowed is None and key != signer.owner_key):
        return "its key is not one for signing"
    return ""


def wider(signature: Signature, signer: SigningKey, *, relaxed: bool) -> bool:
    """Say whether sequoia's policy may refuse what :func:`complaint` does not.

    - gpg exports the newest self-signature only, and that of a prolonged key is younger than what it signed.
    - rpm before 4.14 made signatures of version 3.
    - Most keys before 2023 are bound with SHA-1.
    - Somebody asked for weak algorithms.
    """
    own = (*signer.owner, *signer.bindings)
    late = any(one.created > signature.created for one in own)
    weak = any(HASHES[one.hash_algorithm] in _WEAK for one in own)
    return relaxed or signature.version == 3 or late or weak


def _current(bindings: Sequence[Signature], made: float, *, relaxed: bool) -> Signature | None:
    """Return the newest self-signature that counts at the time ``made``: it says how long the key is good.

    It may be younger than what the key has signed, since a vendor who prolongs a key makes a new one.
    """
    lasting = [one for one in bindings if not one.expires or one.expires > made]
    counting = [one for one in lasting if relaxed or not _binds_weakly(one)]
    return max(counting, key=lambda one: one.created, default=None)


def _no_binding(bindings: Sequence[Signature]) -> str:
    kinds = sorted({_WORDS[HASHES[one.hash_algorithm]] for one in bindings if _binds_weakly(one)})
    if not kinds:
        return "its key has no valid signature of its owner"
    return f"its key is bound by a signature that uses {kinds[0]}, which is not safe any more"


def _binds_weakly(signature: Signature) -> bool:
    kind = HASHES[signature.hash_algorithm]
    return kind in _WEAK and (kind != "sha1" or signature.created >= _SHA1_BINDS_UNTIL)


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
