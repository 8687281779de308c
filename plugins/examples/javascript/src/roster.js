// Presets of Roster, an imaginary list of a company's people.

import { bundle, failed, notFound, ok } from "./contract.js";
import { call } from "presetter:preset/http@0.1.0";

function getUser(inputs) {
  const answer = call("get-user", JSON.stringify(inputs));
  const body = read(answer);
  const { status } = answer;
  if (status >= 200 && status < 300) {
    if (typeof body?.id !== "string" || typeof body.name !== "string") {
      return failed("answer", "the answer has no user in it", answer, body);
    }
    return ok({ user_id: body.id, name: body.name, email: body.email }, answer, body);
  }
  // A 404 alone proves nothing: a wrong base URL gives one too.
  if (status === 404 && body?.error?.code === "user_not_found") return notFound("HTTP 404", answer, body);
  const words = body?.error?.message;
  const message = words ? `HTTP ${status}: ${words}` : `the API answered HTTP ${status} without a reason`;
  return failed(classOf(status), message, answer, body);
}

/** The answer's JSON, or its text if it is no JSON. */
function read(answer) {
  const text = new TextDecoder().decode(answer.body);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Why it failed (`wit/types.wit`). */
function classOf(status) {
  if ([401, 403, 407].includes(status)) return "auth";
  if (status === 429) return "rate";
  return status >= 500 ? "server" : "refused";
}

export const preset = bundle({ "get-user": getUser });
