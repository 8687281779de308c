"""Presets of Roster, an imaginary list of a company's people."""

import json
from typing import Any

from contract import failed, not_found, ok, run_each
from wit_world import exports
from wit_world.imports import http
from wit_world.imports.types import Item, Outcome


def get_user(inputs: dict[str, Any]) -> Item:
    answer = http.call("get-user", json.dumps(inputs))
    body, status = read(answer), answer.status
    match status, body:
        case (_, {"id": str(user_id), "name": str(name)}) if 200 <= status < 300:
            return ok({"user_id": user_id, "name": name, "email": body.get("email")}, answer, body)
        case _ if 200 <= status < 300:
            return failed("answer", "the answer has no user in it", answer, body)
        # A 404 alone proves nothing: a wrong base URL gives one too.
        case (404, {"error": {"code": "user_not_found"}}):
            return not_found("HTTP 404", answer, body)
        case (_, {"error": {"message": str(words)}}):
            return failed(class_of(status), f"HTTP {status}: {words}", answer, body)
        case _:
            return failed(class_of(status), f"the API answered HTTP {status} without a reason", answer, body)


def read(answer: http.Answer) -> Any:
    """The answer's JSON, or its text if it is no JSON."""
    text = answer.body.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        return text


def class_of(status: int) -> str:
    """Why it failed (wit/types.wit)."""
    if status in (401, 403, 407):
        return "auth"
    if status == 429:
        return "rate"
    return "server" if status >= 500 else "refused"


PRESETS = {"get-user": get_user}


class Preset(exports.Preset):
    """What the world `bundle` exports."""

    def run(self, name: str, inputs: list[str], context: str) -> Outcome:
        return run_each(PRESETS.get(name), name, inputs)
