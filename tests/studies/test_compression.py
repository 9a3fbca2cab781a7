"""A film that was compressed with loss says so, in whatever transfer syntax it now comes."""

from __future__ import annotations

import pytest
from pydicom import uid
from pydicom.dataset import Dataset

from studies.compression import lossy_compression


@pytest.mark.parametrize(
    ("syntax", "elements", "expected"),
    [
        (uid.ExplicitVRLittleEndian, {}, ""),
        (uid.ExplicitVRLittleEndian, {"LossyImageCompression": "00"}, ""),
        (uid.ExplicitVRLittleEndian, {"LossyImageCompression": "01"}, "lossy"),
        (
            uid.ExplicitVRLittleEndian,
            {
                "LossyImageCompression": "01",
                "LossyImageCompressionMethod": "ISO_10918_1",
                "LossyImageCompressionRatio": 12,
            },
            "JPEG, 12:1",
        ),
        (
            uid.JPEG2000Lossless,
            {
                "LossyImageCompression": "01",
                "LossyImageCompressionMethod": ["ISO_10918_1", "ISO_15444_1"],
                "LossyImageCompressionRatio": [9.96, 2.5],
            },
            "JPEG, 9.96:1; JPEG 2000, 2.5:1",
        ),
        (uid.JPEGBaseline8Bit, {}, "JPEG"),
        (uid.JPEGExtended12Bit, {"LossyImageCompression": "00"}, "JPEG"),
        (uid.JPEGBaseline8Bit, {"LossyImageCompressionRatio": 10}, "JPEG, 10:1"),
        (uid.JPEG2000, {}, "JPEG 2000"),
        (uid.JPEG2000, {"LossyImageCompression": "00"}, ""),
        (uid.JPEG2000Lossless, {}, ""),
        (uid.JPEGLSNearLossless, {}, "JPEG-LS"),
        (uid.HTJ2K, {}, "HTJ2K"),
        (uid.HTJ2KLossless, {}, ""),
        (uid.RLELossless, {}, ""),
    ],
)
def test_loss_is_told_with_its_method_and_ratio(
    syntax: str, elements: dict[str, object], expected: str
) -> None:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    assert lossy_compression(dataset, syntax) == expected
