"""Options of extractive question answering (a span of the context, or no answer)."""

from __future__ import annotations

from typing import Literal

from pydantic import PositiveInt, model_validator

from harness.spec.base import Spec


class Options(Spec):
    """Windows of `max_length` tokens move by `doc_stride`; lengths are in tokens.

    `context: gold_sentence` cuts every context down to the sentence that holds the (first) answer: an easier task,
    named in the signature. `null_answers` lets the first token stand for "no answer".
    """

    max_length: PositiveInt = 384
    doc_stride: PositiveInt = 128
    max_question_length: PositiveInt = 64
    n_best: PositiveInt = 20
    max_answer_length: PositiveInt = 30
    null_answers: bool = False
    null_threshold: float = 0.0
    context: Literal["paragraph", "gold_sentence"] = "paragraph"

    @model_validator(mode="after")
    def _stride_fits(self) -> Options:
        if self.max_question_length + self.doc_stride + 4 > self.max_length:
            raise ValueError("max_question_length + doc_stride + 4 must not exceed max_length")
        return self
