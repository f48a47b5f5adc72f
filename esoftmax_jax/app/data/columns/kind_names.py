"""What a column of features may be."""

NUMBER, BOOLEAN, DATE, CATEGORY, TEXT = "number", "boolean", "date", "category", "text"
KINDS = (NUMBER, BOOLEAN, DATE, CATEGORY, TEXT)
