"""What a prepared folder names is looked at before anything of it is imported."""

import json
import sys

import pytest

from esoftmax_jax.app.data.readers.prepared import read_prepared
from esoftmax_jax.app.data.readers.prepared_features import check_features
from esoftmax_jax.app.terminal.messages import UsageError

OWN = "tensorflow_datasets.core.features"
FOREIGN = "foreign_features.Image"
IMAGE = {"pythonClassName": f"{OWN}.image_feature.Image", "image": {}}
DICTIONARY = f"{OWN}.features_dict.FeaturesDict"


def features(inner):
    return {"pythonClassName": DICTIONARY, "featuresDict": {"features": {"image": inner}}}


HOSTILE = {
    "at the top": {"pythonClassName": FOREIGN, "image": {}},
    "in a dictionary": features({"pythonClassName": FOREIGN, "image": {}}),
    "spelt as protocol buffers do": features({"python_class_name": FOREIGN, "image": {}}),
    "in a sequence of sequences": features(
        {
            "pythonClassName": f"{OWN}.sequence_feature.Sequence",
            "sequence": {"feature": features({"pythonClassName": FOREIGN})},
        }
    ),
    "as before version 4.3": {"type": DICTIONARY, "content": {"a": {"type": FOREIGN}}},
    "in JSON within JSON": {
        "pythonClassName": DICTIONARY,
        "jsonFeature": {"json": json.dumps({"a": {"type": FOREIGN, "content": {}}})},
    },
    "in escaped JSON": {
        "pythonClassName": DICTIONARY,
        "jsonFeature": {"json": '{"a": {"\\u0074ype": "foreign_features.Image"}}'},
    },
    "in text of a protocol buffer": {
        "type": DICTIONARY,
        "proto_cls": "tensorflow_datasets.FeaturesDict",
        "content": json.dumps({"features": {"a": {"python_class_name": FOREIGN}}}),
    },
    "a module that only begins so": features({"pythonClassName": f"{OWN}_foreign.Image"}),
    "a module above": features({"pythonClassName": f"{OWN}..foreign.Image"}),
    "no name": features({"pythonClassName": ["x"]}),
}


@pytest.fixture
def prepared(tmp_path, monkeypatch):
    """A folder of data, beside a module that leaves a trace when it is imported."""
    monkeypatch.setenv("ESOFTMAX_CACHE_DIR", str(tmp_path / "cache"))
    code = "import pathlib\npathlib.Path('was-imported').touch()\n"
    (tmp_path / "foreign_features.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    directory = tmp_path / "toy" / "1.0.0"
    directory.mkdir(parents=True)
    info = {"name": "toy", "version": "1.0.0", "fileFormat": "array_record"}
    (directory / "dataset_info.json").write_text(json.dumps(info))
    return directory


@pytest.mark.parametrize("case", HOSTILE)
def test_a_class_of_another_module_is_refused(prepared, case):
    (prepared / "features.json").write_text(json.dumps(HOSTILE[case]))
    with pytest.raises(UsageError, match="features of tensorflow_datasets' own, got the class"):
        read_prepared("toy", str(prepared.parents[1]))
    assert not (prepared.parents[1] / "was-imported").exists()
    assert "foreign_features" not in sys.modules


def test_such_a_class_would_be_imported(prepared):
    # The test above would notice.
    import tensorflow_datasets as tfds

    (prepared / "features.json").write_text(json.dumps(HOSTILE["at the top"]))
    with pytest.raises(ValueError, match="Unrecognized FeatureConnector"):
        tfds.builder_from_directory(prepared)
    assert (prepared.parents[1] / "was-imported").exists()
    del sys.modules["foreign_features"]


@pytest.mark.parametrize("name", ["features.json", "dataset_info.json"])
def test_a_damaged_description_is_named_with_its_line(prepared, name):
    (prepared / "features.json").write_text(json.dumps(features(IMAGE)))
    (prepared / name).write_bytes(b'{"name":\n"toy"')
    with pytest.raises(UsageError, match=rf"{name}, line 2: expected JSON, got Expecting"):
        read_prepared("toy", str(prepared.parents[1]))


def test_own_features_pass(prepared):
    described = features(IMAGE)
    # A feature may be called as such a key is.
    described["featuresDict"]["features"]["type"] = IMAGE
    described["featuresDict"]["features"]["json"] = IMAGE
    for content in (described, {"type": DICTIONARY, "content": {"content": IMAGE}}):
        (prepared / "features.json").write_text(json.dumps(content))
        check_features("toy", prepared)
