"""Sources, split, profile: from what the user has to rows a family can be fitted on."""
