"""What networks said of labels while they learnt them puts labels in an order of doubt."""

import numpy as np

from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence

NAN = np.nan


def floats(*values):
    return np.array(values, np.float32)


def test_evidence_is_the_mean_over_the_networks_that_were_trained_on_the_label():
    found = TrainingEvidence.of(
        [floats(1, NAN, NAN), floats(3, 2, NAN)], [floats(0.5, NAN, NAN), floats(0, 1, NAN)]
    )
    np.testing.assert_array_equal(found.margins, floats(2, 2, NAN))
    np.testing.assert_array_equal(found.wrong_events, floats(0.25, 1, NAN))


def test_margins_and_wrong_events_in_training_and_margins_out_of_fold_decide_the_order():
    # By margins the order is 2 1 0 3, by wrong events 1 2 3 0, out of fold 1 2 3 0.
    evidence = TrainingEvidence(floats(-1, -2, -3, 5), floats(0.1, 0.9, 0.8, 0.2))
    scores = evidence.scores(floats(0.4, -0.2, -0.1, 0.3))
    assert np.argsort(scores).tolist() == [1, 2, 3, 0]
    np.testing.assert_allclose(np.sort(scores), [-0.2, -0.1, 0.3, 0.4], rtol=1e-6)


def test_of_equally_doubted_labels_the_lower_margin_out_of_fold_comes_first():
    evidence = TrainingEvidence(floats(1, 2, 9), floats(0.5, 0.5, 0))
    assert np.argsort(evidence.scores(floats(0.2, 0.1, 0.7))).tolist() == [1, 0, 2]


def test_a_label_that_was_not_trained_on_keeps_its_margin_out_of_fold():
    evidence = TrainingEvidence(floats(4, -4), floats(0, 1)).take(np.array([0, -1, 1]))
    np.testing.assert_allclose(evidence.scores(floats(-2, -1, 3)), [3, -1, -2])
    nobody = TrainingEvidence(floats(NAN, NAN), floats(NAN, NAN))
    np.testing.assert_array_equal(nobody.scores(floats(1, -1)), [1, -1])
