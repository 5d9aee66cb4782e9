"""How a solution runs: program, engine, state, and the ops it is made of."""
