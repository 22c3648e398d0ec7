//! A raw HTTP connection for tests and measurements, which need control of every byte.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// The read timeout, so that a missing answer is an error and not a hang.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// A connection for many requests.
pub struct Client {
    stream: BufReader<TcpStream>,
}

/// The status, body and raw head of an answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect(address)?)
    }

    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LONGEST_WAIT))?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// Writes raw bytes.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes.as_ref())
    }

    /// Reads one answer, whose head must have its length.
    pub fn receive(&mut self) -> io::Result<Reply> {
        let malformed = || io::Error::from(io::ErrorKind::InvalidData);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.stream.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        let length =
            head.lines().filter_map(|line| line.split_once(": ")).find_map(|(name, of)| {
                name.eq_ignore_ascii_case("content-length").then(|| of.parse().ok())?
            });
        let mut body = vec![0; length.unwrap_or(0)];
        self.stream.read_exact(&mut body)?;
        Ok(Reply { status: status.ok_or_else(malformed)?, head, body })
    }

    /// Sends a request of [`post`] and reads its answer.
    pub fn call(&mut self, request: impl AsRef<[u8]>) -> io::Result<Reply> {
        self.send(request)?;
        self.receive()
    }
}

/// Returns the bytes of `POST /predict` with this JSON.
pub fn post(json: &str) -> String {
    let length = json.len();
    format!(
        "POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n\r\n{json}"
    )
}
