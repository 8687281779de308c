// The contract's words: items, verdicts, outcomes (wit/types.wit), and what an error of the host comes to.

/** What was asked for is so. */
export function ok(outputs, answer, response) {
  return item({ kind: "ok", evidence: "answer" }, answer, response, outputs);
}

/** It does not exist, and that is proven. */
export function notFound(evidence, answer, response) {
  return item({ kind: "not-found", evidence }, answer, response);
}

/** It failed, and why. */
export function failed(class_, message, answer, response) {
  return item({ kind: "failed", class: class_, message }, answer, response);
}

function item(verdict, answer, response, outputs = {}) {
  return {
    verdict: { class: "", message: "", evidence: "", details: "{}", ...verdict },
    outputs: JSON.stringify(outputs),
    answer: answer && { status: answer.status, headers: answer.headers, response: JSON.stringify(response) },
  };
}

/** What the world `bundle` exports, from functions by the names of presets. */
export function bundle(presets) {
  return {
    run(name, inputs, _context) {
      const items = inputs.map((input) => one(presets[name], JSON.parse(input)));
      // The verdict of the whole is that of the first item that did not end well.
      const whole = items.find(({ verdict }) => verdict.kind !== "ok") ?? items[0];
      return { verdict: whole.verdict, items };
    },
  };
}

const CLASSES = { denied: "denied", limit: "limit", "too-large": "limit", auth: "auth", "not-sent": "network",
  unanswered: "network", template: "template", cancelled: "cancelled" };

function one(run, inputs) {
  try {
    return run(inputs);
  } catch (error) {
    // An error of the host has the contract's record as its payload; any other is this component's own fault.
    const refusal = error?.payload;
    return refusal ? failed(CLASSES[refusal.kind] ?? "preset", refusal.message) : failed("preset", String(error));
  }
}
