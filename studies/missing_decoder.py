"""What to do about a file that cannot be decoded here: which decoder is missing, and its remedy."""

from __future__ import annotations

from pydicom import uid

PACKAGES = {
    "imagecodecs": "imagecodecs",
    "jpeg_ls": "pyjpegls",
    "PIL": "pillow",
}
"""The package that brings each module of a decoder."""

_AGAIN = "ask for it again as JPEG, JPEG 2000 or uncompressed, which every archive can send"
_FAMILIES = (
    # (beginning of the UID or one of several, what is missing, what to do)
    (("1.2.840.10008.1.2.4.10",), "decoder of {name} video", f"open it in a video player, or {_AGAIN}"),
    (
        ("1.2.840.10008.1.2.4.92", "1.2.840.10008.1.2.4.93"),
        "decoder of JPEG 2000 Part 2",
        _AGAIN,
    ),
    (
        ("1.2.840.10008.1.2.4.94", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.20"),
        "way to the pixels on a JPIP server",
        "retrieve the whole image from the archive",
    ),
    (
        tuple(f"1.2.840.10008.1.2.4.{number}" for number in (54, 56, 58, *range(59, 67))),
        "decoder of arithmetic or hierarchical JPEG",
        f"convert it with gdcmconv --raw, or {_AGAIN}",
    ),
    (("1.2.840.10008.1.2.7.",), "way to the pixels of a live stream", "record it as DICOM images"),
)


def missing_for_syntax(transfer_syntax: str) -> str:
    """A clause that names what a transfer syntax wants that is not here, and what to do without it."""
    name = uid.UID(transfer_syntax).name
    missing, remedy = "decoder", _AGAIN
    for prefixes, family_missing, family_remedy in _FAMILIES:
        if transfer_syntax.startswith(prefixes):
            missing, remedy = family_missing.format(name=name.split(" Profile")[0]), family_remedy
    known = name if name != transfer_syntax else f"{transfer_syntax}, which is private"
    return (
        f"has the transfer syntax {known}, for which there is no {missing} here, expected an uncompressed,"
        f" RLE, JPEG, JPEG-LS, JPEG 2000 or HTJ2K one: {remedy}"
    )


def missing_module(error: ImportError, transfer_syntax: str) -> str:
    """A clause that names the package which an installation lacks, and how it is added."""
    module = (error.name or str(error)).split(".")[0]
    package = PACKAGES.get(module, "imagecodecs" if "imagecodecs" in str(error) else module)
    return (
        f"has the transfer syntax {uid.UID(transfer_syntax).name}, of which the decoder {package} is not"
        f" installed, expected it to be: add it with pip install {package}"
    )
