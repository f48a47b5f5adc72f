"""What networks said of labels while they learnt them, and neighbours, order them by doubt."""

import numpy as np

from esoftmax_jax.app.suspects.training_evidence import TrainingEvidence

NAN = np.nan


def floats(*values):
    return np.array(values, np.float32)


def evidence_of(margins, wrong_events):
    return TrainingEvidence.of([margins], [wrong_events])


def test_evidence_is_the_mean_over_the_networks_that_were_trained_on_the_label():
    found = TrainingEvidence.of(
        [floats(1, NAN, NAN), floats(3, 2, NAN)], [floats(0.5, NAN, NAN), floats(0, 1, NAN)]
    )
    np.testing.assert_array_equal(found.margins, floats(2, 2, NAN))
    np.testing.assert_array_equal(found.wrong_events, floats(0.25, 1, NAN))
    np.testing.assert_array_equal(found.neighbour_margins, floats(NAN, NAN, NAN))


def test_margins_and_wrong_events_in_training_and_margins_out_of_fold_decide_the_order():
    # By margins the order is 2 1 0 3, by wrong events 1 2 3 0, out of fold 1 2 3 0.
    evidence = evidence_of(floats(-1, -2, -3, 5), floats(0.1, 0.9, 0.8, 0.2))
    scores = evidence.scores(floats(0.4, -0.2, -0.1, 0.3))
    assert np.argsort(scores).tolist() == [1, 2, 3, 0]
    np.testing.assert_allclose(np.sort(scores), [-0.2, -0.1, 0.3, 0.4], rtol=1e-6)


def test_of_equally_doubted_labels_the_lower_margin_out_of_fold_comes_first():
    evidence = evidence_of(floats(1, 2, 9), floats(0.5, 0.5, 0))
    assert np.argsort(evidence.scores(floats(0.2, 0.1, 0.7))).tolist() == [1, 0, 2]


def test_a_label_that_was_not_trained_on_keeps_its_margin_out_of_fold():
    evidence = evidence_of(floats(4, -4), floats(0, 1)).take(np.array([0, -1, 1]))
    np.testing.assert_allclose(evidence.scores(floats(-2, -1, 3)), [3, -1, -2])
    nobody = evidence_of(floats(NAN, NAN), floats(NAN, NAN))
    np.testing.assert_array_equal(nobody.scores(floats(1, -1)), [1, -1])


def test_neighbours_count_as_much_as_each_other_kind():
    rising = floats(1, 2, 3, 4)  # of each other kind
    alone = evidence_of(rising, -rising)
    np.testing.assert_array_equal(alone.scores(rising), rising)
    # Sums of four ranks: 3 + 4, 6 + 3, 9 + 2 and 12 + 1.
    near = alone.beside(np.array([0.6, 0.4, 0.2, -1]))
    assert np.argsort(near.scores(rising)).tolist() == [0, 1, 2, 3]
    # Of two kinds that cancel each other out the third and neighbours decide: 4, 3, 7 and 6.
    near = evidence_of(rising, rising).beside(np.array([0.4, -1, 0.6, 0.2]))
    assert np.argsort(near.scores(rising)).tolist() == [1, 0, 3, 2]
    np.testing.assert_array_equal(near.neighbour_margins, floats(0.4, -1, 0.6, 0.2))


def test_a_label_that_was_not_trained_on_is_put_among_all_by_margin_and_neighbours():
    rising = floats(1, 2, 3, 4, 5)
    seen = np.array([0, 1, 2, 3, -1])
    evidence = evidence_of(rising, -rising).take(seen)
    np.testing.assert_array_equal(evidence.scores(rising), rising)
    # Of margins and neighbours it has the ranks 5 and 1: a sum that three others have too.
    near = evidence.beside(np.array([0.1, 0.2, 0.3, 0.4, -1]))
    np.testing.assert_array_equal(near.scores(rising)[:4], rising[:4])
    assert near.scores(rising)[4] == 3
    near = evidence.beside(np.array([0.1, 0.2, 0.3, 0.4, 0.5]))
    assert near.scores(rising)[4] == 5


def test_neighbours_that_are_known_of_some_only_do_not_count():
    rising = floats(1, 2, 3)
    near = evidence_of(rising, -rising).beside(np.array([1, NAN, -1]))
    np.testing.assert_array_equal(near.scores(rising), rising)
