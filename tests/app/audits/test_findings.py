"""What probabilities say of labels, and the order of doubt it gives."""

import numpy as np

from esoftmax_jax import cleaning
from esoftmax_jax.app.audits.findings import against_rival
from esoftmax_jax.app.jobs.audit.audit import audit
from tests.helpers.audits import noisy, probabilities_of


def test_a_label_is_weighed_against_its_strongest_rival():
    probabilities = np.array(
        [
            [0.1, 0.3, 0.3, 0.3],
            [0.3, 0.55, 0.15, 0.0],
            [0.5, 0.5, 0.0, 0.0],
            [0.0, 1.0, 0.0, 0.0],
        ]
    )
    evidence = cleaning.label_evidence(probabilities, np.zeros(4, int))
    found = against_rival(evidence)
    np.testing.assert_allclose(found, [0.25, 0.3 / 0.85, 0.5, 0.0])
    # By margins the second were before the first: there is more of each class in it.
    np.testing.assert_allclose(evidence.margins, [-0.2, -0.25, 0, -1])
    np.testing.assert_array_equal(found < 0.5, evidence.margins < 0)


def test_the_order_is_by_that_ratio():
    truth, labels = noisy()
    probabilities = probabilities_of(truth)
    probabilities[1] = [0.3, 0.6, 0.1]  # of label 2: 1 to 6
    probabilities[11] = [0.55, 0.2, 0.25]  # label 0 is predicted
    probabilities[21] = [0.55, 0.2, 0.25]  # of label 1: 1 to 2.75
    found = audit(labels=labels, probabilities=probabilities)
    ratios = against_rival(found.evidence)[found.order]
    assert np.all(np.diff(ratios) >= 0)
    assert found.table["rank"][[51, 1, 21]].tolist() == [1, 4, 5]
