"""Networks on a few images: rates are chosen by noisy labels, and nothing is measured twice."""

import numpy as np

from esoftmax_jax.app.data.label_file import LabelFile
from experiments import few_images


def row_of(name, size, network, loss="CE", rate=0.03, held_out=0.5, clean=0.6):
    return {
        "dataset": name,
        "images": size,
        "network": network,
        "loss": loss,
        "learning_rate": rate,
        "held_out": held_out,
        "clean_test": clean,
        "seconds": 1.0,
    }


def test_the_rate_is_that_of_the_held_out_noisy_labels():
    rows = [
        row_of("mnist", 500, "gradient_mlp", rate=0.01, held_out=0.4, clean=0.9),
        row_of("mnist", 500, "gradient_mlp", rate=0.03, held_out=0.5, clean=0.7),
    ]
    *_, line = few_images.few_images_table(rows).splitlines()
    assert line == "| mnist | 500 | gradient_mlp | CE | 0.03 | 50.0 % | 70.0 % |"


def test_what_is_there_is_not_measured_again(tmp_path, monkeypatch, capsys):
    asked = []

    def measure(name, size, dataset, network):
        asked.append((name, size, network))
        return [row_of(name, size, network)]

    monkeypatch.setattr(few_images, "measure", measure)
    monkeypatch.setattr(few_images, "dataset_of", lambda *_: None)
    monkeypatch.setattr(few_images, "read_labels", lambda path: path)
    for _ in range(2):
        few_images.report_few_images(labels=tmp_path, out=tmp_path / "lines")
    assert len(asked) == len(set(asked)) == 2 * 2 * 2
    assert capsys.readouterr().out.count("| mnist | 1000 | gradient_mlp | CE |") == 2


def test_test_images_follow_the_training_images_with_their_right_labels(monkeypatch):
    images = np.arange(2000, dtype=np.uint8).repeat(16).reshape(2000, 4, 4, 1)
    truth = np.arange(2000) % 3
    monkeypatch.setitem(few_images.SETS, "some", lambda _: (images, (truth + 1) % 3, truth))
    dataset = few_images.dataset_of("some", 30, LabelFile("", {}))
    np.testing.assert_array_equal(dataset.train.images, images[:30])
    np.testing.assert_array_equal(dataset.train.labels.observed, (truth[:30] + 1) % 3)
    np.testing.assert_array_equal(dataset.test.images, images[30:1030])
    np.testing.assert_array_equal(dataset.test.labels.reference, truth[30:1030])
