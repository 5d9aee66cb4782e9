"""What a build's own answers say about its data: labels that are mixed up, rows that look mislabelled, words that
decide, phrases that no label covers. Everything is read from the build's folder; nothing of it goes into a bundle."""
