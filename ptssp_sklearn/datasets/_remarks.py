"""What was left out of a data set, or read otherwise than it was written, counted by reason."""

from __future__ import annotations

from dataclasses import dataclass, field

from ptssp_sklearn.exceptions import counted


class LeftOut(Exception):  # noqa: N818 - it is no error but the reason why an object is not read
    """An object cannot be used; the message is the reason."""


@dataclass
class Remarks:
    """Counts of what happened, each with the first place it happened at."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    places: dict[tuple[str, str], str] = field(default_factory=dict)
    sentences: list[str] = field(default_factory=list)

    def add(self, noun: str, what: str, place: str = "", count: int = 1) -> None:
        """Count `noun` (in the singular) of which `what` is true, such as "left out: empty"."""
        if count:
            self.counts[noun, what] = self.counts.get((noun, what), 0) + count
            self.places.setdefault((noun, what), place)

    def say(self, sentence: str) -> None:
        """Keep a sentence about the whole data set, once."""
        if sentence not in self.sentences:
            self.sentences.append(sentence)

    def lines(self) -> list[str]:
        """Give every sentence, and one line for every reason."""
        lines = list(self.sentences)
        for (noun, what), count in self.counts.items():
            place = self.places[noun, what]
            where = f" (the first: {place})" if place and count > 1 else f" ({place})" * bool(place)
            lines.append(f"{counted(count, noun)} {what}{where}")
        return lines
