/// <reference path="../../../plugins/script/presetter.d.ts" />

import { nextCursor } from "./link.js";

/**
 * Reads page after page, and lists what is on them.
 *
 * @type {import("../../../plugins/script/presetter").Run}
 */
export default async function run(inputs, host) {
  // The status is one of a few words, so it cannot be more than a value in the filter.
  const filter = inputs.status && `status eq "${inputs.status}"`;
  const seen = new Set();
  let pages = 0;
  let rows = 0;
  let after;
  do {
    const query = { limit: host.settings.page_size, filter, after };
    const answer = await host.send({ method: "GET", path: ["users"], query });
    const problem = host.judge(answer);
    if (problem) return problem;
    if (!Array.isArray(answer.body)) return host.failed("answer", `page ${pages + 1} is no list of users`);
    pages += 1;
    for (const user of answer.body) {
      if (typeof user?.id !== "string") return host.failed("answer", `page ${pages} has a user without an id`);
      if (seen.has(user.id)) {
        return host.failed("incomplete", `user ${user.id} came twice: the list moved while it was read`);
      }
      seen.add(user.id);
      await host.emit(row(user));
      rows += 1;
    }
    const next = nextCursor(answer.headers.link);
    if (next !== undefined && next === after) {
      return host.failed("incomplete", "the next page is the one that was just read");
    }
    after = next;
  } while (after !== undefined);
  const s = (n) => (n === 1 ? "" : "s");
  return host.ok({}, { evidence: `scan of ${pages} page${s(pages)}, ${rows} row${s(rows)}` });
}

function row({ id, status, profile }) {
  const { login, email, firstName, lastName } = profile ?? {};
  return { user_id: id, status, login, email, first_name: firstName, last_name: lastName };
}
