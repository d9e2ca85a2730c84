"""AttackSpec: a perturbation by name, and how strong a study has it."""

from __future__ import annotations

from typing import Any

from harness import plugin
from harness.spec.base import Name, Source, Spec, options

ATTACKS = "harness.attacks"
NONE = "none"
# All attacks of a study on a target at once: of each example the worst prediction under any of them.
WORST = "worst"
# A statistic beside those of metrics: of each example, whether its prediction is another one under attack, and 1.
FLIPS = "flips"


class AttackSpec(Spec):
    """An attack: a module of `harness.attacks` (`kind`) with options. Its strength is the study's to say."""

    name: Name
    kind: Name
    title: str
    options: dict[str, Any] = {}
    source: Source

    def families(self) -> tuple[str, ...]:
        """Returns the task families whose rows it attacks. Raises SpecError if there is no such kind."""
        found: tuple[str, ...] = plugin.load(ATTACKS, self.kind).FAMILIES
        return found

    def needs_lexicon(self) -> bool:
        """Returns whether it takes words from a lexicon, which a study makes of its own parallel data."""
        return bool(getattr(plugin.load(ATTACKS, self.kind), "LEXICON", False))

    def resolved_options(self) -> Spec:
        """Returns the options, defaults filled in. Raises SpecError for one that the kind does not know."""
        return options(ATTACKS, self.kind, self.options)


def label(attack: str, strength: float) -> str:
    """Returns how an attack of a strength is written in scores, signatures and claims: `typo@0.2`."""
    return f"{attack}@{strength:g}"
