"""Which films a model was fitted on, so that nobody measures it on them.

It lies beside the weights as digests, the model's parents' among them: whoever has a film can tell whether
it is one of them, and of whose patient; nobody can read from it which films or patients they were, unless
an identifier is so short that all of them can be tried.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from inference.card import FITTED, ModelCard
from inference.errors import InvalidWeights
from inference.registry import ModelRegistry, content_of
from studies.image import Header
from training.samples import Sample

_DIGEST_BYTES = 8
_PERSON = b"overread fitted"  # RFC 7693: the same identifier has another digest elsewhere


@dataclass(frozen=True, slots=True)
class Fitted:
    """Digests of the films that a model was fitted on, and of their patients.

    Training and validation both count: the second chose epoch, temperature and operating points.

    Parameters
    ----------
    is_whole
        False where a parent of the model never said what it was fitted on.
    """

    digests: frozenset[str] = frozenset()
    is_whole: bool = True

    @classmethod
    def of(cls, samples: Iterable[Sample]) -> Fitted:
        """What a model that is fitted on these samples has seen."""
        return cls(frozenset(digest for sample in samples for digest in _digests_of(sample)))

    def __or__(self, other: Fitted) -> Fitted:
        return Fitted(self.digests | other.digests, self.is_whole and other.is_whole)

    def overlap(self, samples: Sequence[Sample]) -> tuple[Sample, ...]:
        """Those of the samples that the model was fitted on, or whose patient it has seen."""
        return tuple(s for s in samples if not self.digests.isdisjoint(_digests_of(s)))

    def write(self, path: Path) -> None:
        """Write the companion `fitted.json`."""
        told = {
            "digest": f"blake2b-{8 * _DIGEST_BYTES}",
            "is_whole": self.is_whole,
            "fitted": sorted(self.digests),
        }
        path.write_text(json.dumps(told, indent=0) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path, sha256: str) -> Fitted:
        """Read a companion; raise `InvalidWeights` in one sentence where it is not the card's."""
        try:
            told = json.loads(content_of(path, sha256))
            return cls(frozenset(str(digest) for digest in told["fitted"]), bool(told["is_whole"]))
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidWeights(
                f"{path} is no list of fitted films: {error!r}; expected digests."
            ) from error


def fitted_of(card: ModelCard, registry: ModelRegistry) -> Fitted | None:
    """What a model was fitted on; None where that was never written down."""
    path = registry.companion_path(card, FITTED)
    return None if path is None else Fitted.read(path, card.companions[FITTED])


def _digests_of(sample: Sample) -> frozenset[str]:
    """Those of the film, and of the patients that are one with its own."""
    return digests_of(sample.header) | {_digest(unit) for unit in sample.kin}


def digests_of(header: Header) -> frozenset[str]:
    """Digests by which a film and its patient are known again, whatever the file is called."""
    names = {f"film:{header.sop_instance_uid}", header.split_key}
    if header.content_hash:
        names.add(f"content:{header.content_hash}")
    return frozenset(_digest(name) for name in names)


def _digest(name: str) -> str:
    content = name.encode("utf-8", "surrogatepass")
    return blake2b(content, digest_size=_DIGEST_BYTES, person=_PERSON).hexdigest()
