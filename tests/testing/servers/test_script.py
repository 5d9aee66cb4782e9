from smeaton.testing.servers import Request, Rule, Say, Script


def asked(user: str = "hello", **more) -> Request:
    return Request(wire="openai", model="m", user=user, texts=(("user", user),), **more)


def test_the_first_rule_with_content_decides_and_others_add():
    script = Script(
        [
            Rule(user="slow", say=Say(delay=2)),
            Rule(user="^a", say=Say(text="first", pace=1)),
            Rule(say=Say(json={"b": 1}, delay=9)),
        ],
        default=Say(text="default", retry_after=3),
    )
    assert script.decide(asked("a slow one")) == Say(text="first", delay=2, pace=1, retry_after=3)
    assert script.decide(asked("b")) == Say(json={"b": 1}, delay=9, retry_after=3)


def test_rules_look_at_the_whole_request():
    script = Script(
        [Rule(system="strict", say="s"), Rule(model="^big$", say="m"), Rule(wire="gemini", say="w")], default="d"
    )
    assert script.decide(asked(system="be strict")).text == "s"
    assert script.decide(Request(wire="openai", model="big")).text == "m"
    assert script.decide(Request(wire="gemini", model="x")).text == "w"
    assert script.decide(asked()).text == "d"


def test_a_function_decides():
    script = Script(lambda request: request.user.upper(), default=Say(text="unused", delay=1))
    assert script.decide(asked("hi")) == Say(text="HI", delay=1)


def test_chances_depend_on_the_request_and_the_seed_alone():
    def fates(seed: int, order: list[str]) -> dict[str, bool]:
        script = Script([Rule(say=Say(fault="500"), chance=0.3)], seed=seed)
        return {user: script.decide(asked(user)).fault == "500" for user in order}

    names = [f"row {number}" for number in range(400)]
    first = fates(1, names)
    assert first == fates(1, names[::-1])
    assert first != fates(2, names)
    assert 80 < sum(first.values()) < 160


def test_asked_again_the_lot_is_drawn_again():
    script = Script([Rule(say=Say(fault="500"), chance=0.5)])
    assert {script.decide(asked()).fault for _ in range(30)} == {"500", None}
