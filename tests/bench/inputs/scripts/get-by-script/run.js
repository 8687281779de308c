export default async function run(inputs, host) {
  const answer = await host.call(inputs);
  const problem = host.judge(answer);
  if (problem) return problem;
  return host.ok({ iduser: answer.body.response[0].iduser });
}
