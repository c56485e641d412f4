//! As much HTTP/1.1 as a load generator needs: a request written in one piece, a response with a length.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Room for the receipts of a million leads.
const RESPONSE_BYTES_MAX: usize = 128 << 20;
const EXCHANGE_LIMIT: Duration = Duration::from_secs(60);
const READ_BYTES: usize = 16 << 10;

/// One connection, kept alive.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What came back.
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

/// Where a response's parts lie in the buffer.
struct Head {
    status: u16,
    body_start: usize,
    body_bytes: usize,
}

impl Connection {
    /// Opens a connection.
    pub async fn open(address: SocketAddr) -> Result<Connection> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("can't connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(READ_BYTES) })
    }

    /// Opens a connection from an address of this machine.
    pub async fn open_from(source: Ipv4Addr, address: SocketAddr) -> Result<Connection> {
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((source, 0)))?;
        Ok(Connection { stream: socket.connect(address).await?, buffer: Vec::with_capacity(READ_BYTES) })
    }

    /// Writes and does not read.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.write_all(bytes).await?)
    }

    /// Reads until the peer closes the connection, or time is up.
    pub async fn wait_for_end(&mut self, limit: Duration) -> Result<()> {
        let end = async {
            while 0 < self.stream.read(&mut [0; 512]).await? {}
            anyhow::Ok(())
        };
        tokio::time::timeout(limit, end).await.unwrap_or(Ok(()))
    }

    /// Writes a whole request, head and body, and reads the whole response, in a bounded time. After an error the
    /// connection is of no use any more.
    pub async fn exchange(&mut self, request: &[u8]) -> Result<Response<'_>> {
        match tokio::time::timeout(EXCHANGE_LIMIT, self.exchange_unbounded(request)).await {
            Ok(response) => response,
            Err(_) => bail!("no response within {} s", EXCHANGE_LIMIT.as_secs()),
        }
    }

    async fn exchange_unbounded(&mut self, request: &[u8]) -> Result<Response<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = self.read_head().await?;
        let end = head.body_start + head.body_bytes;
        while self.buffer.len() < end {
            self.read_more().await?;
        }
        Ok(Response { status: head.status, body: &self.buffer[head.body_start..end] })
    }

    async fn read_head(&mut self) -> Result<Head> {
        loop {
            if let Some(head) = parse_head(&self.buffer)? {
                return Ok(head);
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Result<()> {
        if RESPONSE_BYTES_MAX < self.buffer.len() {
            bail!("a response is longer than {RESPONSE_BYTES_MAX} bytes");
        }
        self.buffer.reserve(READ_BYTES);
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the peer closed the connection before its response was whole");
        }
        Ok(())
    }
}

/// A request of JSON, ready to be written.
pub fn request(method: &str, address: SocketAddr, path: &str, token: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A post of a body in JSON that is encoded.
pub fn request_encoded(address: SocketAddr, path: &str, token: &str, encoding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-encoding: {encoding}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A request without a key and without a body.
pub fn get(address: SocketAddr, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes()
}

/// `None` until the blank line has arrived.
fn parse_head(bytes: &[u8]) -> Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).context("the response's head is not text")?;
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("`{status_line}` is not a status line"))?;
    let length =
        lines.filter_map(|line| line.split_once(':')).find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let body_bytes = match length {
        Some((_, value)) => value.trim().parse().with_context(|| format!("`{value}` is not a length"))?,
        None => bail!("the response ({status}) has no content-length"),
    };
    Ok(Some(Head { status, body_start: end + 4, body_bytes }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A response may arrive in any pieces.
    #[test]
    fn a_head_is_read_once_it_is_whole() -> Result<()> {
        let response = b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        let head_bytes = response.len() - 2;
        for length in 0..head_bytes {
            assert!(parse_head(&response[..length])?.is_none());
        }
        let head = parse_head(response)?.context("whole")?;
        assert_eq!((head.status, head.body_start, head.body_bytes), (202, head_bytes, 2));
        Ok(())
    }

    /// What this client can't read is an error, never a hang.
    #[test]
    fn a_response_without_a_length_is_rejected() {
        assert!(parse_head(b"HTTP/1.1 202 Accepted\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
        assert!(parse_head(b"nonsense\r\n\r\n").is_err());
    }
}
