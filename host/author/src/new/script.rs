//! `run.js` of a new preset, and the types that it is written against.

use serde_json::Value;

use super::blueprint::Blueprint;

/// A script that does what the recipe would.
pub(crate) fn run(blueprint: &Blueprint) -> String {
    let outputs = blueprint.outputs.iter().map(|output| {
        let (name, key) = (Value::from(output.name.as_str()), Value::from(output.key.as_str()));
        format!("    {name}: answer.body?.[{key}],\n")
    });
    let outputs: String = outputs.collect();
    let needed = blueprint.outputs.iter().filter(|output| output.needed).map(|output| {
        let (name, key) = (Value::from(format!("the answer has no {}", output.name)), Value::from(output.key.as_str()));
        format!("  if (answer.body?.[{key}] == null) return host.failed(\"answer\", {name});\n")
    });
    let needed: String = needed.collect();
    let outputs = if outputs.is_empty() { "{}".to_owned() } else { format!("{{\n{outputs}  }}") };
    format!(
        "// @ts-check\n\n\
         // Sends the request of preset.toml, and returns what the answer has. presetter.d.ts says what else there is.\n\
         /** @type {{import(\"./presetter\").Run}} */\n\
         export default async function run(inputs, host) {{\n  \
           const answer = await host.call(inputs);\n  \
           const problem = host.judge(answer);\n  \
           if (problem) return problem;\n\
         {needed}  \
           return host.ok({outputs});\n\
         }}\n"
    )
}
