"""What the folders of runs and audits have in them; nothing here needs JAX."""

MODEL = "model"
"""The network of a run."""
REPORT = "report.html"
"""The page of an audit."""
TRAINING = "training"
"""The run of an audit that trains."""
