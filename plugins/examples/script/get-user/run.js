// @ts-check

/** @type {import("../../../script/presetter").Run<{ user_id: string }>} */
export default async function run(inputs, host) {
  const answer = await host.call(inputs);
  const problem = host.judge(answer);
  if (problem) return problem;
  const { id, name, email } = answer.body;
  if (id === undefined || name === undefined) return host.failed("answer", "the answer has no user in it");
  return host.ok({ user_id: id, name, email });
}
