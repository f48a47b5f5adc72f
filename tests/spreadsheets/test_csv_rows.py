"""CSV files as spreadsheets write them, and as nobody does: a row takes a bounded memory."""

import csv

import pytest

from esoftmax_jax.spreadsheets import CsvRows

ROWS = [["label", "größe"], ["a", "1.5"], ["b, c", "2"]]


def rows_of(path, content, **form):
    path.write_bytes(content)
    return list(CsvRows("table", path, **form))


FORMS = {
    "UTF-8": ("utf-8", "", ","),
    "UTF-8 with a mark": ("utf-8", "\ufeff", ","),
    "semicolons": ("utf-8", "", ";"),
    "Unicode text": ("utf-16-le", "\ufeff", "\t"),
    "Unicode text of an old Macintosh": ("utf-16-be", "\ufeff", "\t"),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_spreadsheets(tmp_path, form, end):
    encoding, mark, delimiter = FORMS[form]
    cells = [[f'"{cell}"' if "," in cell else cell for cell in row] for row in ROWS]
    text = mark + end.join([delimiter.join(row) for row in cells]) + end
    found = rows_of(tmp_path / "a.csv", text.encode(encoding))
    assert found == list(enumerate(ROWS, 1))


def test_rows_have_the_line_in_which_they_begin(tmp_path):
    found = rows_of(tmp_path / "a.csv", b'\n\na;"b,\nc";d,e\n\n1;2;3')
    assert found == [(1, []), (2, []), (3, ["a", "b,\nc", "d,e"]), (5, []), (6, [*"123"])]


def test_a_cell_may_be_as_long_as_a_row(tmp_path):
    text, limit = "word " * 60_000, csv.field_size_limit()
    found = rows_of(tmp_path / "a.csv", f'a,"{text}"\nb,c\n'.encode(), strict=True)
    assert found == [(1, ["a", text]), (2, ["b", "c"])]
    assert csv.field_size_limit() == limit
    with pytest.raises(ValueError, match=r"row 1: .* \(unexpected end of data\)"):
        rows_of(tmp_path / "a.csv", f'a,"{text}\nb,c\n'.encode(), strict=True)
    assert csv.field_size_limit() == limit


WRONG = {
    "UTF-16 without a mark": ("a,b\n".encode("utf-16-le"), "UTF-8, got zero bytes, as a spreadsheet or a picture has; save the file"),
    "UTF-32": ("a,b\n".encode("utf-32"), "UTF-8, got zero bytes"),
    "half a character": ("a,b\n".encode("utf-16") + b"c", "UTF-8, got something else; save"),
    "Latin-1": (b"a,\xe9\n", "UTF-8, got something else"),
    "a zero byte": (b"a,b\nc,\0\n", "UTF-8, got zero bytes"),
    "a field without end": (b'a\n"b' + b"\nb" * 10**5, r"row 2: .* \(field larger than field limit"),
    "a line without end": (b"a,b\n" + b"1," * 600, r"row 2: .* \(more than 1000 characters\); correct"),
    "a row without end": (b"a,b\n" + b'"\n",' * 300, r"row 2: .* \(more than 1000 characters\)"),
    "nothing but blank lines": (b"\n" * 1200, r"row 1: .* \(more than 1000 characters\)"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_no_table(tmp_path, monkeypatch, case):
    content, message = WRONG[case]
    if "1000" in message:
        monkeypatch.setattr("esoftmax_jax.spreadsheets.csv_rows._LONGEST_ROW", 1000)
    with pytest.raises(ValueError, match=f"^table(: expected|, ).*{message}"):
        rows_of(tmp_path / "a.csv", content)
