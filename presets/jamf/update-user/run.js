/// <reference path="../../../plugins/script/presetter.d.ts" />

/** The fields that a PUT takes, and the inputs that change them. */
const FIELDS = {
  username: "username",
  realname: "realname",
  email: "email",
  phone: "phone",
  position: "position",
  managedAppleId: "managed_apple_id",
  // Nobody changes these here; without them a PUT might.
  enableCustomPhotoUrl: null,
  customPhotoUrl: null,
};

/**
 * Reads the user, changes what is given, and writes the whole back.
 *
 * @type {import("../../../plugins/script/presetter").Run}
 */
export default async function run(inputs, host) {
  const read = await host.call({ user_id: inputs.user_id }, { preset: "get-user" });
  const missing = host.judge(read);
  if (missing) return missing;
  const user = read.body;
  if (typeof user?.username !== "string") return host.failed("answer", "the user that was read has no username");

  const whole = {};
  for (const [field, input] of Object.entries(FIELDS)) {
    const value = (input && inputs[input]) ?? user[field];
    if (value != null) whole[field] = value;
  }
  const written = await host.send({ method: "PUT", path: ["v1", "users", inputs.user_id], json: whole });
  return host.judge(written) ?? host.ok({ user_id: inputs.user_id }, { evidence: `HTTP ${written.status}` });
}
