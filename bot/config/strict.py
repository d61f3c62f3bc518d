"""What all parts of the configuration have in common."""

from pydantic import BaseModel, ConfigDict


class Strict(BaseModel):
    """No unknown keys, no changes afterwards, and no value in what is said of a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
