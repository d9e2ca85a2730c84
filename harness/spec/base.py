"""What all specs share: frozen, strict, no unknown field."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

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
