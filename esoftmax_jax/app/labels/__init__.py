"""Which labels a run trains on."""
