"""From unlabelled rows to labels: what is most worth an answer, the answers, and what more of them would bring."""
