"""What ``auto`` loses, measured over many datasets; development and held-out ones apart."""
