"""How alike texts are: near-duplicates, vectors, and search by words and by meaning. No weights are needed."""
