# SPDX-License-Identifier: BSD-3-Clause
"""Answers of a control plane on file, to be seen again: one JSON object a line, each with what differs
from the answer to the same question before."""

import json
import time

import picket

ERRORS = {kind.__name__: kind for kind in (picket.Unreachable, picket.Refused, picket.Malformed)}


class Ended(picket.PicketError):
    """Nothing more was recorded."""


def _keys(rows):
    """What a row is known by from one answer to the next; None: they are not told apart so."""
    keys = [row.get("name") or row.get("partner") or row.get("domain") or f"{row.get('cause')} {row.get('source')}"
            for row in rows]
    return keys if len(set(keys)) == len(keys) else None


def _difference(row, was):
    """The members that are new or changed."""
    return {key: value for key, value in row.items() if key not in was or was[key] != value}


def _comparable(before, after):
    """Are they the same rows with the same members?"""
    return (_keys(before) is not None and _keys(before) == _keys(after)
            and all(row.keys() <= new.keys() for row, new in zip(before, after)))


class Recorder:
    """A client that writes down what the client under it says."""

    def __init__(self, client, file):
        self._client = client
        self._file = file
        self._began = time.monotonic()
        self._seen = {}

    def show(self, noun):
        line = {"noun": noun, "clock": time.strftime("%H:%M:%S")}
        try:
            answer = self._client.show(noun)
        except picket.PicketError as trouble:
            line.update(error=type(trouble).__name__, words=str(trouble))
            self._write(line)
            raise
        line["at"] = round(answer.at - self._began, 3)
        before = self._seen.get(noun)
        if before is None or before.head != answer.head:
            line["head"] = answer.head
        if before is None or not _comparable(before.rows, answer.rows):
            line["rows"] = answer.rows
        else:
            line["changed"] = {key: _difference(row, was)
                               for key, row, was in zip(_keys(answer.rows), answer.rows, before.rows) if row != was}
        self._seen[noun] = answer
        self._write(line)
        return answer

    def _write(self, line):
        print(json.dumps(line, separators=(",", ":")), file=self._file, flush=True)


class Replay:
    """A client that says again what was written down, in the same order."""

    def __init__(self, lines):
        self._lines = iter(lines)
        self._seen = {}
        self._clock = "--:--:--"

    def clock(self):
        """Of the last answer."""
        return self._clock

    def show(self, noun):
        text = next(self._lines, None)
        if text is None:
            raise Ended("the recording has ended")
        try:
            line = json.loads(text)
            if line["noun"] != noun:
                raise picket.Malformed(f"the recording has no answer to 'show {noun}' here")
            self._clock = line["clock"]
            if "error" in line:
                raise ERRORS[line["error"]](line["words"])
            return self._understand(noun, line)
        except (ValueError, KeyError, TypeError, AttributeError) as trouble:
            raise picket.Malformed(f"this is no recording of scripts/top: {trouble!r}") from None

    def _understand(self, noun, line):
        before = self._seen.get(noun)
        head = line["head"] if "head" in line else before.head
        if "rows" in line:
            rows = line["rows"]
        else:
            rows = [{**row, **line["changed"].get(key, {})} for key, row in zip(_keys(before.rows), before.rows)]
        self._seen[noun] = picket.Answer(head, rows, line["at"])
        return self._seen[noun]
