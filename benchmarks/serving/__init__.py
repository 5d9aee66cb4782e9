"""The service beside its peers: one model, the same rows, one machine, one server process each, turn by turn.

    python -m benchmarks.serving.peers --install FOLDER       the peers, each in an environment of its own (about 3 GB)
    python -m benchmarks.serving --peers FOLDER               measure what is not in the results yet
    python -m benchmarks.serving.report                       the results as Markdown

Run from the root of the repository. Every peer is written as its documentation says, with one worker, one thread and
the settings it documents as the fastest; `bare` is what is left when a server does nothing but score.
"""
