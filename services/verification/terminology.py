"""Diagnoses under their codes and preferred names, from the library's front matter and a vocabulary beside it."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import Final

from services.core.types import Condition
from services.verification.vocabulary import Vocabulary, key_of

LANGUAGES: Final = ("en", "zh")


class Nomenclature:
    """Completes what a guideline does not say of its condition; never changes what it says."""

    def __init__(self, conditions: Iterable[Condition], look_up: Callable[[Collection[str]], Vocabulary]) -> None:
        """Learn from these conditions, and look up the names of those that lack something.

        Args:
            conditions: All of the library, one of each document.
            look_up: Reads a vocabulary for these names.

        Raises:
            VocabularyError: It cannot be read.
        """
        given = list(conditions)
        self._known: Final[dict[str, Condition]] = {}
        for condition in given:
            for key in _keys(condition):
                self._known[key] = _merged(self._known.get(key, condition), condition)
        lacking = [condition for condition in map(self._from_library, given) if _lacks(condition)]
        names = {name for condition in lacking for name in _all_names(condition)}
        self._vocabulary = look_up(names) if names else Vocabulary()

    def align(self, condition: Condition) -> Condition:
        """The condition with a code and names in both languages, as far as they are known.

        What another guideline of the library says of a condition with the same id or name comes first, the vocabulary
        second; `icd10` stays None where neither knows it.
        """
        found = self._from_library(condition)
        if not _lacks(found):
            return found
        keys = [key_of(name) for name in _all_names(found)]
        codes = {self._vocabulary.codes[key] for key in keys if key in self._vocabulary.codes}
        names = dict(found.names)
        for key in keys:
            for language, name in self._vocabulary.names.get(key, {}).items():
                names.setdefault(language, name)
        only_code = next(iter(codes)) if len(codes) == 1 else None
        return replace(found, names=names, icd10=found.icd10 or only_code)

    def _from_library(self, condition: Condition) -> Condition:
        for key in _keys(condition):
            condition = _merged(condition, self._known.get(key, condition))
        return condition


def _keys(condition: Condition) -> Iterator[str]:
    """Its id and its preferred names: a synonym may be wider than the condition."""
    yield condition.id
    yield from (f"name:{key_of(name)}" for name in condition.names.values())


def _all_names(condition: Condition) -> list[str]:
    return [*condition.names.values(), *(name for names in condition.synonyms.values() for name in names)]


def _lacks(condition: Condition) -> bool:
    return condition.icd10 is None or any(language not in condition.names for language in LANGUAGES)


def _merged(first: Condition, second: Condition) -> Condition:
    """The first, with the code and the names that only the second has."""
    return replace(first, names={**second.names, **first.names}, icd10=first.icd10 or second.icd10)
