"""A second look at what no rule caught: does a text resemble written examples of emergencies?

People word emergencies in more ways than a lexicon has terms for. The library has example texts for each urgent rule,
and texts on the same topics that are no emergency; at start a logistic regression over n-grams of words and characters
is fitted on them, one for each language. Words for findings that a text denies are left out of it. The second look can
only raise a level, and what it raises is cited: the sentence of the rule whose examples are near, or a general one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion
from sklearn.preprocessing import normalize

from services.core.datafile import where
from services.core.errors import LibraryError
from services.core.text import stems
from services.core.types import Language, Patient
from services.findings.extract import without_absent
from services.findings.lexicon import Lexicon
from services.triage.levels import EMERGENCIES
from services.triage.rules import Rule, fits_patient

_INVERSE_REGULARIZATION: Final = 10.0
"""Chosen by cross-validation in which the examples of one rule are never on both sides."""

_NEAR: Final = 0.3
"""Least cosine at which the nearest example says what it is about; below, the nearest is as often of another thing."""

_MIN_EXAMPLES: Final = 2
"""An n-gram of one example only says nothing of others."""


class _Example(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)]
    emergency: bool
    rule: str | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A text as people write it.

    Attributes:
        rule: Which urgent rule it is about, or would be if it were one; None where it is about none.
    """

    text: str
    is_emergency: bool
    rule: Rule | None = None


class Resemblance:
    """How far texts in one language resemble the emergencies among the examples."""

    def __init__(self, examples: Sequence[Example], language: Language, lexicon: Lexicon) -> None:
        """Fit the model: some seconds for some thousand examples, the same result each time.

        Args:
            examples: Of both kinds.
            language: What they are in.
            lexicon: Knows what is denied.
        """
        self._lexicon = lexicon
        self._vectors = _vectorizer(language)
        matrix = self._vectors.fit_transform([without_absent(example.text, lexicon) for example in examples])
        self._model = LogisticRegression(C=_INVERSE_REGULARIZATION, solver="newton-cg", max_iter=1_000)
        self._model.fit(matrix, [example.is_emergency for example in examples])
        places = [n for n, example in enumerate(examples) if example.is_emergency and example.rule]
        self._cited: Final = normalize(matrix[places])
        self._rules: Final[list[Rule]] = [rule for n in places if (rule := examples[n].rule)]

    def vector(self, text: str) -> Any:
        """What `chance` and `nearest` read of a text: a sparse (1, n) matrix."""
        return self._vectors.transform([without_absent(text, self._lexicon)])

    def chance(self, vector: Any) -> float:
        """That it is an emergency, 0 to 1, by the examples; no measured frequency."""
        return float(self._model.predict_proba(vector)[0, 1])

    def nearest(self, vector: Any, patient: Patient) -> Rule | None:
        """The rule of the nearest emergency among those that fit the patient; None where nothing is near."""
        near = np.asarray((self._cited @ normalize(vector).T).todense()).ravel()
        order: list[int] = np.argsort(-near, kind="stable").tolist()
        for place in order:
            if near[place] < _NEAR:
                return None
            if fits_patient(self._rules[place], patient):
                return self._rules[place]
        return None


def _vectorizer(language: Language) -> Any:
    """English by stems and by pieces of words, Chinese by characters."""
    kept: dict[str, Any] = {"min_df": _MIN_EXAMPLES, "sublinear_tf": True, "dtype": np.float32}
    if language == "zh":
        return TfidfVectorizer(analyzer="char", ngram_range=(1, 4), **kept)
    words = TfidfVectorizer(tokenizer=stems, token_pattern=None, ngram_range=(1, 3), **kept)
    return FeatureUnion([("words", words), ("pieces", TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 5), **kept))])


def load_resemblance(folder: Path, rules: Sequence[Rule], lexicon: Lexicon) -> dict[Language, Resemblance]:
    """One for each language that the folder has examples in: `en.jsonl`, `zh.jsonl`.

    Raises:
        LibraryError: A line is not valid, names a rule that does not exist or asks for no emergency, or a language has
            examples of one kind only.
    """
    languages: tuple[Language, ...] = ("en", "zh")
    read = {language: read_examples(folder / f"{language}.jsonl", rules) for language in languages}
    return {language: Resemblance(examples, language, lexicon) for language, examples in read.items() if examples}


def read_examples(file: Path, rules: Sequence[Rule]) -> list[Example]:
    """The examples of a file; none where there is no file.

    Raises:
        LibraryError: As `load_resemblance`.
    """
    return _read(file, {rule.id: rule for rule in rules}) if file.exists() else []


def _read(file: Path, rules: Mapping[str, Rule]) -> list[Example]:
    examples = []
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as exc:
        raise LibraryError(f"triage examples {file.name} cannot be read") from exc
    for number, line in enumerate(lines, 1):
        try:
            read = _Example.model_validate_json(line)
        except ValidationError as exc:
            raise LibraryError(f"triage examples {file.name}, line {number}: {where(exc)}") from exc
        rule = rules.get(read.rule) if read.rule else None
        if read.rule and (rule is None or rule.level not in EMERGENCIES):
            raise LibraryError(f"triage examples {file.name}, line {number}: no urgent rule has this id")
        examples.append(Example(read.text, read.emergency, rule))
    if len({example.is_emergency for example in examples}) < 2:  # noqa: PLR2004 - emergencies, and the rest
        raise LibraryError(f"triage examples {file.name} are all of one kind")
    return examples
