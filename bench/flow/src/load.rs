//! Posting: a number of requests as quickly as the host acknowledges them, or at fixed times whatever the host does.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use hdrhistogram::Histogram;
use hookmill_bench_flow::now_us;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::http::Connection;
use crate::latency;
use crate::leads::{self, Request, Shape};

const ACCEPTED: u16 = 202;

/// After an error a connection waits, so that failing requests are not sent by the million.
const PAUSE_AFTER_ERROR: Duration = Duration::from_millis(10);

/// An accepted lead.
pub struct Accepted {
    /// Its submission.
    pub id: Box<str>,
    /// The number of its campaign.
    pub campaign: usize,
    /// When the host's acknowledgement was read, in microseconds since 1970.
    pub at_us: u64,
}

/// The result of posting.
pub struct Posted {
    /// From the first byte written (or the time it should have been) to the last byte read, in microseconds, for each
    /// request that was acknowledged.
    pub latency_us: Histogram<u64>,
    /// How often what else happened.
    pub errors: BTreeMap<String, u64>,
    /// The accepted leads, unless they were only to be counted.
    pub accepted: Vec<Accepted>,
    /// How many were accepted.
    pub count: u64,
    /// When the first request was sent.
    pub first_us: u64,
    /// When the last acknowledgement was read.
    pub last_us: u64,
}

/// How many requests, until when.
#[derive(Clone, Copy)]
pub struct Amount {
    /// Acknowledged requests after which posting ends.
    pub requests: u64,
    /// When posting ends at the latest.
    pub until: Instant,
    /// Whether each accepted lead is kept, or only counted.
    pub keeps_ids: bool,
}

/// The next request's number, so that no two requests of this program are the same.
static SERIAL: AtomicU64 = AtomicU64::new(1);

/// Posts on a number of connections.
pub struct Poster {
    batch: u64,
    clients: Vec<Client>,
}

type Pool = Arc<Mutex<Vec<Client>>>;

struct Client {
    address: SocketAddr,
    connection: Option<Connection>,
    requests: Vec<Request>,
}

#[derive(Deserialize)]
struct Acknowledgement<'a> {
    #[serde(borrow)]
    accepted: Vec<AcceptedLead<'a>>,
}

#[derive(Deserialize)]
struct AcceptedLead<'a> {
    submission_id: &'a str,
    campaign_id: &'a str,
}

impl Poster {
    /// Renders the requests of each connection.
    pub fn new(shape: Shape<'_>, connections: usize) -> Poster {
        let client =
            |number| Client { address: shape.address, connection: None, requests: leads::requests(shape, number) };
        let clients = (0..connections).map(client).collect();
        Poster { batch: shape.batch as u64, clients }
    }

    /// Leads in one request.
    pub fn batch(&self) -> u64 {
        self.batch
    }

    /// As many requests at once as there are connections, each waiting for its response.
    pub async fn post_all(&mut self, amount: Amount) -> Result<Posted> {
        let taken = Arc::new(AtomicU64::new(0));
        let started = now_us();
        let runs: Vec<_> = self
            .clients
            .drain(..)
            .map(|client| tokio::spawn(client.post_in_turn(amount, Arc::clone(&taken))))
            .collect();
        let mut posted = Posted::new(started)?;
        for run in runs {
            let (client, part) = run.await??;
            posted.add(part)?;
            self.clients.push(client);
        }
        Ok(posted)
    }

    /// A request each `interval`, whether or not earlier ones were answered. With all connections busy it waits for one,
    /// and its time runs.
    pub async fn post_scheduled(&mut self, amount: Amount, interval: Duration) -> Result<Posted> {
        let places = Arc::new(Semaphore::new(self.clients.len()));
        let pool = Arc::new(Mutex::new(std::mem::take(&mut self.clients)));
        let mut posted = Posted::new(now_us())?;
        let began = Instant::now();
        let mut runs = tokio::task::JoinSet::new();
        for number in 0..amount.requests {
            let due = began + interval.mul_f64(number as f64);
            if amount.until < due {
                break;
            }
            tokio::time::sleep_until(due.into()).await;
            runs.spawn(post_one(Arc::clone(&pool), Arc::clone(&places), due, amount));
            while let Some(part) = runs.try_join_next() {
                posted.add(part??)?;
            }
        }
        while let Some(part) = runs.join_next().await {
            posted.add(part??)?;
        }
        self.clients.append(&mut lock(&pool));
        Ok(posted)
    }
}

/// Takes a connection, waits for it if need be, and sends one request that was due at `due`.
async fn post_one(pool: Pool, places: Arc<Semaphore>, due: Instant, amount: Amount) -> Result<Posted> {
    let _place = places.acquire().await?;
    let Some(mut client) = lock(&pool).pop() else { bail!("there is a connection for each place") };
    let mut posted = Posted::new(now_us())?;
    client.post(&mut posted, due, amount.keeps_ids).await;
    lock(&pool).push(client);
    Ok(posted)
}

fn lock(pool: &Pool) -> MutexGuard<'_, Vec<Client>> {
    pool.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    async fn post_in_turn(mut self, amount: Amount, taken: Arc<AtomicU64>) -> Result<(Client, Posted)> {
        let mut posted = Posted::new(now_us())?;
        while Instant::now() < amount.until && taken.fetch_add(1, Ordering::Relaxed) < amount.requests {
            while !self.post(&mut posted, Instant::now(), amount.keeps_ids).await && Instant::now() < amount.until {
                tokio::time::sleep(PAUSE_AFTER_ERROR).await;
            }
        }
        Ok((self, posted))
    }

    /// Whether the request was acknowledged; all else is counted.
    async fn post(&mut self, posted: &mut Posted, began: Instant, keeps_ids: bool) -> bool {
        match self.send(posted, keeps_ids).await {
            Ok(()) => {
                posted.last_us = now_us();
                latency::record(&mut posted.latency_us, began.elapsed());
                true
            }
            Err(error) => {
                *posted.errors.entry(format!("{error:#}")).or_default() += 1;
                false
            }
        }
    }

    async fn send(&mut self, posted: &mut Posted, keeps_ids: bool) -> Result<()> {
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let variant = serial as usize % self.requests.len();
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.address).await?,
        };
        let response = connection.exchange(self.requests[variant].stamped(serial)).await?;
        if response.status != ACCEPTED {
            let status = response.status;
            self.connection = Some(connection);
            bail!("status {status}");
        }
        posted.take(response.body, keeps_ids)?;
        self.connection = Some(connection);
        Ok(())
    }
}

impl Posted {
    fn new(first_us: u64) -> Result<Posted> {
        let latency_us = latency::histogram()?;
        let errors = BTreeMap::new();
        Ok(Posted { latency_us, errors, accepted: Vec::new(), count: 0, first_us, last_us: first_us })
    }

    /// From the first byte to the last acknowledgement, in seconds.
    pub fn seconds(&self) -> f64 {
        self.last_us.saturating_sub(self.first_us) as f64 / 1e6
    }

    /// Notes what an acknowledgement accepts.
    fn take(&mut self, body: &[u8], keeps_ids: bool) -> Result<()> {
        let acknowledgement: Acknowledgement<'_> = serde_json::from_slice(body)?;
        self.count += acknowledgement.accepted.len() as u64;
        if !keeps_ids {
            return Ok(());
        }
        let at_us = now_us();
        for lead in acknowledgement.accepted {
            let Some(campaign) = leads::campaign_number(lead.campaign_id) else {
                bail!("an acknowledgement names the campaign `{}`, which got no lead", lead.campaign_id)
            };
            self.accepted.push(Accepted { id: lead.submission_id.into(), campaign, at_us });
        }
        Ok(())
    }

    fn add(&mut self, part: Posted) -> Result<()> {
        self.latency_us.add(&part.latency_us)?;
        for (error, count) in part.errors {
            *self.errors.entry(error).or_default() += count;
        }
        self.accepted.extend(part.accepted);
        self.count += part.count;
        self.last_us = self.last_us.max(part.last_us);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    const ACCEPTS_ONE: &str = r#"{"accepted":[{"index":0,"submission_id":"req_1-0","campaign_id":"B0000"}]}"#;

    /// Rejects each third request of a connection.
    async fn reject_each_third(mut stream: TcpStream) -> Result<()> {
        let mut request = [0; 4096];
        for number in 1.. {
            if stream.read(&mut request).await? == 0 {
                break;
            }
            let status = if number % 3 == 0 { "503 Service Unavailable" } else { "202 Accepted" };
            let length = ACCEPTS_ONE.len();
            let response = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{ACCEPTS_ONE}");
            stream.write_all(response.as_bytes()).await?;
        }
        Ok(())
    }

    async fn poster(connections: usize) -> Result<Poster> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(reject_each_third(stream));
            }
        });
        Ok(Poster::new(
            Shape { source_key: "hms_key", address, batch: 1, campaigns: 1, first_campaign: 0, has_own_phones: false },
            connections,
        ))
    }

    fn amount(requests: u64) -> Amount {
        Amount { requests, until: Instant::now() + Duration::from_secs(20), keeps_ids: true }
    }

    /// A rejected request is sent again, counted by its status, and is not included in the latencies.
    #[tokio::test]
    async fn errors_are_counted_and_sent_anew() -> Result<()> {
        let posted = poster(1).await?.post_all(amount(10)).await?;
        assert_eq!((posted.count, posted.latency_us.len(), posted.accepted.len()), (10, 10, 10));
        assert_eq!(posted.errors.get("status 503"), Some(&4));
        Ok(())
    }

    /// At fixed times, each request is sent once, at its time.
    #[tokio::test]
    async fn scheduled_requests_keep_their_times() -> Result<()> {
        let mut poster = poster(4).await?;
        let began = Instant::now();
        let posted = poster.post_scheduled(amount(9), Duration::from_millis(10)).await?;
        assert!(Duration::from_millis(80) <= began.elapsed());
        let rejected: u64 = posted.errors.values().sum();
        assert_eq!(posted.count + rejected, 9);
        assert_eq!(poster.clients.len(), 4);
        Ok(())
    }

    /// Posting ends when its time is up.
    #[tokio::test]
    async fn time_ends_posting() -> Result<()> {
        let until = Instant::now() + Duration::from_millis(100);
        let posted = poster(2).await?.post_all(Amount { requests: u64::MAX, until, keeps_ids: false }).await?;
        assert!(0 < posted.count);
        assert!(posted.accepted.is_empty());
        Ok(())
    }
}
