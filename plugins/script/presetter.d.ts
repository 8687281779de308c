/**
 * What a preset's script is given and what it returns.
 *
 * A script is a module in the folder of its preset, named in `preset.toml` by `script = "run.js"`:
 *
 *     // @ts-check
 *
 *     /** @type {import("./presetter").Run} *\/
 *     export default async function run(inputs, host) {
 *       const answer = await host.call();
 *       return host.judge(answer) ?? host.ok({ id: answer.body.id });
 *     }
 *
 * It may import files of its bundle by relative paths: `./more.js` beside it, `../lib/shared.js` from the bundle's folder `lib`.
 * There are no packages, no `fetch`, no timers, no `eval` and no `Math.random`; `Date` shows the host's time, in UTC. The top
 * level of a module runs once, when it is loaded, and cannot ask the host for anything.
 *
 * The same inputs and the same answers give the same result. A script that goes round a loop more than 1,000,000 times in one
 * call of a function, or calls functions more than 200 deep, is ended.
 */

/** A value of JSON. What JSON cannot hold (a function, a Map, NaN) is an error; `undefined` is left out. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json | undefined };

/** An object of JSON. */
export type JsonObject = { [name: string]: Json | undefined };

/** A plain value: a segment of a path, a parameter, a header. */
export type Scalar = string | number | boolean;

/** Names and values. What is `undefined` or `null` is left out, a list is repeated. */
export type Pairs =
  | { [name: string]: Scalar | null | undefined | (Scalar | null | undefined)[] }
  | [name: string, value: Scalar | null | undefined | (Scalar | null | undefined)[]][];

/** The function that a script exports by default. */
export type Run<Inputs = { [name: string]: any }> = (inputs: Inputs, host: Host) => Result | Promise<Result>;

/** An answer, whatever its status. */
export interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** Whether the status is 2xx. That says nothing of the envelope: {@link Host.judge} does. */
  readonly ok: boolean;
  /** The headers, names in lower case. One that came several times is joined by `", "`. */
  readonly headers: { readonly [name: string]: string };
  /** The body's JSON, or its text if it is no JSON. A number beyond 2^53 loses digits, as everywhere in JavaScript. */
  readonly body: any;
  /** The body as it came. */
  readonly text: string;
}

/** How a run ended. Made by {@link Host.ok}, {@link Host.notFound}, {@link Host.failed} and {@link Host.judge}. */
export interface Result {
  /** The kind of outcome. */
  readonly kind: "ok" | "not_found" | "failed";
  /** Why it failed; empty otherwise. */
  readonly class: Class | "";
  /** One sentence for a person; may be empty. */
  readonly message: string;
  /** What proves it; may be empty. */
  readonly evidence: string;
  /** The outputs. */
  readonly outputs: JsonObject;
}

/**
 * Why a run failed: the API said no (`refused`), several things match (`ambiguous`), a search could not be finished
 * (`incomplete`), the inputs are wrong (`input`), the answer could not be read (`answer`), the preset is at fault (`preset`).
 * `denied`, `auth` and `network` are believed only if the host knows of it.
 */
export type Class =
  | "refused"
  | "auth"
  | "network"
  | "denied"
  | "limit"
  | "server"
  | "rate"
  | "incomplete"
  | "ambiguous"
  | "input"
  | "template"
  | "answer"
  | "preset";

/**
 * Why there is no answer. Uncaught it ends the run as the same refusal ends a recipe's.
 *
 *     try { ... } catch (error) { if (error.name !== "HostError" || error.kind !== "unanswered") throw error; ... }
 */
export interface HostError extends Error {
  readonly name: "HostError";
  /** `cancelled` and `limit` mean: end the run now. */
  readonly kind: "denied" | "limit" | "auth" | "not-sent" | "unanswered" | "too-large" | "template" | "cancelled";
  /** The class of the failure that it makes. */
  readonly class: Class;
}

/** A request that a script puts together itself. */
export interface SendRequest {
  /** A preset whose effect is `read` sends `GET`, `HEAD` or `POST`. */
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /**
   * The path below the connection's base URL, a segment each: `["users", id]`. Each is encoded for its place, so that no value
   * changes the path; one that is empty, `.` or `..` is refused.
   */
  path: Scalar[];
  /** Query parameters. */
  query?: Pairs;
  /** Headers. Those for credentials, and those that frame a message, are refused. */
  headers?: Pairs;
  /** A JSON body. A request has one body. */
  json?: Json;
  /** A form body. */
  form?: Pairs;
  /** A body of plain text; another media type is given by the header `Content-Type`. */
  text?: string;
  /** The values for the body template of the preset's `[request]`. */
  template?: JsonObject;
}

/** What a script can ask for. Its functions need no `this`: `const { call, ok } = host`. */
export interface Host {
  /** The bundle's settings, with the operator's corrections. */
  readonly settings: { readonly [name: string]: any };
  /** The kind of the connection: `session`. */
  readonly kind: string;

  /**
   * Sends the request that the manifest declares under `[request]`.
   *
   * @param values What its templates know; without it, the inputs.
   * @param options `preset`: sends that preset's request instead. It can be the one that `[probe]` names.
   * @throws {HostError} There is no answer.
   */
  call(values?: JsonObject, options?: { preset?: string }): Promise<Answer>;

  /**
   * Sends a request that is put together here.
   *
   * @throws {HostError} There is no answer.
   */
  send(request: SendRequest): Promise<Answer>;

  /**
   * Applies the rules under `[answer]`, the preset's and those that the bundle shares, as for a recipe: `null` if it worked, else
   * the result to return. An answer to another preset's request is judged by that preset's rules.
   */
  judge(answer: Answer): Result | null;

  /** Lists a row. Its fields are named in the manifest under `[emits]`. */
  emit(row: JsonObject): Promise<void>;

  /** Tells whoever runs the preset with `-vv`. */
  log(message: Json): void;
  /** The same with a level. */
  log(level: "debug" | "info" | "warn" | "error", message: Json): void;

  /** The time in milliseconds since 1970. */
  now(): number;

  /** Waits. */
  wait(milliseconds: number): Promise<void>;

  /**
   * What was asked for is so.
   *
   * @param outputs They are named in the manifest under `[returns]`.
   * @param options `evidence`: what proves it. `answer`: the answer that it rests on, if not the last one.
   */
  ok(outputs?: JsonObject, options?: { evidence?: string; answer?: Answer }): Result;

  /**
   * It does not exist, and that is proven.
   *
   * @param evidence The proof: `code USER_NOTFOUND`, `scan of 3 pages, 120 rows`. An error, an outage or an empty list proves nothing.
   */
  notFound(evidence: string, message?: string, options?: { answer?: Answer }): Result;

  /** It failed: the API said no. */
  failed(message: string, options?: { answer?: Answer }): Result;
  /** It failed, and why. */
  failed(class_: Class, message: string, options?: { answer?: Answer }): Result;
}
