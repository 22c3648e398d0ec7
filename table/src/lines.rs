//! Line numbers of the records of a CSV file.

use csv::ByteRecord;
use std::collections::VecDeque;
use std::io::{self, Read};

/// A reader that remembers the line breaks that a CSV reader has not passed yet.
///
/// The positions of the `csv` crate are those before a record, where blank lines and the LF of a
/// CRLF may still follow.
pub(crate) struct LineCounter<R> {
    reader: R,
    /// The number of bytes read.
    read: u64,
    /// Whether the last byte is a CR.
    after_cr: bool,
    /// The offsets of line breaks, from the last record on.
    breaks: VecDeque<u64>,
    /// The number of line breaks before them.
    passed: u64,
}

impl<R> LineCounter<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, read: 0, after_cr: false, breaks: VecDeque::new(), passed: 0 }
    }

    /// Returns the line, from 1, on which a record begins that ends before the byte `end`.
    pub fn first_line(&mut self, record: &ByteRecord, end: u64) -> u64 {
        // The byte before `end` is the line break, or the last one of the file.
        while self.breaks.front().is_some_and(|&at| at + 1 < end) {
            self.breaks.pop_front();
            self.passed += 1;
        }
        let inside: u64 = record.iter().map(line_breaks).sum();
        1 + self.passed.saturating_sub(inside)
    }

    /// Remembers the line breaks of the next bytes. A line ends with LF, CRLF or CR.
    fn scan(&mut self, bytes: &[u8]) {
        for (at, &byte) in (self.read..).zip(bytes) {
            if byte == b'\n' {
                self.breaks.push_back(at);
            } else if self.after_cr {
                self.breaks.push_back(at - 1);
            }
            self.after_cr = byte == b'\r';
        }
        self.read += bytes.len() as u64;
    }
}

/// Returns the number of line breaks in a field.
fn line_breaks(field: &[u8]) -> u64 {
    let lone_cr = |at: usize| field[at] == b'\r' && field.get(at + 1) != Some(&b'\n');
    (0..field.len()).filter(|&at| field[at] == b'\n' || lone_cr(at)).count() as u64
}

impl<R: Read> Read for LineCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.scan(&buffer[..count]);
        Ok(count)
    }
}
