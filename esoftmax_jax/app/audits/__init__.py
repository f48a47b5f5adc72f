"""An audit of labels: what is asked about, what is found, and the report."""
