"""The suspects as JSON within the page."""

import json
from collections.abc import Sequence

from esoftmax_jax.app.audits.result import Audit
from esoftmax_jax.app.files.arrays import content_hash

SAVED = "suspects-reviewed.csv"
"""What the browser calls the list that it saves."""

_FIELDS = (
    "rank",
    "example",
    "part",
    "id",
    "label",
    "suggestion",
    "margin",
    "clean_label",
    "probability",
    "shown",
)


def suspects_as_json(audit: Audit, shown: Sequence[int]) -> str:
    """Return these rows of the audit as JSON that can stand in an element of a page."""
    one, evidence = audit.examples, audit.evidence
    contents = one.content(shown)
    rows = [
        [
            place + 1,
            str(one.sources[row]),
            str(one.parts[row]),
            int(one.ids[row]) if one.ids[row] >= 0 else "",
            int(one.labels[row]),
            int(evidence.suggestions[row]),
            float(f"{evidence.margins[row]:.6g}"),
            int(one.truth[row]),
            float(f"{audit.probabilities_wrong[row]:.4g}"),
            place,
        ]
        for place, row in enumerate(shown)
    ]
    data = {
        "key": f"esoftmax-{content_hash([one.sources, one.labels, audit.order])}",
        "saved": SAVED,
        "header": [*audit.columns(), "decision"],
        "classes": one.class_names,
        "columns": one.columns,
        "fields": _FIELDS,
        "suspects": rows,
        "shown": contents,
    }
    text = json.dumps(data, separators=(",", ":"))
    # No end of the element, no comment and no entity can be in it.
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
