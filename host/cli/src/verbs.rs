//! From a parsed command line to the command.

use clap::CommandFactory as _;

use crate::args::{Cli, ConnectionVerb, KeyVerb, ReceiptsVerb, RunsVerb, Verb};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::world::World;
use crate::{
    author, connection, connection_files, connection_show, connection_sources, connection_test, demo, grants,
    overrides, packages, plan, policy, presets, receipts, records, run, runs, workflow,
};

/// Follows a command line.
pub(crate) async fn follow(world: &World, cli: Cli) -> Result<Exit, Failure> {
    match cli.verb {
        Verb::Demo => demo::demo(world).await,
        verb => one(world, verb).await,
    }
}

/// Any command but the demo, which is made of these.
pub(crate) async fn one(world: &World, verb: Verb) -> Result<Exit, Failure> {
    match verb {
        Verb::Run(args) => run::run(world, &args).await,
        Verb::Plan(args) => plan::plan(world, &args).await,
        Verb::Presets(args) => presets::list(world, &args),
        Verb::Show(args) => presets::show(world, &args.preset),
        Verb::Grants(args) => grants::grants(world, &args),
        Verb::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "presetter", &mut script);
            let _ = world.console.data(&String::from_utf8_lossy(&script));
            Ok(Exit::Ok)
        }
        Verb::Connection(verb) => match verb {
            ConnectionVerb::Add(args) => connection::add(world, &args),
            ConnectionVerb::List(args) => connection_show::list(world, &args),
            ConnectionVerb::Show(args) => connection_show::show(world, &args),
            ConnectionVerb::Allow(args) => connection_sources::allow(world, &args),
            ConnectionVerb::Disallow(args) => connection_sources::disallow(world, &args),
            ConnectionVerb::Set(args) => connection::set(world, &args),
            ConnectionVerb::Test(args) => connection_test::test(world, &args.name).await,
            ConnectionVerb::Edit(args) => connection_files::edit(world, &args.name),
            ConnectionVerb::Export { names } => connection_files::export(world, &names),
            ConnectionVerb::Import { file, replace, yes } => connection_files::import(world, &file, replace, yes),
            ConnectionVerb::Remove(args) => connection::remove(world, &args.name),
        },
        Verb::Override(args) => overrides::follow(world, &args),
        Verb::Policy(args) => policy::show(world, &args),
        Verb::Runs(verb) => match verb {
            RunsVerb::List(args) => runs::list(world, &args),
            RunsVerb::Show(args) => runs::show(world, &args),
            RunsVerb::Export(args) => runs::export(world, &args),
        },
        Verb::Receipts(verb) => match verb {
            ReceiptsVerb::Verify(args) => receipts::verify(world, &args),
            ReceiptsVerb::Head => receipts::head(world),
        },
        Verb::Records(verb) => records::follow(world, &verb),
        Verb::Workflow(verb) => workflow::follow(world, &verb).await,
        Verb::Sync(args) => workflow::sync(world, &args).await,
        Verb::Daemon(args) => workflow::daemon(world, &args).await,
        Verb::Status(args) => workflow::status(world, &args).await,
        Verb::Saas(verb) => workflow::saas(world, &verb),
        Verb::History(args) => workflow::history(world, &args),
        Verb::New(args) => author::new::new(world, &args).await,
        Verb::Check(args) => author::check::check(world, &args).await,
        Verb::Test(args) => author::test::test(world, &args).await,
        Verb::Dev(args) => author::dev::dev(world, &args).await,
        Verb::Docs(args) => author::docs::docs(world, &args).await,
        Verb::Pack(args) => author::pack::pack(world, &args).await,
        Verb::Sign(args) => packages::sign::sign(world, &args).await,
        Verb::Verify(args) => packages::verify::verify(world, &args).await,
        Verb::Inspect(args) => packages::verify::inspect(world, &args).await,
        Verb::Import(args) => packages::transfer::import(world, &args),
        Verb::Install(args) => packages::install::install(world, &args).await,
        Verb::List(args) => packages::installed::list(world, &args),
        Verb::Upgrade(args) => packages::install::upgrade(world, &args).await,
        Verb::Remove(args) => packages::installed::remove(world, &args),
        Verb::Rollback(args) => packages::installed::rollback(world, &args),
        Verb::Push(args) => packages::transfer::push(world, &args).await,
        Verb::Pull(args) => packages::transfer::pull(world, &args).await,
        Verb::Versions(args) => packages::transfer::versions(world, &args).await,
        Verb::Key(verb) => match verb {
            KeyVerb::Generate(args) => packages::keys::generate(world, &args).await,
            KeyVerb::Id(args) => packages::keys::id(world, &args).await,
            KeyVerb::Import(args) => packages::keys::import(world, &args).await,
        },
        Verb::Trust(verb) => packages::trust::follow(world, &verb).await,
        Verb::Demo => Err(Failure::usage("a demo cannot be part of a demo")),
    }
}
