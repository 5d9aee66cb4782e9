"""A bundle answering over HTTP: the application, who may call it, and the wires it speaks."""
