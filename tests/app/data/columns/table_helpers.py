"""A small table of every kind of column."""

ROWS = range(60)
CELLS = {
    "age": ["" if i % 7 == 3 else str(20 + i % 31) for i in ROWS],
    "income": [f"{1000 + 37 * i:,}.50" for i in ROWS],
    "member": [("yes", "No")[i % 2] for i in ROWS],
    "joined": [f"{2015 + i % 5}-{1 + i % 12:02d}-{1 + i % 28:02d}" for i in ROWS],
    "city": [("Oslo", "Rome", "", "Bern", "Rome")[i % 5] if i != 7 else "Nice" for i in ROWS],
    "note": [f"the {'cold' if i % 3 else 'warm'} water of day {i} is {'no' * (i % 2)} good" for i in ROWS],
    "patient": [f"P-{i:04d}" for i in ROWS],
    "id": [str(500 + i) for i in ROWS],
    "site": ["north"] * 60,
}  # fmt: skip


def where(row: int) -> str:
    """Name a row."""
    return f"row {row}"
