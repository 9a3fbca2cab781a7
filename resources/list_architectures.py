"""Writes the architectures that can be imported, for the window, whose process never imports torch.

    python resources/list_architectures.py

To be run whenever timm or torchvision changes; tests/app/test_architectures.py says when it was not.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LIST = ROOT / "resources" / "architectures.txt"
sys.path.insert(0, str(ROOT))


def architectures() -> list[str]:
    """timm's names, then torchvision's classification networks as ``torchvision/NAME``."""
    from inference import architectures as known  # which declares what torchvision lacks

    timm = known.timm.list_models()
    return [*timm, *(known.TORCHVISION + name for name in sorted(known.torchvision_networks.names()))]


def main() -> int:
    LIST.write_text("\n".join(architectures()) + "\n", encoding="utf-8")
    sys.stdout.write(f"{LIST.relative_to(ROOT)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
