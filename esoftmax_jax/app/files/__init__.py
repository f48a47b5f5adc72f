"""Files of every kind: CSV, arrays, pictures, caches."""
