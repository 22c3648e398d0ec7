//! Line numbers of the records of a CSV file.

use csv::ByteRecord;
use std::collections::VecDeque;
use std::io::{self, Read};

/// A reader that remembers the line feeds that a CSV reader has not passed yet.
///
/// The positions of the `csv` crate are those before a record, where blank lines and the LF of a
/// CRLF may still follow.
pub(crate) struct LineCounter<R> {
    reader: R,
    /// The number of bytes read.
    read: u64,
    /// The offsets of line feeds, from the last record on.
    line_feeds: VecDeque<u64>,
    /// The number of line feeds before them.
    passed: u64,
}

impl<R> LineCounter<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, read: 0, line_feeds: VecDeque::new(), passed: 0 }
    }

    /// Returns the line, from 1, on which a record begins that ends before the byte `end`.
    pub fn first_line(&mut self, record: &ByteRecord, end: u64) -> u64 {
        // The byte before `end` is the line break, or the last one of the file.
        while self.line_feeds.front().is_some_and(|&at| at + 1 < end) {
            self.line_feeds.pop_front();
            self.passed += 1;
        }
        let inside = record.as_slice().iter().filter(|&&byte| byte == b'\n').count() as u64;
        1 + self.passed.saturating_sub(inside)
    }
}

impl<R: Read> Read for LineCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        let line_feeds = (self.read..).zip(&buffer[..count]).filter(|&(_, &byte)| byte == b'\n');
        self.line_feeds.extend(line_feeds.map(|(at, _)| at));
        self.read += count as u64;
        Ok(count)
    }
}
