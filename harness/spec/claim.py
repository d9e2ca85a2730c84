"""Claims: sentences of a paper as typed parts that evidence can decide."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, PositiveFloat, model_validator

from harness.spec.attack import NONE
from harness.spec.base import Lang, Name, Spec

ALL = "all"
OWN_SCORER = "benchmark"
UNKNOWN = "unknown"


class Arm(Spec):
    """A query for runs by what their intermediate training was; the paper's task names.

    `intermediate: []` is the baseline. `all` is the arm that trains on every intermediate task at once. A study's task
    answers to a paper's task if it has its name or lists it under `proxy_for`. `edition` is that of the arm's own sources.
    """

    intermediate: tuple[Name, ...] | Literal["all"]
    mlm: bool = False
    translated: bool = False
    edition: Name | None = None


BASELINE_ARM = Arm(intermediate=())


class Quote(Spec):
    """Where a statement stands, word for word."""

    document: str
    quote: str


class Part(Spec):
    """What all kinds of part share: what is averaged, and the error rate.

    The mean is over `targets`, of each over `languages` (empty: all that there are). A target is scored by its own metric;
    `metric` names another that it has, or `benchmark`: the mean of those by which the benchmark's own program scores it.
    `attack` (`NAME@STRENGTH`, or `worst`: of each example the worst under any) takes the scores on attacked rows; `quantity:
    drop` how far they lie below those on the same rows as they were, `flips` how many predictions are others, in percent.
    """

    note: str | None = None
    targets: tuple[Name, ...] = ()
    languages: tuple[Lang, ...] = ()
    metric: Name | None = None
    attack: str = Field(default=NONE, pattern=r"^(none|worst|[a-z0-9_.-]+@[0-9.]+)$")
    quantity: Literal["score", "drop", "flips"] = "score"
    alpha: float = Field(default=0.05, gt=0, lt=0.5)

    def told(self) -> dict[str, Any]:
        """Returns the fields that say what is expected; an attack only where there is one."""
        aside = {"kind", "alpha", "note", *(("attack", "quantity") if self.attack == NONE else ())}
        return {name: value for name, value in self.data().items() if name not in aside}

    @model_validator(mode="after")
    def _drops_under_attack(self) -> Part:
        if self.quantity != "score" and self.attack == NONE:
            raise ValueError(f"quantity: {self.quantity} under which `attack`?")
        return self


class Greater(Part):
    """`arm` scores higher than `over`, on the mean over targets of the mean over languages.

    `mean_of_all` is the mean of all arms with plain English intermediate training.
    Null hypothesis: the difference is zero or less.
    """

    kind: Literal["greater"]
    arm: Arm | Literal["mean_of_all"]
    over: Arm = BASELINE_ARM


class Comparison(Part):
    """`arm` gains more over `baseline` than `over` does, on the mean over targets: two treatments, one baseline.

    Null hypothesis: it gains no more.
    """

    kind: Literal["comparison"]
    arm: Arm
    over: Arm
    baseline: Arm = BASELINE_ARM


class Value(Part):
    """`arm` minus `over` is `value` points, within `margin`. A magnitude: only exact evidence can decide it.

    `over: nothing` makes it the arm's score itself, in percent. `best_on_validation` takes, for each target, the arm with
    the best source-language validation score. `groups` are those of the benchmark whose targets are averaged, and
    `average: groups` averages each of them first.
    Null hypothesis: it is off by `margin` or more.
    """

    kind: Literal["value"]
    arm: Arm | Literal["best_on_validation"]
    over: Arm | Literal["nothing"] = BASELINE_ARM
    value: float
    margin: PositiveFloat
    groups: tuple[Name, ...] = ()
    average: Literal["targets", "groups"] = "targets"

    @model_validator(mode="after")
    def _averages_what_is_there(self) -> Value:
        if self.groups and self.targets:
            raise ValueError("groups: the targets of a benchmark's groups, or `targets` by name, not both")
        if self.average == "groups" and not self.groups:
            raise ValueError("average: say which `groups`")
        if self.arm == "best_on_validation" and self.over not in (BASELINE_ARM, "nothing"):
            raise ValueError("over: arms chosen on validation are set against the baseline, or against nothing")
        return self


class SelectedGreater(Part):
    """For each target the arm that is best on source-language validation beats the baseline on test, on the mean."""

    kind: Literal["selected_greater"]


class Equivalent(Part):
    """Intermediate training changes the targets by less than `margin` points; `one_sided`: it gains less than that.

    Null hypothesis: the mean over the arms differs from the baseline by `margin` or more.
    """

    kind: Literal["equivalent"]
    margin: PositiveFloat
    one_sided: bool = False


class Best(Part):
    """`arm` ranks first of all arms of the study, on the mean over targets.

    Null hypothesis: some other arm is at least as good.
    """

    kind: Literal["best"]
    arm: Arm


class Ordering(Part):
    """The gain over the baseline, averaged over arms, is larger on `group` than on every other group of the benchmark.

    Null hypothesis: some other group gains at least as much.
    """

    kind: Literal["ordering"]
    group: Name


class Count(Part):
    """At least `at_least` (a fraction) of the intermediate arms improve the targets.

    Each arm is tested one-sided, Holm-corrected over the arms. Null hypothesis: fewer arms improve.
    """

    kind: Literal["count"]
    at_least: float = Field(gt=0, le=1)


class Correlation(Part):
    """Gains over the baseline rise (`positive`) or fall with `numbers`, by rank: a number for each arm, target or language.

    The gain is that of `arm`, or the mean over all arms with plain English intermediate training; `across: arms` takes
    each of them. Null hypothesis: they do not.
    """

    kind: Literal["correlation"]
    arm: Arm | None = None
    across: Literal["arms", "targets", "languages"]
    numbers: dict[Name, float] = Field(min_length=5)
    sign: Literal["positive", "negative"] = "positive"


class Slope(Part):
    """What is measured rises (`positive`) or falls along a line with `numbers`, one for each of these arms, by name.

    Null hypothesis: it does not. The slope is in points for a number that is larger by one; least squares over the arms.
    """

    kind: Literal["slope"]
    numbers: dict[Name, float] = Field(min_length=3)
    sign: Literal["positive", "negative"] = "positive"

    @model_validator(mode="after")
    def _numbers_differ(self) -> Slope:
        if len(set(self.numbers.values())) < 2:
            raise ValueError("numbers: a line needs at least two different ones")
        return self


class Provenance(Part):
    """What was run, read from the plan and the manifests, not from anybody's word."""

    kind: Literal["provenance"]
    encoder: str | None = None
    phases: tuple[Literal["pretrained", "intermediate", "finetune", "evaluate"], ...] = ()
    intermediate_tasks: tuple[Name, ...] = ()
    source_selection_only: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Provenance:
        if not (self.encoder or self.phases or self.intermediate_tasks or self.source_selection_only):
            raise ValueError("give at least one of encoder, phases, intermediate_tasks, source_selection_only")
        return self


AnyPart = Annotated[
    Greater | Comparison | Value | SelectedGreater | Equivalent | Best | Ordering | Count | Correlation | Slope | Provenance,
    Field(discriminator="kind"),
]


def names_its_arms(part: Part) -> bool:
    """Returns whether a part is about the arms that it names; any other looks at the baseline and all arms beside it."""
    return isinstance(part, Slope) or (isinstance(part, Greater | Comparison | Value) and isinstance(part.arm, Arm))


class Claim(Spec):
    """One claim: the sentence, where it stands, and parts that are judged each on its own.

    p-values are corrected together with those of all claims of the same `group`. `signature` names fields of a score's
    signature with the value that they must have, e.g. `split: test`: evidence that has another is not comparable.
    `training` takes the place of the file's; it is `unknown` where the paper's recipe is not on file.
    """

    id: str = Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")
    statement: str
    source: Quote
    group: Name = "all"
    signature: dict[str, str | int] = {}
    training: dict[str, float] | Literal["unknown"] | None = None
    parts: tuple[AnyPart, ...] = Field(min_length=1)


class ClaimsSpec(Spec):
    """A file of claims about one paper. The p-values of a group of claims are Holm-corrected together.

    `encoder` (a hub id), `training` (fields of TrainingSpec) and the `intermediate` tasks are the paper's: evidence is exact
    only with them.
    """

    schema_version: Literal[1]
    paper: str
    benchmark: Name
    encoder: str
    training: dict[str, float] = {}
    intermediate: tuple[Name, ...] = ()
    claims: tuple[Claim, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ids_distinct(self) -> ClaimsSpec:
        ids = [claim.id for claim in self.claims]
        doubled = sorted({i for i in ids if ids.count(i) > 1})
        if doubled:
            raise ValueError(f"claims: id given twice: {', '.join(doubled)}")
        return self
