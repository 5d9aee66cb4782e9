"""The one visual language: colours by what they mean. The page gives each a light and a dark value (`report.css`)."""

ACCENT = "var(--accent)"  #: what the reader should look at: the chosen solution, the main series
GOOD, WARN, BAD = "var(--good)", "var(--warn)", "var(--bad)"
INK, MUTED, FAINT, GRID = "var(--ink)", "var(--muted)", "var(--faint)", "var(--grid)"
#: Series that mean nothing by their colour; told apart by people who are colour-blind (Okabe and Ito, 2008), and never
#: by colour alone: shapes or direct labels go with them.
SERIES = ("var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)", "var(--s5)", "var(--s6)")
WIDTH, HEIGHT = 360, 240  #: of a chart in pixels at its natural size: it stays readable on a page 400 px wide
