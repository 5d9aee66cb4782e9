"""A build as something to look at: sections with figures and tables, written as HTML, JSON, Markdown and more.

`build.Build` opens what a build left; each part of `sections/` makes one section of it; each part of `charts/` draws
one kind of figure; each part of `exports/` writes one format.
"""
