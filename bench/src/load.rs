//! The generator: as many requests as the host answers, on a fixed number of connections, each waiting for its answer.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use hdrhistogram::Histogram;

use crate::http::Connection;
use crate::leads::Request;

const ACCEPTED: u16 = 202;
const SIGNIFICANT_DIGITS: u8 = 3;

/// After an error a connection waits, so that a host that refuses is not refused by the million.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(10);

/// Serial numbers of one connection. Twelve digits leave room for a thousand connections.
const SERIALS_PER_CLIENT: u64 = 1_000_000_000;

/// Open connections with their requests.
pub struct Load {
    clients: Vec<Client>,
}

/// What a run came to.
pub struct Outcome {
    /// From the first byte written to the last byte read, in microseconds, of each request that was answered 202.
    pub latency_us: Histogram<u64>,
    /// How often what else happened.
    pub errors: BTreeMap<String, u64>,
    /// From the start to the last answer.
    pub elapsed: Duration,
}

struct Client {
    address: SocketAddr,
    connection: Connection,
    requests: Vec<Request>,
    serial: u64,
}

impl Load {
    /// Opens a connection for each list of requests.
    pub async fn connect(address: SocketAddr, requests: Vec<Vec<Request>>) -> Result<Load> {
        let mut clients = Vec::new();
        for (requests, number) in requests.into_iter().zip(0..) {
            let connection = Connection::open(address).await?;
            clients.push(Client { address, connection, requests, serial: number * SERIALS_PER_CLIENT });
        }
        Ok(Load { clients })
    }

    /// Sends for `duration` and waits for the last answers.
    pub async fn run(&mut self, duration: Duration) -> Result<Outcome> {
        let began = Instant::now();
        let until = began + duration;
        let runs: Vec<_> = self.clients.drain(..).map(|client| tokio::spawn(client.run(until))).collect();
        let mut outcome = Outcome::empty()?;
        for run in runs {
            let (client, part) = run.await??;
            outcome.add(part)?;
            self.clients.push(client);
        }
        outcome.elapsed = began.elapsed();
        Ok(outcome)
    }
}

impl Outcome {
    fn empty() -> Result<Outcome> {
        let latency_us = Histogram::new(SIGNIFICANT_DIGITS)?;
        Ok(Outcome { latency_us, errors: BTreeMap::new(), elapsed: Duration::ZERO })
    }

    /// Requests that were answered 202.
    pub fn requests(&self) -> u64 {
        self.latency_us.len()
    }

    fn add(&mut self, part: Outcome) -> Result<()> {
        self.latency_us.add(&part.latency_us)?;
        for (error, count) in part.errors {
            *self.errors.entry(error).or_default() += count;
        }
        Ok(())
    }
}

impl Client {
    async fn run(mut self, until: Instant) -> Result<(Client, Outcome)> {
        let mut outcome = Outcome::empty()?;
        while Instant::now() < until {
            let began = Instant::now();
            match self.send().await {
                Ok(()) => outcome.latency_us.record(u64::try_from(began.elapsed().as_micros())?)?,
                Err(error) => {
                    *outcome.errors.entry(error.to_string()).or_default() += 1;
                    tokio::time::sleep(PAUSE_AFTER_ERROR).await;
                }
            }
        }
        Ok((self, outcome))
    }

    async fn send(&mut self) -> Result<()> {
        self.serial += 1;
        let variant = self.serial as usize % self.requests.len();
        let request = self.requests[variant].stamped(self.serial);
        match self.connection.exchange(request).await {
            Ok(answer) if answer.status == ACCEPTED => Ok(()),
            Ok(answer) => Err(anyhow::anyhow!("answered {}", answer.status)),
            Err(error) => {
                self.connection = Connection::open(self.address).await?;
                Err(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// Refuses each third request of a connection, and counts all.
    async fn refuse_each_third(listener: TcpListener) -> Result<()> {
        let (mut stream, _) = listener.accept().await?;
        let mut request = [0; 4096];
        for number in 1.. {
            if stream.read(&mut request).await? == 0 {
                break;
            }
            let status = if number % 3 == 0 { "503 Service Unavailable" } else { "202 Accepted" };
            stream.write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\n{{}}").as_bytes()).await?;
        }
        Ok(())
    }

    /// What is not accepted is counted by its kind, and is no part of the latencies.
    #[tokio::test]
    async fn refusals_are_told_apart() -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let host = tokio::spawn(refuse_each_third(listener));
        let mut load = Load::connect(address, crate::leads::requests("hm_key", address, 1, 1)).await?;
        let outcome = load.run(Duration::from_millis(200)).await?;
        let refused = outcome.errors.get("answered 503").copied().unwrap_or_default();
        assert!(0 < refused);
        assert!(outcome.requests().abs_diff(refused * 2) <= 2, "{} to {refused}", outcome.requests());
        drop(load);
        host.await?
    }
}
