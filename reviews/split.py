"""Which part a patient belongs to: training, validation or test.

A keyed hash of the unit of splitting decides, with a key of the store's own that is drawn at
random once. So parts follow neither the order of arrival nor the identifier's spelling, nobody
can choose them, and two stores split differently. The store keeps each assignment for good.
"""

from __future__ import annotations

from hashlib import blake2b

from reviews.record import Part

PARTS: tuple[Part, Part, Part] = ("train", "validation", "test")
DEFAULT_SHARES = (0.7, 0.1, 0.2)


def part_for(split_key: str, salt: bytes, shares: tuple[float, float, float] = DEFAULT_SHARES) -> Part:
    """The part of a patient.

    Parameters
    ----------
    split_key
        `Header.split_key`.
    salt
        Up to 64 bytes (RFC 7693, keyed BLAKE2b).
    shares
        Of training, validation and test; they sum to one.
    """
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise ValueError(f"The shares of the parts are {shares}; expected three that sum to one.")
    digest = blake2b(split_key.encode("utf-8", "surrogatepass"), key=salt, digest_size=8).digest()
    position = int.from_bytes(digest, "big") / 2**64  # uniform in [0, 1)
    if position < shares[0]:
        return "train"
    return "validation" if position < shares[0] + shares[1] else "test"
