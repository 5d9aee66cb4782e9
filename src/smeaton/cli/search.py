"""Search the rows of a file, or a folder of documents, by words, by meaning, or by both.

  smeaton search tickets.csv "cannot log in"
  smeaton search handbook/ "how long is the notice period" --by both -k 5

Words work in any script and without any weights. Meaning needs pretrained weights: a folder, package:NAME or
hub:org/name after --model, else what is installed; without any, `both` goes by words alone. Long documents
are searched in passages.
"""

import argparse
import json

HELP = "search a file or a folder by words or by meaning"
_WIDE = 200


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("data", metavar="DATA", help="a .csv, .tsv, .jsonl or .parquet file, or a folder of documents")
    parser.add_argument("query", metavar="QUERY")
    parser.add_argument("--column", metavar="NAME", help="the column of texts (default: the one with the longest)")
    parser.add_argument("-k", type=int, default=10, metavar="N", help="how many to show (default 10)")
    parser.add_argument("--by", choices=["words", "meaning", "both"], default="words", help="default: words")
    parser.add_argument("--model", metavar="REF", help="pretrained weights for meaning")


def run(args: argparse.Namespace) -> int:
    """Search and show."""
    from smeaton.flow.similar import find

    hits, texts, index = find(args.data, args.query, args.k, column=args.column, by=args.by, model=args.model)
    if args.json:
        found = [
            {"row": hit.document + 1, "place": texts.places[hit.document], "score": hit.score}
            | {"start": hit.start, "end": hit.end, "text": hit.text}
            for hit in hits
        ]
        print(json.dumps({"by": index.by, "model": index.model, "column": texts.column, "hits": found}))
        return 0
    if texts.chosen:
        print(f"texts are read from the column {texts.column!r}")
    if index.model is not None:
        print(f"meaning by the weights {index.model.partition('#')[0]}")
    elif args.by != index.by:
        print("no pretrained weights are installed: by words alone (--by meaning says how to get some)")
    if not hits:
        print("nothing has anything in common with the query")
    for number, hit in enumerate(hits, start=1):
        part = (
            f", characters {hit.start}-{hit.end}" if hit.end - hit.start < len(texts.texts[hit.document] or "") else ""
        )
        line = " ".join(hit.text.split())
        print(f"{number:3}. {texts.places[hit.document]}{part} (score {hit.score:.3g})")
        print(f"     {line if len(line) <= _WIDE else line[: _WIDE - 3] + '...'}")
    return 0
