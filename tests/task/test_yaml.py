from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smeaton.errors import TaskError
from smeaton.task.costs import cost_matrix
from smeaton.task.task import (
    Accept,
    Bar,
    Budget,
    Data,
    Judge,
    Limits,
    Privacy,
    RowRoles,
    Solutions,
    Source,
    Step,
    StepChecks,
    Task,
    TestShare,
    Tools,
)  # fmt: skip
from smeaton.task.types import KINDS, Type
from smeaton.task.writer import task_text
from smeaton.task.yaml import check_files, parse_task, read_task, task_from, write_task

HERE = Path("/tmp/some-Task folder")
STEPS = "smeaton: 1\ndata: {tables: {orders: a}, steps: {%s}}\noutput: {y: boolean}\n"
HEAD = "smeaton: 1\ndata: a.csv\noutput: {y: boolean}\n"


def parse(text: str) -> Task:
    return parse_task(text, "smeaton.yaml", HERE)


SMALLEST = """\
# smallest
smeaton: 1
data: customers.csv
output: {churned: boolean}
"""
TRIAGE = """\
smeaton: 1
data: tickets.csv
inputs: {email: text, subject: text or null,
         body: text}
output: {team: [billing, bug, how-to, other]}
rows: {id: ticket_id, time: opened_at}
metric: macro_f1
limits: {p95: 50ms, cost_per_1k: $0.20}
budget: {time: 10m, money: $2}
privacy: {external: true, mask: [email]}
"""
DOCUMENTS = """\
smeaton: 1
data: {documents: handbook/, examples: questions.jsonl}
inputs: {question: text}
output: {answer: text or null, sources: citations}
metric: answer_correct
bars: {citation_precision: ">= 0.9"}
limits: {p95: 3s, cost_per_1k: $5}
budget: {time: 20m, money: $5}
privacy: {external: true}
"""


def test_the_smallest_task() -> None:
    assert parse(SMALLEST) == Task(
        data=Data(examples=Source(files=("customers.csv",))),
        output={"churned": Type(type="boolean")},
        name="some-task-folder",
        folder=str(HERE),
    )


def test_the_triage_task() -> None:
    task = parse(TRIAGE)
    assert task.input_types["subject"] == Type(type="text", optional=True)
    assert task.output == {"team": Type(type="category", labels=("billing", "bug", "how-to", "other"))}
    assert task.rows == RowRoles(id="ticket_id", time="opened_at")
    assert task.limits == Limits(p95=0.05, cost_per_1k=0.2)
    assert task.budget == Budget(time=600, money=2)
    assert task.privacy == Privacy(external=True, mask=("email",))


def test_the_documents_task() -> None:
    task = parse(DOCUMENTS)
    assert list(task.output) == ["answer", "sources"]
    assert task.target == "answer"
    assert task.bars == {"citation_precision": Bar(op=">=", value=0.9)}
    assert task.data == Data(examples=Source(files=("questions.jsonl",)), documents=Source(files=("handbook/",)))


EVERY_KEY = """\
smeaton: 1
name: every-key
goal: Say which tickets go where
data:
  examples: {query: "select * from t", tables: {t: "postgres://u:${PASSWORD}@host/db#shop.t", u: data/*.parquet}}
  unlabelled: {files: [a.csv, s3://bucket/b.csv]}
  documents: docs/
inputs:
  age: {type: integer, min: 0, max: 120, unit: years, about: in whole years}
  tags: {type: list, of: text or null}
  address: {street: text, number: integer or null}
  place: {type: object, fields: {type: text}, optional: true}
  stars: [1, 2, 3]
  flag: {type: boolean, form: yes/no|NA, optional: true}
  code: {type: category, base: integer}
  day: {type: timestamp, form: d/m/Y}
  size: {type: category, labels: ["1", "2"], optional: true}
output: {sales: {type: number, horizon: 7}}
rows: {time: at, group: shop, weight: w, id: key, ignore: [x, y]}
test: {after: 2024-01-31}
metric: my/judge.py:score
bars: {rmse: "<= 12.5", mae: "<=1e-3"}
limits: {p95: 50ms, size: 3MB, memory: 1GiB, device: gpu, offline: true, cost_per_1k: $0.20}
budget: {time: 1h, money: $10}
privacy: {external: true, mask: [age]}
solutions: {only: [linear, boosting], never: [prompt], add: ["mine.py:Family", model.onnx]}
tools: {use: ["tools.py:refund"], writes: ["tools.py:refund"], world: "world.py:World", policy: Be kind}
checks: ["checks.py:polite"]
judge: {model: "anthropic:claude-haiku-4-5", rubric: Kind and short, labelled: judged.csv, same_family: true}
accept: {leak: [stars]}
"""


def test_every_key() -> None:
    task = parse(EVERY_KEY)
    assert task.data.examples == Source(
        query="select * from t", tables={"t": "postgres://u:${PASSWORD}@host/db#shop.t", "u": "data/*.parquet"}
    )
    assert task.data.unlabelled == Source(files=("a.csv", "s3://bucket/b.csv"))
    assert task.input_types == {
        "age": Type(type="integer", min=0, max=120, unit="years", about="in whole years"),
        "tags": Type(type="list", of=Type(type="text", optional=True)),
        "address": Type(type="object", fields={
            "street": Type(type="text"), "number": Type(type="integer", optional=True)}),
        "place": Type(type="object", fields={"type": Type(type="text")}, optional=True),
        "stars": Type(type="category", labels=(1, 2, 3), base="integer"),
        "flag": Type(type="boolean", form="yes/no|NA", optional=True),
        "code": Type(type="category", base="integer"),
        "day": Type(type="timestamp", form="d/m/Y"),
        "size": Type(type="category", labels=("1", "2"), optional=True),
    }  # fmt: skip
    assert task.output_type == Type(type="number", horizon=7)
    assert task.rows == RowRoles(id="key", time="at", group="shop", weight="w", ignore=("x", "y"))
    assert task.test == TestShare(after="2024-01-31")
    assert task.metric == "my/judge.py:score"
    assert task.bars == {"rmse": Bar(op="<=", value=12.5), "mae": Bar(op="<=", value=0.001)}
    assert task.limits == Limits(p95=0.05, size=3_000_000, memory=2**30, device="gpu", offline=True, cost_per_1k=0.2)
    assert task.solutions == Solutions(
        only=("linear", "boosting"), never=("prompt",), add=("mine.py:Family", "model.onnx")
    )
    assert task.tools == Tools(
        use=("tools.py:refund",), writes=("tools.py:refund",), world="world.py:World", policy="Be kind"
    )
    assert task.checks == ("checks.py:polite",)
    assert task.judge == Judge(
        model="anthropic:claude-haiku-4-5", rubric="Kind and short", labelled="judged.csv", same_family=True
    )
    assert task.accept == Accept(leak=("stars",))
    assert parse(task_text(task)) == task


def test_costs_and_the_forms_of_numbers() -> None:
    task = parse(HEAD + "costs: {'true': {'false': 10}, 'false': {'true': 2, 'false': 0.5}}\n")
    assert task.costs == {"true": {"false": 10.0}, "false": {"true": 2.0, "false": 0.5}}
    assert parse(task_text(task)) == task
    pinned = task.with_(output={"y": Type(type="boolean", labels=(False, True))})
    assert cost_matrix(pinned).tolist() == [[0.5, 2.0], [10.0, 0.0]]
    assert cost_matrix(pinned.with_(costs={"true": {"false": 3.0}})).tolist() == [[0.0, 1.0], [3.0, 0.0]]
    assert parse(HEAD.replace("boolean", "number")).output_type.level == 0.9
    assert parse(HEAD.replace("boolean", "{type: number, interval: 0.8}")).output_type.level == 0.8
    none = parse(HEAD.replace("boolean", "{type: number, interval: none}"))
    assert none.output_type.level is None
    assert parse(task_text(none)) == none
    assert parse(HEAD.replace("boolean", "{type: number, quantile: 0.9}")).output_type.level is None
    assert parse(HEAD).output_type.level is None


def test_booleans_are_those_of_yaml_1_2() -> None:
    labels = parse("smeaton: 1\ndata: a.csv\noutput: {y: [yes, no, on, off]}").output_type.labels
    assert labels == ("yes", "no", "on", "off")


@pytest.mark.parametrize(
    ("text", "place", "message", "fix"),
    [
        # the file
        ("", "1:1", "empty", "smeaton, data and output"),
        ("# nothing\n", "1:1", "empty", "smeaton"),
        ("smeaton: 1\ndata: [a\n", "3:1", "not YAML", "brackets"),
        ("smeaton: 1\n\tdata: a\n", "2:1", "not YAML", ""),
        ("a: 1\n---\nb: 2\n", "2:1", "not YAML", "remove the ---"),
        ("%YAML 1.1\n---\na: 1\n", "1:1", "directives", "remove"),
        ("- a\n", "1:1", "expected a mapping for a task", ""),
        ("just text\n", "1:1", "got the text 'just text'", ""),
        (HEAD + "goal: &a x\nname: *a\n", "4:7", "anchors", "write the value out"),
        (HEAD + "goal: !!python/name:os.system x\n", "4:7", "tag", "remove the tag"),
        (HEAD + "goal: \x01\n", None, "not YAML", "UTF-8"),
        (HEAD + "a: " + "[" * 60 + "]" * 60, "4:", "nested too deeply", "flatter"),
        (HEAD + "a: " + "[" * 90_000 + "]" * 90_000, "4:1", "nested too deeply", "flatter"),
        (HEAD + "a:\n" + "- " * 5000 + "x", "5:1", "nested too deeply", "flatter"),
        (HEAD + "a: " + "{a: \n" * 5000 + "}" * 5000, None, "nested too deeply", "flatter"),
        (HEAD + "test: {share: .nan}\n", "4:15", "finite number", ""),
        (HEAD + "test: {share: 1e999}\n", "4:15", "finite number", ""),
        (HEAD + "1: x\n", "4:1", "text as a name, got the number 1", "'1'"),
        (HEAD + "? [a]\n: x\n", "4:3", "text as a name, got a list", ""),
        # required, unknown and repeated keys
        ("data: a.csv\noutput: {y: boolean}\n", "1:1", "no 'smeaton'", "smeaton: 1"),
        ("smeaton: 1\noutput: {y: boolean}\n", "1:1", "no 'data'", "data: customers.csv"),
        ("smeaton: 1\ndata: a.csv\n", "1:1", "no 'output'", "output: {churned: boolean}"),
        ("smeaton: 2\ndata: a.csv\noutput: {y: boolean}\n", "1:10", "got the number 2", "update"),
        ("smeaton: true\ndata: a.csv\noutput: {y: boolean}\n", "1:10", "got true", ""),
        (HEAD + "metrics: rmse\n", "4:1", "no key 'metrics'", "'metric'"),
        (HEAD + "zzz: 1\n", "4:1", "no key 'zzz'", "use one of: smeaton, name"),
        (HEAD + "<<: {a: 1}\n", "4:1", "no key '<<'", ""),
        (HEAD + "data: b.csv\n", "4:1", "'data' stands twice (first in line 2)", "remove one"),
        (HEAD + "rows: {id: a, id: b}\n", "4:15", "'id' stands twice", ""),
        (HEAD + "rows: {ids: a}\n", "4:8", "rows has no key 'ids'", "'id'"),
        (HEAD + "limits: {latency: 1s}\n", "4:10", "limits has no key 'latency'", "p95"),
        (HEAD + "rows: {}\n", "4:7", "got a mapping", ""),
        (HEAD + "rows:\n\n", "4:1", "got null", ""),
        # data
        ("smeaton: 1\ndata: 3\noutput: {y: boolean}\n", "2:7", "got the number 3", ""),
        ("smeaton: 1\ndata: [a.csv, b.csv]\noutput: {y: boolean}\n", "2:7", "got a list", "{files: [...]}"),
        ("smeaton: 1\ndata: {files: []}\noutput: {y: boolean}\n", "2:15", "at least one file", ""),
        ("smeaton: 1\ndata: {exmples: a.csv}\noutput: {y: boolean}\n", "2:8", "'exmples'", "'examples'"),
        ("smeaton: 1\ndata: {test: a.csv}\noutput: {y: boolean}\n", "2:7", "no examples", "examples: PATH"),
        ("smeaton: 1\ndata: {files: a, examples: b}\noutput: {y: boolean}\n", "2:18", "'examples' is a part", ""),
        ("smeaton: 1\ndata: {files: a, query: b}\noutput: {y: boolean}\n", "2:7", "files, or a query", ""),
        ("smeaton: 1\ndata: {query: select 1}\noutput: {y: boolean}\n", "2:7", "needs 'tables'", ""),
        ("smeaton: 1\ndata: {tables: {t: a.csv}}\noutput: {y: boolean}\n", "2:7", "needs 'query'", ""),
        ("smeaton: 1\ndata: {examples: {}}\noutput: {y: boolean}\n", "2:18", "got a mapping", ""),
        # secrets
        (HEAD + "goal: use ${KEY}\n", "4:7", "only in the connection strings", ""),
        (HEAD + "privacy: {mask: ['${KEY}']}\n", "4:18", "only in the connection strings", ""),
        (HEAD + "bars: {'${KEY}': '>= 1'}\n", "4:8", "part of a name", ""),
        ("smeaton: 1\ndata: 'pg://${KEY}'\noutput: {y: boolean}\n", "2:7", "only in the connection", ""),
        ("smeaton: 1\ndata: {query: q, tables: {t: '${A}/x.csv'}}\noutput: {y: boolean}\n", "2:30", "only in the", ""),
        ("smeaton: 1\ndata: {query: q, tables: {t: 'mysql://h/d'}}\noutput: {y: boolean}\n", "2:30", "not read", ""),
        ("smeaton: 1\ndata: {query: q, tables: {t: a.csv, T: b.csv}}\noutput: {y: boolean}\n", "2:37", "one name", ""),
        (STEPS % "tables: {query: 'select ${A}'}", "2:53", "only in the connection", ""),
        ("smeaton: 1\ndata: {query: q, tables: {t: '${A B}'}}\noutput: {y: boolean}\n", "2:30", "expected ${NAME}", ""),
        # types
        (HEAD + "inputs: {a: txt}\n", "4:13", "no type 'txt'", "'text'"),
        (HEAD + "inputs: {a: string}\n", "4:13", "no type 'string'", "use one of: number"),
        (HEAD + "inputs: {a: text or nul}\n", "4:13", "no type 'text or nul'", ""),
        (HEAD + "inputs: {a: 3}\n", "4:13", "got the number 3", ""),
        (HEAD + "inputs: {a: null}\n", "4:10", "got null", ""),
        (HEAD + "inputs: {a: [x]}\n", "4:13", "at least two labels", ""),
        (HEAD + "inputs: {a: [x, x]}\n", "4:17", "'x' stands twice", ""),
        (HEAD + "inputs: {a: [x, 1]}\n", "4:17", "labels all of one kind", "'1'"),
        (HEAD + "inputs: {a: [1.5, 2]}\n", "4:14", "expected a label", ""),
        (HEAD + "inputs: {a: ['', b]}\n", "4:14", "expected a label", ""),
        (HEAD + "inputs: {a: {type: number, mim: 0}}\n", "4:28", "no key 'mim'", "'min'"),
        (HEAD + "inputs: {a: {type: text, min: 0}}\n", "4:26", "a type text has no 'min'", ""),
        (HEAD + "inputs: {a: {type: number, min: 5, max: 2}}\n", "4:28", "above max", ""),
        (HEAD + "inputs: {a: {type: number, min: low}}\n", "4:33", "expected a number", ""),
        (HEAD + "inputs: {a: {type: list}}\n", "4:13", "needs 'of'", ""),
        (HEAD + "inputs: {a: {type: object}}\n", "4:13", "needs 'fields'", ""),
        (HEAD + "inputs: {a: {type: text, optional: yes}}\n", "4:36", "true or false, got the text 'yes'", "YAML 1.2"),
        (HEAD + "inputs: {a: {type: boolean, labels: [true, false]}}\n", "4:37", "[false, true]", ""),
        (HEAD + "inputs: {a: {type: timestamp, form: D/M/Y}}\n", "4:37", "no form 'D/M/Y'", "'d/m/Y'"),
        (HEAD + "inputs: {a: {type: vector, form: many}}\n", "4:34", "length of a vector", ""),
        (HEAD + "inputs: {a: {type: category, base: int}}\n", "4:36", "no base 'int'", "'integer'"),
        (HEAD + "inputs: {a: {type: category, base: integer, labels: [a, b]}}\n", "4:36", "not of base", ""),
        (HEAD + "inputs: {a: {type: number, horizon: 3}}\n", "4:10", "only an output has a horizon", ""),
        (HEAD + "inputs: {a: {b: {c: nothing}}}\n", "4:21", "no type 'nothing'", ""),
        # outputs
        ("smeaton: 1\ndata: a\noutput: y\n", "3:9", "a mapping of outputs", ""),
        (
            "smeaton: 1\ndata: a\noutput: {y: boolean, z: number}\n",
            "3:22",
            "one output, this has 2",
            "one task for each",
        ),
        ("smeaton: 1\ndata: a\noutput: {answer: text, sources: text}\n", "3:24", "one output", ""),
        ("smeaton: 1\ndata: a\noutput: {y: {type: number, horizon: 0}}\n", "3:37", "1 or more", ""),
        (
            "smeaton: 1\ndata: a\noutput: {y: {type: number, horizon: 3}}\n",
            "3:10",
            "needs a time column",
            "rows: {time",
        ),
        (HEAD + "inputs: {y: text}\n", "4:10", "both input and output", ""),
        # rows and test
        (HEAD + "rows: {id: 3}\n", "4:12", "a column's name, got the number 3", "'3'"),
        (HEAD + "rows: {time: y}\n", "4:14", "the output 'y' cannot be rows.time", ""),
        (HEAD + "rows: {ignore: x}\n", "4:16", "a list of", "[x]"),
        (HEAD + "rows: {ignore: [x, x]}\n", "4:20", "stands twice", ""),
        (HEAD + "rows: {ignore: [y]}\n", "4:17", "used and ignored", ""),
        (HEAD + "test: 0.2\n", "4:7", "a mapping for test", ""),
        (HEAD + "test: {share: 20%}\n", "4:15", "a share between 0 and 1", ""),
        (HEAD + "test: {share: 1}\n", "4:15", "a share between 0 and 1", ""),
        (HEAD + "test: {share: 0.2, after: 2024-01-01}\n", "4:7", "a share or a moment", "one of them"),
        (HEAD + "test: {after: 2024-01-01}\n", "4:7", "needs a time column", ""),
        (HEAD + "rows: {time: t}\ntest: {after: January}\n", "5:15", "a moment in ISO 8601", ""),
        ("smeaton: 1\ndata: {examples: a, test: b}\noutput: {y: boolean}\ntest: {share: 0.1}\n", "4:7", "already", ""),
        # metric and bars
        (HEAD + "metric: [rmse]\n", "4:9", "got a list", ""),
        (HEAD + "metric: log loss\n", "4:9", "a metric's name", ""),
        (HEAD + "metric: logloss\n", "4:9", "no metric 'logloss'", "'log_loss'"),
        (HEAD + "metric: ../judge.py:score\n", "4:9", "own folder", ""),
        (HEAD + "metric: /judge.py:score\n", "4:9", "own folder", ""),
        (HEAD + "bars: {accuracy: 0.9}\n", "4:18", 'a bar such as ">= 0.9"', ""),
        (HEAD + "bars: {accuracy: '> 0.9'}\n", "4:18", "a bar such as", ""),
        (HEAD + "bars: {acuracy: '>= 0.9'}\n", "4:8", "no metric 'acuracy'", "'accuracy'"),
        # limits, budget, privacy
        (HEAD + "limits: {p95: 50}\n", "4:15", "expected a time such as 50ms", "unit"),
        (HEAD + "limits: {p95: 50MB}\n", "4:15", "expected a time such as 50ms", ""),
        (HEAD + "limits: {p95: 0s}\n", "4:15", "more than nothing", ""),
        (HEAD + "limits: {size: 3mb}\n", "4:16", "write the unit MB", ""),
        (HEAD + "limits: {cost_per_1k: 0.2}\n", "4:23", "expected dollars", ""),
        (HEAD + "limits: {device: tpu}\n", "4:18", "no device 'tpu'", "gpu"),
        (HEAD + "limits: {offline: 1}\n", "4:19", "true or false", ""),
        (HEAD + "budget: 2m\n", "4:9", "a mapping for budget", ""),
        (HEAD + "budget: {time: 10ms}\n", "4:16", "at least 1s", ""),
        (HEAD + "budget: {money: 2}\n", "4:17", "expected dollars", ""),
        (HEAD + "privacy: {external: off}\n", "4:21", "got the text 'off'", "YAML 1.2"),
        (HEAD + "inputs: {mail: text}\nprivacy: {mask: [mial]}\n", "5:18", "no input 'mial'", "'mail'"),
        (HEAD + "inputs: {mail: text}\naccept: {leak: [other]}\n", "5:17", "no input 'other'", ""),
        (HEAD + "accept: {leek: [other]}\n", "4:10", "no key 'leek'", "'leak'"),
        # solutions, tools, checks, judge
        (HEAD + "judge: {model: 'local:'}\n", "4:8", "judge has no 'rubric'", "rubric:"),
        (HEAD + "judge: {model: gpt-5, rubric: x}\n", "4:16", "expected provider:model", ""),
        (HEAD + "judge: {model: 'local:', rubric: x, label: a.csv}\n", "4:37", "label", "labelled"),
        (HEAD + "judge: {model: 'local:', rubric: ' '}\n", "4:34", "in words", ""),
        (HEAD + "judge: {model: 'local:', rubric: x, agreed: [1, 2, 3, 4]}\n", "4:37", "agreed", ""),
        (HEAD + "solutions: {only: []}\n", "4:19", "at least one family", ""),
        (HEAD + "solutions: {only: [a], never: [a]}\n", "4:", "both in only and in never", ""),
        (HEAD + "tools: {use: ['t.py:f']}\n", "4:1", "needs checks", "checks:"),
        (HEAD + "tools: {policy: x}\nchecks: ['c.py:f']\n", "4:8", "under 'use'", ""),
        (HEAD + "tools: {use: [a], writes: [a]}\nchecks: ['c.py:f']\n", "4:19", "simulated world", "world"),
        (HEAD + "checks: ['c.py']\n", "4:10", "expected file.py:function", ""),
        (HEAD + "checks: 'c.py:f'\n", "4:9", "a list of", ""),
        (HEAD + "checks: ['a/../c.py:f']\n", "4:10", "own folder", ""),
        # outputs and costs
        (HEAD + "costs: {'true': {'flase': 10}}\n", "4:18", "'flase' is none of the labels", "'false'"),
        (HEAD + "costs: {'yes': {'false': 10}}\n", "4:9", "'yes' is none of the labels", "true"),
        (HEAD + "costs: {'true': {'false': -1}}\n", "4:27", "0 or more", ""),
        (HEAD + "costs: {'true': 10}\n", "4:17", "a mapping of costs", ""),
        (HEAD.replace("boolean", "number") + "costs: {'true': {'false': 1}}\n", "4:8", "of type number", "remove"),
        (HEAD.replace("boolean", "{type: number, interval: 90}"), "3:38", "share of rows an interval", "none"),
        (HEAD.replace("boolean", "{type: number, interval: no}"), "3:38", "share of rows an interval", "none"),
        (HEAD.replace("boolean", "{type: number, quantile: 1}"), "3:38", "between 0 and 1", ""),
        (HEAD.replace("boolean", "{type: category, interval: 0.8}"), "3:30", "has no 'interval'", ""),
        (HEAD + "inputs: {a: {type: number, interval: 0.8}}\n", "4:10", "only an output has 'interval'", ""),
        # pipelines
        (STEPS % "a: selct 1", "2:40", "step 'a': syntax error", "SELECT"),
        (STEPS % "a: drop table t", "2:40", "not one SELECT", "SELECT"),
        (STEPS % "a: {query: select * from odrers}", "2:48", "reads 'odrers', which is neither", "'orders'"),
        (STEPS % "a: select * from b, b: {query: select * from a}", "2:40", "circle: a -> b -> a", "out of the"),
        (STEPS % "a: select * from a", "2:40", "a circle: a -> a", ""),
        (STEPS % "orders: select 1", "2:37", "a table and a step", "another name"),
        (STEPS % "a: select 1, A: select 2", "2:50", "one name in SQL", ""),
        (STEPS % "a b: select 1", "2:37", "letters, digits and _", ""),
        (STEPS % "a: {checks: {rows: '>= 1'}}", "2:40", "has no query", "add query"),
        (STEPS % "a: {query: select 1, check: {}}", "2:58", "no key 'check'", "'checks'"),
        (STEPS % "a: {query: select 1, checks: {row: 1}}", "2:67", "no key 'row'", "'rows'"),
        (STEPS % "a: {query: select 1, checks: {rows: 1}}", "2:73", "a bound on the number of rows", ""),
        (STEPS % "a: {query: select 1, checks: {rows: ['>= 1', '> 1']}}", "2:82", "a bound on the number of rows", ""),
        (STEPS % "a: {query: select 1, checks: {nulls: {x: 0.5}}}", "2:78", "a number of rows such as 0", ""),
        (STEPS % "a: {query: select 1, checks: {nulls: {x: 101%}}}", "2:78", "a number of rows such as 0", ""),
        (STEPS % "a: {query: select 1, checks: {range: {x: [2, 1]}}}", "2:78", "ends before it begins", "swap"),
        (STEPS % "a: {query: select 1, checks: {range: {x: [a, 1]}}}", "2:78", "least and the greatest", ""),
        (STEPS % "a: {query: select 1, checks: {range: {x: [null, null]}}}", "2:78", "least and the greatest", ""),
        (STEPS % "a: {query: select 1, checks: {unique: []}}", "2:75", "the columns of a key", ""),
        (STEPS % "a: {query: select 1, checks: {fresh: {x: 7}}}", "2:78", "an age such as 12h, 7d", "unit"),
        (STEPS % "a: {query: select 1, checks: {fresh: {x: 0d}}}", "2:78", "more than nothing", ""),
        (STEPS % "a: {query: select 1, checks: {values: {x: [a, 1]}}}", "2:79", "all texts or all numbers", ""),
        (STEPS % "a: {query: select 1, checks: {holds: ['a >=']}}", "2:75", "no condition in SQL", ""),
        (STEPS.replace("steps", "use: a, steps") % "b: select 1", "2:34", "no step 'a'", "one of: b"),
        ("smeaton: 1\ndata: {query: q, steps: {}, tables: {t: a}}\noutput: {y: boolean}\n", "2:8", "a query, or", ""),
        ("smeaton: 1\ndata: {query: q, use: a, tables: {t: a}}\noutput: {y: boolean}\n", "2:18", "no steps", "remove"),
        ("smeaton: 1\ndata: {steps: {a: select 1}}\noutput: {y: boolean}\n", "2:7", "needs 'tables'", ""),
        # names
        (HEAD + "name: My Task\n", "4:7", "small letters", "my-task"),
        (HEAD + "goal: 12\n", "4:7", "one sentence, got the number 12", "'12'"),
        (HEAD + "goal: |\n  a\n  b\n", "4:7", "one sentence", ""),
    ],
)
def test_what_is_wrong_where_and_what_to_do(text: str, place: str | None, message: str, fix: str) -> None:
    with pytest.raises(TaskError) as caught:
        parse(text)
    assert message in caught.value.message
    assert fix in caught.value.fix
    assert caught.value.fix
    assert caught.value.where.startswith("smeaton.yaml" + (f":{place}" if place else ""))


def test_wide_tasks_are_not_deep() -> None:
    fields = ", ".join(f"a{number}: [x - y, z]" for number in range(500))
    assert len(parse(HEAD + f"inputs: {{{fields}}}\n").input_types) == 500


def test_places_are_exact() -> None:
    with pytest.raises(TaskError) as caught:
        parse(HEAD + "rows:\n  time: at\n  grop: shop\n")
    assert caught.value.where == "smeaton.yaml:6:3"
    assert str(caught.value).startswith("smeaton.yaml:6:3: rows has no key 'grop'\n  fix: did you mean 'group'?")


@pytest.mark.parametrize(
    ("mapping", "where", "message"),
    [
        ({"smeaton": 1, "data": "a"}, "task", "no 'output'"),
        ({"smeaton": 1, "data": "a", "output": {"y": "bool"}}, "task.output.y", "no type 'bool'"),
        ({"smeaton": 1, "data": "a", "output": {"y": "number"}, "limits": {"p95": 0.05}}, "task.limits.p95", "a time"),
        ({"smeaton": 1, "data": "a", "output": {"y": "number"}, "rows": {"ignore": ["a", 3]}}, "task.rows.ignore[1]",
         "got the number 3"),
        ({"smeaton": 1, "data": "a", "output": {"y": "number"}, "goal": b"x"}, "task.goal", "plain values"),
        ({"smeaton": 1, "data": "a", "output": {"y": "number"}, 3: 4}, "task", "text as a name"),
        ({"smeaton": 1, "data": "a", "output": {"y": "number"}, "test": {"share": float("nan")}}, "task.test.share",
         "plain values"),
        ([], "task", "expected a mapping"),
    ],
)  # fmt: skip
def test_a_mapping_is_read_as_strictly(mapping: Any, where: str, message: str) -> None:
    with pytest.raises(TaskError) as caught:
        task_from(mapping, HERE)
    assert caught.value.where == where
    assert message in caught.value.message


def test_a_mapping_says_the_same_as_a_file() -> None:
    mapping = {
        "smeaton": 1, "data": Path("tickets.csv"),
        "inputs": {"email": "text", "subject": "text or null", "body": "text"},
        "output": {"team": ("billing", "bug", "how-to", "other")}, "rows": {"id": "ticket_id", "time": "opened_at"},
        "metric": "macro_f1", "limits": {"p95": "50ms", "cost_per_1k": "$0.20"},
        "budget": {"time": "10m", "money": "$2"}, "privacy": {"external": True, "mask": ["email"]},
    }  # fmt: skip
    assert task_from(mapping, HERE) == parse(TRIAGE)


_names = st.text(st.characters(codec="utf-8", exclude_characters="\ufdd0"), min_size=1, max_size=8).filter(
    lambda name: name.strip() and "${" not in name
)
_words = _names.map(str.strip) | st.sampled_from(
    [
        "true",
        "null",
        "~",
        "1",
        "1e5",
        "0x1",
        "2024-01-01",
        "a: b",
        "- a",
        "#x",
        "no",
        "{a}",
        "é",
        "a #b",
        "<<",
        "=",
        "'",
        '"',
    ]
)
_paths = _words.filter(lambda path: all(ord(mark) >= 32 for mark in path))
_floats = st.floats(-1e6, 1e6).map(lambda value: round(value, 3))


def _unique(of: st.SearchStrategy[Any], least: int = 0) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(of, min_size=least, max_size=3, unique=True).map(tuple)


_labels = _unique(_words, 2) | _unique(st.integers(-(2**53), 2**53), 2)
_plain = st.builds(Type, type=st.sampled_from([kind for kind in KINDS if kind not in ("list", "object")]))
_leaf = st.one_of(
    _plain,
    st.builds(Type, type=st.just("number"), optional=st.booleans(), min=st.none() | _floats, unit=st.none() | _words,
              about=st.none() | _words, form=st.sampled_from([None, "plain|NA", "plain|n.a.|x: y"])),
    st.builds(Type, type=st.just("integer"), max=st.none() | _floats),
    st.builds(lambda labels, optional: Type(type="category", labels=labels, optional=optional,
              base="text" if isinstance(labels[0], str) else "integer"), _labels, st.booleans()),
    st.builds(Type, type=st.just("category"), base=st.sampled_from(["text", "integer", "boolean"])),
    st.builds(Type, type=st.just("boolean"), form=st.sampled_from(["yes/no", "0/1|NA"]), labels=st.just((False, True))),
    st.builds(Type, type=st.just("timestamp"), form=st.sampled_from(["iso|NA", "m/d/Y", "b d, Y"])),
)  # fmt: skip
_types = st.recursive(
    _leaf,
    lambda inner: st.one_of(
        st.builds(Type, type=st.just("list"), of=inner, optional=st.booleans()),
        st.builds(Type, type=st.just("object"), fields=st.dictionaries(_names | st.just("type"), inner, min_size=1,
                  max_size=2), optional=st.booleans()),
    ),
    max_leaves=4,
)  # fmt: skip
_outputs = st.builds(Type, type=st.sampled_from(["number", "integer"]), interval=st.sampled_from([None, 0.0, 0.8]),
                     quantile=st.none() | st.floats(0.01, 0.99))  # fmt: skip
_tables = st.dictionaries(
    _words.map(str.casefold), st.sampled_from(["a.csv", "b/*.parquet", "s.db#t", "postgresql://${KEY}@h/d#s.t"]),
    min_size=1, max_size=2,
)  # fmt: skip
_ends = st.tuples(st.floats(-1e3, 0).map(lambda value: round(value, 3)), st.none() | st.integers(1, 9)) | st.just(
    ("2020-01-01", None)
)
_step_checks = st.builds(
    StepChecks,
    rows=_unique(st.builds(Bar, op=st.sampled_from([">=", "<="]), value=st.integers(0, 10**9).map(float))),
    nulls=st.dictionaries(
        _words, st.integers(0, 10**6) | st.integers(0, 100).map(lambda share: share / 100), max_size=2
    ),
    range=st.dictionaries(_words, _ends, max_size=2),
    unique=_unique(_unique(_words, 1)),
    fresh=st.dictionaries(_words, st.sampled_from([1.0, 90.0, 86_400.0, 604_800.0, 0.5]), max_size=2),
    values=st.dictionaries(_words, _unique(_words, 1) | _unique(st.integers(0, 9), 1), max_size=2),
    holds=_unique(st.sampled_from(["a >= b", "a is not null -- or not"])),
)
_sources = st.one_of(
    st.builds(Source, files=_unique(_paths, 1)),
    st.builds(Source, query=_words, tables=_tables),
    st.builds(lambda tables, one, two, use: Source(tables={"orders": "o.csv", **tables}, use=use, steps={
        "clean_1": Step(query="select * from joined_1", checks=one),
        "joined_1": Step(query="select * from Orders", checks=two)}),
        _tables, _step_checks, _step_checks, st.sampled_from([None, "clean_1"])),
)  # fmt: skip
_seconds = st.integers(1_000_000, 10**12).map(lambda value: value / 1e6)
_dollars = st.integers(0, 10**9).map(lambda value: value / 1e4)


@st.composite
def tasks(draw: st.DrawFn) -> Task:
    inputs = draw(st.none() | st.dictionaries(_names, _types, min_size=1, max_size=3))
    columns = _words.filter(lambda name: name != "target" and name not in (inputs or {}))
    masks = _unique(_words) if inputs is None else st.lists(st.sampled_from(list(inputs)), unique=True).map(tuple)
    time = draw(st.none() | columns)
    examples, test = draw(_sources), draw(st.none() | _sources)
    share = st.builds(TestShare, share=st.floats(0.01, 0.99))
    after = st.just(TestShare(after="2024-01-31T12:00Z"))
    chosen = draw(share | after if time is not None else share) if test is None and draw(st.booleans()) else TestShare()
    tools = draw(st.none() | st.builds(Tools, use=_unique(_words, 1), world=_words, writes=_unique(_words)))
    return Task(
        name=draw(st.from_regex(r"[a-z0-9]([a-z0-9_-]{0,9}[a-z0-9])?", fullmatch=True)),
        goal=draw(st.none() | _words.filter(lambda goal: "\n" not in goal)),
        data=Data(examples=examples, test=test, documents=draw(st.none() | _sources)),
        inputs=inputs,
        output={"target": draw(_leaf | _outputs)},
        rows=RowRoles(id=draw(st.none() | columns), time=time, ignore=draw(_unique(columns))),
        test=chosen,
        metric=draw(st.sampled_from([None, "log_loss", "ndcg@10", "judge.py:score"])),
        bars=draw(st.dictionaries(st.sampled_from(["rmse", "accuracy"]), st.builds(
            Bar, op=st.sampled_from([">=", "<="]), value=_floats))),
        limits=Limits(p95=draw(st.none() | _seconds), cost_per_1k=draw(st.none() | _dollars),
                      size=draw(st.none() | st.integers(1, 10**12)), device=draw(st.sampled_from(["cpu", "gpu"])),
                      offline=draw(st.booleans())),
        budget=Budget(time=draw(_seconds), money=draw(_dollars)),
        privacy=Privacy(external=draw(st.booleans()), mask=draw(masks)),
        solutions=Solutions(
            only=draw(st.none() | _unique(st.sampled_from(["linear", "blend"]), 1)), add=draw(_unique(_words))),
        tools=tools,
        checks=("checks.py:polite",) if tools else (),
        judge=draw(st.none() | st.builds(
            Judge, model=st.sampled_from(["local:", "openai:gpt-5-mini"]),
            rubric=_words.filter(str.strip).map(str.strip), labelled=st.none() | st.just("judged.csv"),
            same_family=st.booleans(), always=st.booleans())),
        accept=Accept(leak=draw(masks)),
        folder=str(HERE),
    )  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(tasks())
def test_what_is_written_reads_back_equal(task: Task) -> None:
    text = task_text(task)
    assert parse(text) == task
    assert max(map(len, text.splitlines())) < 10_000


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text("{}[]:,-# \n'\"&*!|>%@`~?abc1", max_size=40))
def test_any_text_is_a_task_or_a_task_error(text: str) -> None:
    error = _error(HEAD + text)
    assert error is None or (error.fix and error.where.startswith("smeaton.yaml"))


def _error(text: str) -> TaskError | None:
    try:
        parse(text)
    except TaskError as error:
        return error
    return None


def test_written_files_are_readable(tmp_path: Path) -> None:
    task = parse(TRIAGE).with_(folder=str(tmp_path))
    write_task(task, tmp_path / "smeaton.yaml")
    assert (tmp_path / "smeaton.yaml").read_text() == (
        "smeaton: 1\n"
        "name: some-task-folder\n"
        "data: tickets.csv\n"
        "inputs:\n"
        "  email: text\n"
        "  subject: text or null\n"
        "  body: text\n"
        "output: {team: [billing, bug, how-to, other]}\n"
        "rows: {id: ticket_id, time: opened_at}\n"
        "metric: macro_f1\n"
        "limits: {p95: 50ms, cost_per_1k: $0.20}\n"
        "budget: {time: 10m, money: $2}\n"
        "privacy: {external: true, mask: [email]}\n"
    )
    assert read_task(tmp_path / "smeaton.yaml") == task
    assert [entry.name for entry in tmp_path.iterdir()] == ["smeaton.yaml"]


def test_a_different_task_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "smeaton.yaml"
    path.write_text("# mine\n" + TRIAGE)
    write_task(read_task(path), path)  # the same task: the file stays as it is, comments too
    assert path.read_text().startswith("# mine")
    with pytest.raises(TaskError, match="a different task"):
        write_task(read_task(path).with_(metric="accuracy"), path)
    assert path.read_text() == "# mine\n" + TRIAGE


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="cannot be written"):
        write_task(parse(SMALLEST), tmp_path / "absent" / "smeaton.yaml")


def test_files_that_are_no_task(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="there is no file"):
        read_task(tmp_path / "smeaton.yaml")
    with pytest.raises(TaskError, match="cannot be read"):
        read_task(tmp_path)
    (tmp_path / "a.yaml").write_bytes(b"smeaton: 1\n\xff")
    with pytest.raises(TaskError, match="not UTF-8") as caught:
        read_task(tmp_path / "a.yaml")
    assert caught.value.where.endswith("a.yaml:byte 11")
    (tmp_path / "a.yaml").write_bytes(b"#" * 3_000_000)
    with pytest.raises(TaskError, match="too large"):
        read_task(tmp_path / "a.yaml")
    (tmp_path / "a.yaml").write_bytes(b"\xef\xbb\xbf" + SMALLEST.encode())
    assert read_task(tmp_path / "a.yaml").target == "churned"


def check(folder: Path, text: str) -> TaskError | None:
    path = folder / "smeaton.yaml"
    path.write_text(text)
    try:
        check_files(read_task(path))
    except TaskError as error:
        return error
    return None


def test_missing_files_are_named_with_their_place(tmp_path: Path) -> None:
    error = check(tmp_path, SMALLEST)
    assert error is not None
    assert error.where == f"{tmp_path}/smeaton.yaml:3:7"
    assert "customers.csv" in error.message
    (tmp_path / "customer.csv").write_text("")
    error = check(tmp_path, SMALLEST)
    assert error is not None
    assert error.fix == "did you mean customer.csv?"
    (tmp_path / "customers.csv").write_text("")
    assert check(tmp_path, SMALLEST) is None


@pytest.mark.parametrize(
    ("data", "more", "place"),
    [
        ("{files: [here.csv, gone.csv]}", "", "2:26"),
        ("{examples: here.csv, test: gone.csv}", "", "2:34"),
        ("{examples: {files: [gone-*.csv]}}", "", "2:27"),
        ("{query: q, tables: {t: gone.csv}}", "", "2:30"),
        ("{query: q, tables: {t: 'gone.db#t', u: here.csv}}", "", "2:30"),
        ("{test: here.csv, examples: {steps: {s: SELECT 1}, tables: {t: gone.csv}}}", "", "2:69"),
        ("nowhere/gone.csv", "", "2:7"),
        ("here.csv", "checks: ['here.py:f', 'gone.py:f']\n", "4:23"),
        ("here.csv", "metric: gone.py:f\n", "4:9"),
        ("here.csv", "solutions: {add: [gone.onnx]}\n", "4:19"),
    ],
)
def test_every_kind_of_missing_file(tmp_path: Path, data: str, more: str, place: str) -> None:
    for name in ("here.csv", "here.py"):
        (tmp_path / name).write_text("")
    error = check(tmp_path, f"smeaton: 1\ndata: {data}\noutput: {{y: boolean}}\n{more}")
    assert error is not None
    assert "gone" in error.message
    assert error.where == f"{tmp_path}/smeaton.yaml:{place}"
    assert error.fix


def test_what_is_not_a_local_file_is_not_looked_for(tmp_path: Path) -> None:
    tables = "{a: 'postgresql://${KEY}@host/x#t', b: '${URL}#s.t', c: '*.yaml'}"
    text = f"smeaton: 1\ndata: {{query: q, tables: {tables}}}\noutput: {{y: boolean}}\n"
    assert check(tmp_path, text) is None


def test_missing_files_of_a_task_without_a_file(tmp_path: Path) -> None:
    task = task_from({"smeaton": 1, "data": "gone.csv", "output": {"y": "number"}}, tmp_path)
    with pytest.raises(TaskError, match=r"gone\.csv") as caught:
        check_files(task)
    assert caught.value.where == "task.data.examples.files.0"
