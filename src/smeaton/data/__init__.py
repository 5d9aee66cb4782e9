"""Sources, split, profile, leakage: from what the user has to rows a family can be fitted on."""
