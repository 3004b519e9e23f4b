"""What a process said before it ended, for a sentence that people read."""

import json

from infra.processes import Child


def last_words(child: Child) -> str:
    """The last line of its log; of a JSON line, the event."""
    line = child.last_words()
    try:
        event = json.loads(line)["event"]
    except (ValueError, KeyError, TypeError):
        return line or "il n’a rien dit."
    return str(event)
