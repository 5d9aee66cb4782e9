"""Language models behind one small contract.

What is asked and replied (`messages`), who answers (`providers`), how it travels (`wires/`, one file a wire format),
what it costs (`prices`), who pays (`purse`, `ledger`), servers on this machine (`local/`).

Importing any module here pulls in no third-party package; those of the extra `llm` are imported when a model is asked.
"""
