// Makes component.wasm of src/roster.js.
//
// By the library that `jco componentize` calls: the command itself looks for WIT in the current folder only, and a bundle of this
// repository takes the contract from where it is. In a project of your own, copy `wit/` beside this file and change `witPath`.
//
// package.json names `preview2-shim` since the library imports it and does not say so.

import { writeFile } from "node:fs/promises";
import { componentize } from "@bytecodealliance/componentize-js";

const { component } = await componentize({
  sourcePath: "src/roster.js",
  witPath: "../../../wit",
  worldName: "bundle",
  // All of them: what is left out cannot be imported, and the host refuses a component that imports anything but the contract.
  disableFeatures: ["random", "stdio", "clocks", "http", "fetch-event"],
});
await writeFile("component.wasm", component);
