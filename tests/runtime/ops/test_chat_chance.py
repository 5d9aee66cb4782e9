"""Probabilities: by what was said, by repeats, by tokens; corrected."""

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from smeaton.errors import ProgramError
from smeaton.llm.messages import Token
from smeaton.runtime.ops._chat_calibration import Calibration, read_calibration
from smeaton.runtime.ops._chat_chance import even, of_repeats, of_said, token_chances


def token(text, chance, **others):
    top = ((text, math.log(chance)), *((other, math.log(share)) for other, share in others.items()))
    return Token(text=text, logprob=math.log(chance), top=top)


def test_what_was_said_is_likely():
    assert of_said([1], 3, many=False).tolist() == pytest.approx([0.05, 0.9, 0.05])
    assert of_said([0], 1, many=False).tolist() == [1.0]
    assert of_said([0, 2], 3, many=True).tolist() == pytest.approx([0.9, 0.1, 0.9])
    assert even(4, many=False).tolist() == [0.25] * 4


@given(
    st.integers(1, 6).flatmap(
        lambda labels: st.tuples(st.just(labels), st.lists(st.integers(0, labels - 1), min_size=1))
    )
)
def test_repeats_are_shares(case):
    labels, said = case
    chance = of_repeats([[code] for code in said], labels, many=False)
    assert chance.sum() == pytest.approx(1.0)
    assert (chance > 0).all()
    assert chance.argmax() in {code for code in said if said.count(code) == max(map(said.count, said))}


def test_repeats_of_many_labels_are_each_on_its_own():
    assert of_repeats([[0, 1], [0]], 3, many=True).tolist() == pytest.approx([3 / 4, 2 / 4, 1 / 4])


def test_each_label_has_the_mass_of_the_tokens_that_begin_it():
    tokens = [token('{"answer": "', 1.0), token("bill", 0.6, bug=0.3), token("ing", 1.0), token('"}', 1.0)]
    found = token_chances(tokens, ["billing", "bug", "other"], 0, json=True)
    assert found.tolist() == pytest.approx([0.6, 0.3, 0.1])


def test_a_label_that_begins_another_is_told_by_the_token_that_ends_it():
    tokens = [
        token('{"answer":"card', 1.0),
        Token(text='"', logprob=math.log(0.7), top=(('"', -0.36), (" lost", -1.2))),
    ]
    found = token_chances(tokens, ["card lost", "card"], 1, json=True)
    rest = math.exp(-1.2)
    assert found.tolist() == pytest.approx([rest / (rest + 0.7), 0.7 / (rest + 0.7)])


def test_the_answer_is_the_last_key_of_that_name():
    text = '{"reasoning": "the \\"answer\\": \\"b\\" is tempting", "answer": '
    tokens = [token(text, 1.0), token('"a', 0.8, **{'"b': 0.2}), token('"}', 1.0)]
    assert token_chances(tokens, ["a", "b"], 0, json=True).tolist() == pytest.approx([0.8, 0.2])


def test_a_bare_label_and_a_boolean():
    tokens = [token("Label:", 1.0), token(" yes", 0.75, **{" no": 0.25})]
    assert token_chances(tokens, ["no", "yes"], 1, json=False).tolist() == pytest.approx([0.25, 0.75])
    tokens = [token('{"answer":', 1.0), token(" true", 0.9, **{" false": 0.1}), token("}", 1.0)]
    assert token_chances(tokens, ["false", "true"], 1, json=True).tolist() == pytest.approx([0.1, 0.9])


def test_without_tokens_nothing_is_known():
    assert token_chances([], ["a", "b"], 0, json=True) is None
    assert token_chances([token("zzz", 1.0)], ["a", "b"], 0, json=True) is None


TOP = st.lists(st.tuples(st.text('ab"card }', min_size=1, max_size=4), st.floats(-20, 0.5)), max_size=4)


@given(parts=st.lists(st.tuples(st.text('ab"card }', max_size=4), st.floats(-20, 0.5), TOP), max_size=6))
def test_token_chances_always_are_shares(parts):
    tokens = [Token(text='{"answer":"', logprob=0.0)]
    tokens += [Token(text=text, logprob=logprob, top=tuple(top)) for text, logprob, top in parts]
    found = token_chances(tokens, ["a", "ab", "card"], 1, json=True)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1.0)


SHARES = st.lists(st.floats(0, 1), min_size=2, max_size=5).filter(lambda shares: sum(shares) > 0.01)


@given(shares=SHARES, a=st.floats(0.05, 20), b=st.floats(-20, 20), kind=st.sampled_from(["temperature", "platt"]))
def test_corrected_probabilities_are_shares(shares, a, b, kind):
    chance = np.array(shares) / sum(shares)
    found = Calibration(kind, a, b).correct(chance, 0, many=False)
    assert np.isfinite(found).all()
    assert found.sum() == pytest.approx(1.0)
    many = Calibration(kind, a, b).correct(np.array(shares), 0, many=True)
    assert ((many >= 0) & (many <= 1)).all()


def test_corrections_do_what_they_say():
    chance = np.array([0.8, 0.2])
    assert Calibration("temperature", 1.0).correct(chance, 0, many=False).tolist() == pytest.approx([0.8, 0.2])
    hot = Calibration("temperature", 2.0).correct(chance, 0, many=False)
    assert hot.tolist() == pytest.approx([2 / 3, 1 / 3])
    assert Calibration("platt", 0.0, 0.0).correct(chance, 0, many=False).tolist() == pytest.approx([0.5, 0.5])
    table = ((0.7, 0.3), (0.4, 0.6))
    assert Calibration("said", table=table).correct(chance, 1, many=False).tolist() == [0.4, 0.6]


@pytest.mark.parametrize(
    "content",
    [
        {"kind": "other"},
        {"kind": "temperature", "a": 0},
        {"kind": "said", "table": [[1.0, 0.0]]},
        {"kind": "said", "table": [[1.0, 0.0], [0.5, 0.6]]},
        {"kind": "said", "table": [[1.0, 0.0], [1.0]]},
    ],
)
def test_a_calibration_that_does_not_fit_is_refused(tmp_path, content):
    path = tmp_path / "calibration.json"
    path.write_bytes(msgspec.json.encode(content))
    with pytest.raises(ProgramError, match="calibration"):
        read_calibration(path, 2, many=False)
