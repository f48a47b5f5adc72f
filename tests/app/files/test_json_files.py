"""Files of JSON: whatever is wrong with one is told in a line, with the file and its line."""

import copy
import json
import math
from typing import Any

import pytest

from esoftmax_jax.app.engine.config import RunConfig
from esoftmax_jax.app.files.json_file import parse_json, read_json
from esoftmax_jax.app.files.json_lines import append_line
from esoftmax_jax.app.labels.noise_spec import NoiseSpec
from esoftmax_jax.app.methods.loss_spec import LossSpec
from esoftmax_jax.app.runs.results import read_results
from esoftmax_jax.app.runs.workdir import check_workdir, claim_workdir
from esoftmax_jax.app.terminal.exit_codes import exit_code_of
from esoftmax_jax.app.terminal.messages import UsageError

CONFIG = RunConfig(
    dataset="wine",
    noise=NoiseSpec("none"),
    loss=LossSpec("GCE", (("q", 0.7),)),
    learning_rate=1,
    seed=0,
    epochs=2,
)
RESULT: dict[str, Any] = {
    "config": CONFIG.to_json(),
    "curves": {name: [0.5, None] for name in ("train_loss", "train_accuracy", "test_accuracy")},
    "last_accuracy": 0.5,
    "best_accuracy": 0.5,
    "best_epoch": 1,
    "noise_rate": None,
    "memorized": None,
    "wall_s": 1,
}

WRONG = {
    "nothing": (b"", r"line 1: expected JSON, got nothing; rename it"),
    "text": (b"{\n'a': 1}", r"line 2: .*double quotes at column 1"),
    "half": (b'{"a":\n\n[1,', r"line 3: expected JSON, got Expecting value at column 4"),
    "two": (b"1\n2", r"line 2: expected JSON, got Extra data at column 1"),
    "deep lists": (b"[" * 100_000, "line 1: .*brackets that are nested too deep"),
    "deep objects": (b'{"a":' * 100_000, "line 1: .*brackets that are nested too deep"),
    "deep but whole": (b"[" * 500 + b"]" * 500, "line 1: .*brackets that are nested too deep"),
    "NaN": (b"[NaN]", "got NaN, which JSON does not have"),
    "infinity": (b"-Infinity", "got -Infinity, which JSON does not have"),
    "beyond floats": (b"[1e999]", "got the number 1e999, which is beyond every float"),
    "five thousand digits": (b"9" * 5000, r"got Exceeds the limit \(4300 digits\)"),
    "a name twice": (b'{"b": {"a": 1, "a": 2}}', "got the name 'a' twice in one object"),
    "Latin-1": (b'{\n"caf\xe9": 1}', "line 2: expected JSON, got text that is not in UTF-8"),
    "UTF-16": ("[1]".encode("utf-16"), "line 1: expected JSON, got text that is not in UTF-8"),
    "zeros": (b"\0" * 9, "line 1: expected JSON, got"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_json(tmp_path, case):
    content, message = WRONG[case]
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(UsageError, match=message) as caught:
        read_json(tmp_path / "a.json", "rename it")
    assert str(caught.value).startswith(f"{tmp_path / 'a.json'}, line ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_what_is_json(tmp_path):
    value: object = {"a": [1, 2.5, None, "é", {}], "b": {"a": True}}
    for encoding in ("utf-8", "utf-8-sig"):
        text = json.dumps(value, ensure_ascii=False)
        (tmp_path / "a.json").write_text(text, encoding=encoding)
        assert read_json(tmp_path / "a.json", "") == value
    assert math.isnan(parse_json(b"NaN", "a", "", finite=False))


def fields_of_other_types(value):
    """Yield copies in which one field is missing or of another type."""
    for name, good in value.items():
        for bad in (None, 3, 2**70, "x", [], [[1]], {"a": "b"}, True):
            if type(bad) is not type(good):
                yield {**value, name: bad}
        yield {key: one for key, one in value.items() if key != name}
        if isinstance(good, dict):
            for inner in fields_of_other_types(good):
                yield {**value, name: inner}


def message_of(function, *arguments):
    """Return the message with which a call is refused; nothing if it is not."""
    try:
        function(*arguments)
    except UsageError as error:
        return str(error)
    return ""


def test_results_are_read_or_refused(tmp_path):
    path = tmp_path / "results.jsonl"
    append_line(path, RESULT)
    whole = path.read_bytes()
    ((identity, run),) = read_results(path).items()
    assert identity == run.config.identity == CONFIG.identity
    assert run.to_json().items() >= RESULT.items()
    refused = 0
    for value in [[], 3, None, "x", *fields_of_other_types(RESULT)]:
        path.write_bytes(whole + json.dumps(value).encode() + b"\n")
        message = message_of(read_results, path)
        if message:
            assert message.startswith(f"{path}, line 2: expected a result, got something else")
            assert message.endswith("; remove the line or choose another --out")
            refused += 1
    assert refused > 200
    short = copy.deepcopy(RESULT)
    short["curves"]["test_accuracy"] = [0.5]
    path.write_bytes(whole + json.dumps(short).encode() + b"\n")
    with pytest.raises(UsageError, match="expected 2 epochs of test_accuracy, got 1"):
        read_results(path)


def test_results_of_version_0_1_hold_nan(tmp_path):
    path = tmp_path / "results.jsonl"
    path.write_text(json.dumps(RESULT).replace("[0.5, null]", "[0.5, NaN]") + "\n")
    assert list(read_results(path)) == [CONFIG.identity]


def test_configurations_are_read_or_refused(tmp_path):
    claim_workdir(tmp_path, CONFIG)
    check_workdir(tmp_path, CONFIG)
    refused = 0
    for value in [[], 3, None, "x", *fields_of_other_types(CONFIG.to_json())]:
        (tmp_path / "config.json").write_text(json.dumps(value))
        message = message_of(check_workdir, tmp_path, CONFIG)
        if message:
            assert message.endswith(("; choose another --workdir", "options to go on"))
            refused += 1
    assert refused > 150


@pytest.mark.parametrize("field", ["width", "hyperparameters", "network", "unheard_of"])
def test_a_field_that_is_none_of_a_configuration_is_named(field):
    with pytest.raises(ValueError, match=field):
        RunConfig.from_json({**CONFIG.to_json(), field: "x"})


def raised(error):
    raise error


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (MemoryError(), "error: expected input that fits into memory, got more; leave out"),
        (MemoryError("2 of 1 GB"), "fits into memory, got more (2 of 1 GB); leave out"),
        (RecursionError("x"), "error: expected plain input, got something nested too deep"),
    ],
)
def test_no_memory_and_no_end_are_one_line(capsys, error, message):
    assert exit_code_of(lambda: raised(error)) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
