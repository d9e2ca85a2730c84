"""What all specs share: frozen, strict, no unknown field."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from harness import plugin
from harness.canon import dumps
from harness.errors import SpecError

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
Lang = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Revision = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]


class Spec(BaseModel):
    """A frozen, strict model: an unknown field or a wrong type is an error, never a guess."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def data(self) -> dict[str, Any]:
        """Returns the spec as plain JSON-able data, every default written out."""
        return self.model_dump(mode="json")


class Source(Spec):
    """Who made data or an encoder, and under which terms."""

    paper: str
    url: str
    licence: str
    citation: str


def options(package: str, name: str, given: dict[str, Any], place: str = "options") -> Spec:
    """Returns a module's `Options`, defaults filled in. Raises SpecError, with the place, for one that it does not know."""
    model: type[Spec] = plugin.load(package, name).Options
    try:
        return model.model_validate_json(dumps(given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join((place, *map(str, first["loc"])))
        is_unknown = first["type"] == "extra_forbidden"
        hint = f" ({plugin.near(str(first['loc'][-1]), model.model_fields)})" if is_unknown else ""
        raise SpecError(f"{where}: {first['msg'].removeprefix('Value error, ')}{hint}") from None
