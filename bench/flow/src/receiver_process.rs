//! The receiver as the load generator sees it: a process of its own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use hookmill_bench_flow::{ANNOUNCEMENT, COUNTS_PATH, Counts, RECEIPTS_PATH, WEBHOOK_LATENCIES_PATH, client_address};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::http::{self, Connection};

const START_LIMIT: Duration = Duration::from_secs(10);
const PROGRAM: &str = "hookmill-bench-receiver";

/// How a client responds to a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responds {
    /// After so many milliseconds.
    AfterMs(u64),
    /// Never: the connection stays open.
    Never,
}

impl std::fmt::Display for Responds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Responds::AfterMs(ms) => write!(f, "{ms} ms"),
            Responds::Never => write!(f, "hangs"),
        }
    }
}

/// A running receiver. It ends when this is dropped.
pub struct Receiver {
    child: Child,
    address: SocketAddr,
    control: Connection,
}

impl Receiver {
    /// Starts the program beside this one, with an address for each client.
    pub async fn start(clients: usize) -> Result<Receiver> {
        let program = std::env::current_exe()?.with_file_name(PROGRAM);
        let mut command = Command::new(&program);
        command.args(["--clients", &clients.to_string()]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("can't start {}", program.display()))?;
        let mut line = String::new();
        let stdout = child.stdout.take().context("the receiver's output is piped")?;
        let mut output = BufReader::new(stdout);
        match tokio::time::timeout(START_LIMIT, output.read_line(&mut line)).await {
            Ok(read) => read?,
            Err(_) => bail!("the receiver did not listen within {} s", START_LIMIT.as_secs()),
        };
        let address = line.strip_prefix(ANNOUNCEMENT).and_then(|rest| rest.trim().parse().ok());
        let address = address.context("the receiver ended before it listened")?;
        Ok(Receiver { child, address, control: Connection::open(address).await? })
    }

    /// The process, to read its account.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the receiver ended during the measurement")
    }

    /// Where a client is reached. Its number is its name in the counts.
    pub fn client_url(&self, number: usize, responds: Responds) -> Result<String> {
        let address = client_address(u16::try_from(number)?);
        let response = match responds {
            Responds::AfterMs(ms) => ms.to_string(),
            Responds::Never => "hang".to_owned(),
        };
        Ok(format!("http://{address}:{}/client/{number}/{response}", self.address.port()))
    }

    /// Where the messages of one of many webhooks go; several may have one address.
    pub fn webhook_of_url(&self, address: usize, responds: Responds) -> Result<String> {
        let host = client_address(u16::try_from(address)?);
        let response = if responds == Responds::Never { "hang" } else { "0" };
        Ok(format!("http://{host}:{}/webhooks/{response}", self.address.port()))
    }

    /// Where webhook messages go.
    pub fn webhook_url(&self) -> String {
        format!("http://{}/webhook", self.address)
    }

    /// What it received so far.
    pub async fn counts(&mut self) -> Result<Counts> {
        serde_json::from_slice(&self.control(COUNTS_PATH).await?).context("the receiver's counts are not as expected")
    }

    /// When it first received each submission, in microseconds since 1970.
    pub async fn receipts(&mut self) -> Result<HashMap<Box<str>, u64>> {
        let lines = String::from_utf8(self.control(RECEIPTS_PATH).await?)?;
        let receipts = lines.lines().map(|line| {
            let (id, at_us) = line.split_once('\t').with_context(|| format!("`{line}` is not a receipt"))?;
            Ok((Box::from(id), at_us.parse()?))
        });
        receipts.collect()
    }

    /// How long messages to webhooks that respond were under way, in the order they came, in microseconds.
    pub async fn webhook_latencies_us(&mut self) -> Result<Vec<u64>> {
        let lines = String::from_utf8(self.control(WEBHOOK_LATENCIES_PATH).await?)?;
        lines.lines().map(|line| Ok(line.parse()?)).collect()
    }

    async fn control(&mut self, path: &str) -> Result<Vec<u8>> {
        let response = self.control.exchange(&http::get(self.address, path)).await?;
        if response.status != 200 {
            bail!("the receiver answered {path} with {}", response.status);
        }
        Ok(response.body.to_vec())
    }
}
