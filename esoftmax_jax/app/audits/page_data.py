"""The suspects as JSON within the page."""

import json
from collections.abc import Sequence

from esoftmax_jax.app.audits.result import Audit
from esoftmax_jax.app.files.arrays import content_hash

SAVED = "suspects-reviewed.csv"
"""What the browser calls the list that it saves."""


def suspects_as_json(audit: Audit, shown: Sequence[int]) -> str:
    """Return these rows of the audit as JSON that can stand in an element of a page."""
    one, evidence = audit.examples, audit.evidence
    contents = one.content(shown)
    rows = [
        {
            "rank": place + 1,
            "example": str(one.sources[row]),
            "part": str(one.parts[row]),
            "id": int(one.ids[row]) if one.ids[row] >= 0 else "",
            "label": int(one.labels[row]),
            "suggestion": int(evidence.suggestions[row]),
            "margin": float(f"{evidence.margins[row]:.6g}"),
            "clean_label": int(one.truth[row]),
            "probability": ""
            if audit.noise.refused
            else float(f"{audit.probabilities_wrong[row]:.4g}"),
            "shown": place,
        }
        for place, row in enumerate(shown)
    ]
    data = {
        "key": f"esoftmax-{content_hash([one.sources, one.labels, audit.order])}",
        "saved": SAVED,
        "header": [*audit.columns(), "decision"],
        "classes": one.class_names,
        "columns": one.columns,
        "fields": list(rows[0]) if rows else [],
        "suspects": [list(values.values()) for values in rows],
        "shown": contents,
    }
    text = json.dumps(data, separators=(",", ":"))
    # No end of the element, no comment and no entity can be in it.
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text
