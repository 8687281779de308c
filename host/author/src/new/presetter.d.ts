// What a preset's script is given. An editor reads this file for completions; the program never does.

/** A JSON value. */
type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** An answer of the API, also one that says no. */
interface Answer {
  /** The HTTP status. */
  readonly status: number;
  /** Whether the status is 200 to 299. */
  readonly ok: boolean;
  /** Headers by lower-case name; one that came more than once is joined by ", ". */
  readonly headers: { readonly [name: string]: string };
  /** The body: what its JSON means, else its text. */
  readonly body: any;
  /** The body's text. */
  readonly text: string;
}

/** A request in a script's own words. Credentials are filled in by the host, never here. */
interface Send {
  method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** The parts of the path below the base URL; each is encoded. */
  path: (string | number)[];
  /** Parameters; undefined and null are left out, a list is repeated. */
  query?: { [name: string]: Json | undefined } | [name: string, value: string][];
  headers?: { [name: string]: string };
  /** A JSON body. */
  json?: Json;
  /** A form body. */
  form?: { [name: string]: string };
  /** A text body. */
  text?: string;
}

/** How a run ends: made by `ok`, `notFound`, `failed` or `judge`. */
interface Result {
  readonly kind: "ok" | "not_found" | "failed";
}

/** What the host does for a script. There is no other way out: no fetch, no files, no timers. */
interface Host {
  /** The settings of the bundle, as the operator corrected them. */
  readonly settings: { readonly [name: string]: Json };
  /** The kind of the connection. */
  readonly kind: string;
  /** Sends the [request] of preset.toml with these values, else with the inputs. Throws a HostError if there is no answer. */
  call(values?: { [name: string]: Json }): Promise<Answer>;
  /** Sends a request of the script's own. A grant must allow it. Throws a HostError if there is no answer. */
  send(request: Send): Promise<Answer>;
  /** Applies the rules of bundle.toml and preset.toml: null if the answer is a success, else what to return. */
  judge(answer: Answer): Result | null;
  /** Lists a row. */
  emit(row: { [name: string]: Json }): Promise<void>;
  /** Writes a line for whoever looks for what went wrong. */
  log(message: string): void;
  log(level: "debug" | "info" | "warn" | "error", message: string): void;
  /** The time, in milliseconds since 1970. */
  now(): number;
  /** Waits. */
  wait(ms: number): Promise<void>;
  /** It worked. */
  ok(outputs?: { [name: string]: Json | undefined }, more?: { evidence?: string }): Result;
  /** There is no such thing, and this proves it. */
  notFound(evidence: string, message?: string): Result;
  /** It failed. */
  failed(message: string): Result;
  failed(class_: string, message: string): Result;
}
