"""The soak: what a service must bear for long, and what it must survive. One part a command, one JSON result a part."""
