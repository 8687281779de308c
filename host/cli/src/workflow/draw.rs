//! A workflow drawn: lines of text, or a graph for Graphviz.

use presetter_workflow::{Action, Block, Condition, Next, Via, Wait, Workflow};

use super::files;
use crate::args::{Drawing, WorkflowShowArgs};
use crate::console::line;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;

/// Follows `presetter workflow show`.
pub(super) fn show(world: &World, args: &WorkflowShowArgs) -> Result<Exit, Failure> {
    let workflow = files::workflow(world, &args.name)?;
    let drawn = match args.drawing {
        Drawing::Text => text(&workflow),
        Drawing::Dot => dot(&workflow),
    };
    let _ = world.console.data(&drawn);
    Ok(Exit::Ok)
}

fn begins(workflow: &Workflow) -> String {
    let on: Vec<&str> = workflow.begin.on.iter().map(|(trigger, _)| trigger.name()).collect();
    let rules = workflow.begin.rules.told();
    let rules = if rules.is_empty() { String::new() } else { format!(", where {rules}") };
    let state = workflow.begin.state.map(|state| format!("{} ", state.name())).unwrap_or_default();
    format!("{}: {state}{}{rules}", on.join(", "), workflow.object)
}

/// What a block does, in a few words.
fn does(block: &Block) -> String {
    match &block.action {
        Action::Api(api) => match &api.connection {
            Via::Named(name) => format!("{} through {name}", api.preset),
            Via::Field(field) => format!("{} through the connection that {field} names", api.preset),
        },
        Action::Role(role) => {
            let gone = if role.deactivate_user { "; deactivates who is gone" } else { "" };
            format!("roles of {} by {}{gone}", role.software, role.preset)
        }
        Action::Update(update) => {
            let mut parts: Vec<String> = update.fields.keys().cloned().collect();
            parts.extend(update.state.map(|state| format!("state {}", state.name())));
            format!("sets {}", parts.join(", "))
        }
        Action::Condition(Condition::Rules(rules)) => rules.told(),
        Action::Condition(Condition::When(text, _)) => text.as_str().to_owned(),
        Action::Wait(Wait::For(duration)) => format!("{} s", duration.as_secs()),
        Action::Wait(Wait::Until(field)) => format!("until {field}"),
        Action::Notify(_) => "a webhook".to_owned(),
        Action::Approval(approval) => approval.message.as_str().to_owned(),
    }
}

/// The ways from a block: what leads there, and where to.
fn ways(workflow: &Workflow, at: usize, block: &Block) -> Vec<(&'static str, String)> {
    let to = |next: &Next| match next {
        Next::Fail => "fail".to_owned(),
        next => workflow.after(at, next).map_or_else(|| "end".to_owned(), |at| workflow.blocks[at].name.clone()),
    };
    let question = matches!(block.action, Action::Condition(_) | Action::Approval(_));
    let (yes, no) = if question { ("yes", "no") } else { ("success", "failure") };
    let mut ways = vec![(yes, to(&block.success.next))];
    ways.extend(block.not_found.as_ref().map(|path| ("not found", to(&path.next))));
    match &block.failure {
        Some(path) => ways.push((no, to(&path.next))),
        None if !matches!(block.action, Action::Wait(_)) => ways.push((no, "fail".to_owned())),
        None => {}
    }
    ways
}

fn text(workflow: &Workflow) -> String {
    let mut lines = vec![line(&workflow.title)];
    if !workflow.description.trim().is_empty() {
        lines.push(line(workflow.description.trim()));
    }
    lines.push(String::new());
    lines.push(format!("begin  {}", line(&begins(workflow))));
    for (at, block) in workflow.blocks.iter().enumerate() {
        lines.push("  |".to_owned());
        lines.push(format!("{}  [{}] {}", block.name, block.action.name(), line(&does(block))));
        for (how, to) in ways(workflow, at, block) {
            lines.push(format!("    {how:<9} -> {to}"));
        }
    }
    lines.push("end".to_owned());
    lines.join("\n")
}

fn dot(workflow: &Workflow) -> String {
    let quoted = |text: &str| format!("\"{}\"", line(text).replace('\\', "\\\\").replace('"', "\\\""));
    let mut lines = vec![format!("digraph {} {{", quoted(&workflow.name)), "  node [shape=box];".to_owned()];
    lines.push(format!("  begin [shape=oval, label={}];", quoted(&format!("Begin: {}", begins(workflow)))));
    lines.push("  end [shape=oval, label=\"End\"];".to_owned());
    lines.push("  fail [shape=oval, label=\"Failed\"];".to_owned());
    if let Some(first) = workflow.blocks.first() {
        lines.push(format!("  begin -> {};", quoted(&first.name)));
    }
    for (at, block) in workflow.blocks.iter().enumerate() {
        let label = format!("{} ({}): {}", block.name, block.action.name(), does(block));
        lines.push(format!("  {} [label={}];", quoted(&block.name), quoted(&label)));
        for (how, to) in ways(workflow, at, block) {
            lines.push(format!("  {} -> {} [label={}];", quoted(&block.name), quoted(&to), quoted(how)));
        }
    }
    lines.push("}".to_owned());
    lines.join("\n")
}
