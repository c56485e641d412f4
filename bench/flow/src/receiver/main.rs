//! The receiver of the benchmark: it plays the clients and the subscriber, responds as the path says, and records
//! when it first received each submission.
//!
//! `/client/NAME/MS` is answered after so many milliseconds, `/client/NAME/hang` never, `/webhook` at once.
#![allow(clippy::disallowed_methods, reason = "a measurement reads the machine's own clock")]

mod serve;
mod tally;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use clap::Parser;
use hookmill_bench_flow::ANNOUNCEMENT;
use tokio::net::TcpListener;

use tally::Tally;

/// How many ports are tried, since a port that is free at one address may be taken at another.
const PORTS_TRIED_MAX: usize = 20;

/// Plays clients and a subscriber for the load generator. It ends when its stdin closes.
#[derive(Parser)]
#[command(name = "hookmill-bench-receiver")]
struct Receiver {
    /// Loopback addresses to listen on besides 127.0.0.1, from 127.0.1.1 on, one for each client
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(0..=1000))]
    clients: u16,
}

fn main() -> ExitCode {
    match run(&Receiver::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hookmill-bench-receiver: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// One thread: the receiver shares the machine with the host and must stay cheap.
fn run(receiver: &Receiver) -> Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let listeners = listen(receiver.clients).await?;
        let address = listeners.first().context("127.0.0.1 is always listened on")?.local_addr()?;
        let tally = Arc::new(Mutex::new(Tally::default()));
        for listener in listeners {
            tokio::spawn(serve::accept(listener, Arc::clone(&tally)));
        }
        println!("{ANNOUNCEMENT}{address}");
        stdin_closes().await
    })
}

/// The same port at all addresses.
async fn listen(clients: u16) -> Result<Vec<TcpListener>> {
    let mut complaint = None;
    for _ in 0..PORTS_TRIED_MAX {
        match listen_once(clients).await {
            Ok(listeners) => return Ok(listeners),
            Err(error) => complaint = Some(error),
        }
    }
    match complaint {
        Some(error) => Err(error).context("no port is free at all addresses"),
        None => bail!("no port was tried"),
    }
}

async fn listen_once(clients: u16) -> Result<Vec<TcpListener>> {
    let first = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = first.local_addr()?.port();
    let mut listeners = vec![first];
    for number in 0..clients {
        let address = SocketAddr::new(IpAddr::V4(hookmill_bench_flow::client_address(number)), port);
        listeners.push(TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))?);
    }
    Ok(listeners)
}

/// The load generator holds the other end, so that the receiver never outlives it.
async fn stdin_closes() -> Result<()> {
    tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink())).await??;
    Ok(())
}
