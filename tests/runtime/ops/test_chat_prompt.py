"""`prompt.md`: what is written is read back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.runtime.ops._chat_prompt import Prompt, read_prompt, write_prompt

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1)


@given(instruction=TEXT, labels=st.dictionaries(TEXT, TEXT.map(lambda text: " ".join(text.split()))))
def test_a_prompt_is_read_back_as_written(instruction, labels):
    prompt = Prompt(instruction.strip() or "x", labels)
    if prompt.instruction in ("# Instruction", "# Labels"):
        return
    assert read_prompt(write_prompt(prompt, "made by hand\n\nin two lines")) == prompt


def test_a_text_without_headings_is_the_instruction():
    assert read_prompt("Say what it is.\nBriefly.") == Prompt("Say what it is.\nBriefly.")


def test_other_headings_belong_to_the_instruction():
    text = "# Instruction\nSort it.\n\n# Rules\n- first\n\n# Labels\n- a: one\n- b\n"
    assert read_prompt(text) == Prompt("Sort it.\n\n# Rules\n- first", {"a": "one", "b": ""})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no instruction"),
        ("# Instruction\n\n# Labels\n- a\n", "no instruction"),
        ("# Instruction\nx\n# Labels\nfoo\n", "does not describe a label"),
        ("# Instruction\nx\n# Labels\n- a: 1\n- a: 2\n", "stands twice"),
        ('# Instruction\nx\n# Labels\n- "\\q": 1\n', "is no label"),
    ],
)
def test_what_is_no_prompt_is_refused(text, message):
    with pytest.raises(ProgramError, match=message):
        read_prompt(text)


def test_an_instruction_that_would_be_read_otherwise_is_not_written():
    with pytest.raises(ProgramError):
        write_prompt(Prompt("one\n# Labels\n- a"))
