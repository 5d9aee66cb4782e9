"""What language models cost and bring: the layer, the ledger, prompt search, cascades, one real board."""
