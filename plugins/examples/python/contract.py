"""The contract's words: items, verdicts, outcomes (wit/types.wit), and what an error of the host comes to."""

import json
from collections.abc import Callable
from typing import Any

from componentize_py_types import Err
from wit_world.imports.http import Answer
from wit_world.imports.types import Item, Outcome, Seen, Verdict

CLASSES = {
    "denied": "denied",
    "limit": "limit",
    "too-large": "limit",
    "auth": "auth",
    "not-sent": "network",
    "unanswered": "network",
    "template": "template",
    "cancelled": "cancelled",
}


def ok(outputs: dict[str, Any], answer: Answer, response: Any) -> Item:
    """What was asked for is so."""
    return _item(Verdict("ok", "", "", "answer", "{}"), answer, response, outputs)


def not_found(evidence: str, answer: Answer, response: Any) -> Item:
    """It does not exist, and that is proven."""
    return _item(Verdict("not-found", "", "", evidence, "{}"), answer, response)


def failed(class_: str, message: str, answer: Answer | None = None, response: Any = None) -> Item:
    """It failed, and why."""
    return _item(Verdict("failed", class_, message, "", "{}"), answer, response)


def _item(verdict: Verdict, answer: Answer | None, response: Any, outputs: dict[str, Any] | None = None) -> Item:
    seen = answer and Seen(answer.status, answer.headers, json.dumps(response))
    return Item(verdict, json.dumps(outputs or {}), seen)


def run_each(run: Callable[[dict[str, Any]], Item] | None, name: str, inputs: list[str]) -> Outcome:
    """Runs a preset for each of its inputs. The verdict of the whole is that of the first item that did not end well."""
    items = [_one(run, name, json.loads(one)) for one in inputs]
    whole = next((item for item in items if item.verdict.kind != "ok"), items[0])
    return Outcome(whole.verdict, items)


def _one(run: Callable[[dict[str, Any]], Item] | None, name: str, inputs: dict[str, Any]) -> Item:
    if run is None:
        return failed("preset", f'the component has no preset "{name}"')
    try:
        return run(inputs)
    except Err as error:
        return failed(CLASSES.get(error.value.kind, "preset"), error.value.message)
