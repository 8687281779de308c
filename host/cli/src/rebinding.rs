//! A name that changes where it leads, from the command line to the socket that is never opened.
//!
//! The only test of the command line that does not start the program: the name needs a resolver of the test's own, and the
//! program takes none from outside.

use std::fs;
use std::io;
use std::net::{IpAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use clap::Parser as _;
use mosyle_standin::{Canned, Oddities, StandIn};
use presetter_egress::{Resolver, address};

use crate::args::Cli;
use crate::console::tests::Page;
use crate::exit::Exit;
use crate::verbs;
use crate::world::World;
use crate::world::tests::bare;

/// Public when it is asked for the first time, as a program would that looks before it connects; then not.
struct Rebinding {
    then: IpAddr,
    asked: AtomicUsize,
}

#[async_trait]
impl Resolver for Rebinding {
    async fn resolve(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        assert_eq!(name, "rebind.example");
        let first = self.asked.fetch_add(1, Ordering::SeqCst) == 0;
        Ok(vec![if first { IpAddr::from([1, 1, 1, 1]) } else { self.then }])
    }
}

/// Adds a connection to `base_url` and runs a preset that reads by it; the exit, what was said, and how often the name was
/// looked up. Compiled code is kept in `home`.
async fn run(home: &Path, base_url: &str, port: u16, private: &str, then: &str) -> (Exit, String, usize) {
    let own = home.join("own");
    fs::create_dir_all(own.join("list")).unwrap();
    let bundle = format!(
        "name = 'own'\nversion = '1.0.0'\ncontract = '0.1'\ntitle = 'Own'\n\
         [[grants]]\nmethods = ['GET']\npaths = ['list']\n\
         [[grants]]\nmethods = ['GET']\nhost = 'rebind.example'\nport = {port}\npaths = ['**']\n\
         [connections.open]\ntitle = 'Open'\nauth = 'none'\n"
    );
    fs::write(own.join("bundle.toml"), bundle).unwrap();
    let preset = "title = 'List'\neffect = 'read'\nredirects = 2\n[request]\nmethod = 'GET'\npath = ['list']\n";
    fs::write(own.join("list/preset.toml"), preset).unwrap();

    let page = Page::default();
    let resolver = Arc::new(Rebinding { then: then.parse().unwrap(), asked: AtomicUsize::new(0) });
    // Whoever looks at the name now finds nothing wrong with it.
    assert!(resolver.resolve("rebind.example").await.unwrap().into_iter().all(address::is_public));
    let world = World { resolver: resolver.clone(), ..bare(home, &page) };
    let own = own.display();
    let add = format!("connection add o --kind {own}/open --base-url {base_url} {private}");
    let mut exit = Exit::Ok;
    for line in [add, format!("run {own}/list -c o")] {
        assert_eq!(exit, Exit::Ok, "{}", page.read());
        let cli = Cli::try_parse_from(["presetter"].into_iter().chain(line.split_whitespace())).unwrap();
        exit = verbs::follow(&world, cli).await.unwrap_or_else(|failure| {
            world.console.fail(&failure);
            failure.exit
        });
    }
    world.store().remove("o").unwrap();
    (exit, page.read(), resolver.asked.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_name_that_leads_home_is_denied_and_no_packet_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let home = TcpListener::bind("127.0.0.1:0").unwrap();
    home.set_nonblocking(true).unwrap();
    let port = home.local_addr().unwrap().port();
    for (then, words) in [
        ("127.0.0.1", "leads to 127.0.0.1, a loopback address, which is this machine"),
        ("::ffff:127.0.0.1", "leads to ::ffff:127.0.0.1, an IPv4 address written as IPv6"),
        ("169.254.169.254", "leads to 169.254.169.254, a cloud's metadata address"),
    ] {
        let (exit, said, asked) = run(folder.path(), &format!("https://rebind.example:{port}"), port, "", then).await;
        assert_eq!(exit, Exit::Denied, "{said}");
        assert!(said.contains(words) && said.contains("requests  0"), "{said}");
        assert_eq!(asked, 2, "it is looked up once, for the connection that is then not made");
    }
    assert_eq!(home.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock, "nobody came");
}

#[tokio::test]
async fn a_redirect_to_such_a_name_is_denied_and_no_packet_is_sent() {
    let location = |port: u16| format!("http://rebind.example:{port}/list");
    let standin = StandIn::start(Oddities::default()).await.unwrap();
    let port = standin.address().port();
    let away = Canned { status: 302, location: Some(location(port)), ..Canned::default() };
    standin.state().set_oddities(Oddities { paths: [("/list".to_owned(), away)].into(), ..Oddities::default() });
    // Private networks are allowed for this connection; what hands out credentials never is.
    let folder = tempfile::tempdir().unwrap();
    let base = format!("http://{}", standin.address());
    let (exit, said, asked) = run(folder.path(), &base, port, "--allow-private", "169.254.169.254").await;
    assert_eq!(exit, Exit::Denied, "{said}");
    assert!(said.contains("redirects; GET http://rebind.example") && said.contains("metadata address"), "{said}");
    assert!(said.contains("requests  1"), "{said}");
    assert_eq!((asked, standin.state().connections(), standin.state().log().len()), (2, 1, 1));
}
