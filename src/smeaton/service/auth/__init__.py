"""Who may call: keys and their scopes, what a request must look like to be let in, TLS, and the record of it all."""
