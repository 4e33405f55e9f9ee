"""Rules for checkov, ours alone: it has none for Scaleway. What YAML cannot say is Python."""
