//! Line numbers of the records of a CSV file, and limits on a line.

use crate::error::TableError;
use crate::reader::too_large;
use csv::ByteRecord;
use std::collections::VecDeque;
use std::io::{self, Read};

/// The most blank lines in a row.
const BLANK_LINES: usize = 1 << 20;

/// A reader that remembers the line breaks (LF, CRLF or CR) that a CSV reader has not passed yet.
///
/// The positions of the `csv` crate are those before a record, where blank lines and the LF of a
/// CRLF may still follow. It also stops at a line with too many fields, before the `csv` crate
/// stores them.
pub(crate) struct LineCounter<R> {
    reader: R,
    delimiter: u8,
    max_columns: usize,
    /// The number of bytes read.
    read: u64,
    /// Whether the last byte is a CR.
    after_cr: bool,
    /// The offsets of line breaks, from the last record on.
    breaks: VecDeque<u64>,
    /// The number of line breaks before them.
    passed: u64,
    /// The number of line breaks read.
    lines: u64,
    /// The line of the quote that opened the present field, if the field has not ended.
    open_quote: Option<u64>,
    /// Where the next byte is.
    place: Place,
    /// The delimiters outside quotes since the last line feed.
    delimiters: usize,
}

/// Where a byte of a line is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    FieldStart,
    Field,
    /// After a quote in a quoted field: its end, or the first of two quotes.
    AfterQuote,
}

impl<R> LineCounter<R> {
    pub fn new(reader: R, delimiter: u8, max_columns: usize) -> Self {
        Self {
            reader,
            delimiter,
            max_columns,
            read: 0,
            after_cr: false,
            breaks: VecDeque::new(),
            passed: 0,
            lines: 0,
            open_quote: None,
            place: Place::FieldStart,
            delimiters: 0,
        }
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

    /// Returns the line of a quote that opened a field which has not ended.
    pub fn open_quote(&self) -> Option<u64> {
        self.open_quote
    }

    /// Returns whether a byte may follow a quote that closes a field, or that may be the first of
    /// two.
    fn may_follow_quote(&self, byte: u8) -> bool {
        byte == self.delimiter || matches!(byte, b'"' | b'\n' | b'\r' | b' ')
    }

    /// Counts a byte, and checks the limits.
    fn count(&mut self, at: u64, byte: u8) -> io::Result<()> {
        if byte == b'\n' || self.after_cr {
            self.breaks.push_back(if byte == b'\n' { at } else { at - 1 });
            self.lines += 1;
            check("the number of lines without a value", self.breaks.len(), BLANK_LINES)?;
        }
        self.after_cr = byte == b'\r';
        if self.open_quote.is_some() {
            if byte == b'"' {
                (self.open_quote, self.place) = (None, Place::AfterQuote);
            }
            return Ok(());
        }
        if self.place == Place::AfterQuote && !self.may_follow_quote(byte) {
            return Err(io::Error::other(TableError::Quote { line: self.lines + 1 }));
        }
        let is_byte_order_mark = at < 3 && byte >= 0x80;
        self.place = match byte {
            b'"' if self.place != Place::Field => {
                self.open_quote = Some(self.lines + 1);
                Place::Field
            }
            b'\n' | b'\r' => {
                self.delimiters = 0;
                Place::FieldStart
            }
            byte if byte == self.delimiter => {
                self.delimiters += 1;
                check("the number of columns", self.delimiters, self.max_columns)?;
                Place::FieldStart
            }
            b' ' if self.place == Place::AfterQuote => Place::AfterQuote,
            _ if is_byte_order_mark => Place::FieldStart,
            _ => Place::Field,
        };
        Ok(())
    }
}

/// Returns the number of line breaks in a field.
fn line_breaks(field: &[u8]) -> u64 {
    let lone_cr = |at: usize| field[at] == b'\r' && field.get(at + 1) != Some(&b'\n');
    (0..field.len()).filter(|&at| field[at] == b'\n' || lone_cr(at)).count() as u64
}

fn check(what: &'static str, size: usize, limit: usize) -> io::Result<()> {
    if size <= limit {
        return Ok(());
    }
    Err(io::Error::other(too_large(what, size as u64, limit as u64)))
}

impl<R: Read> Read for LineCounter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        for (at, &byte) in (self.read..).zip(&buffer[..count]) {
            self.count(at, byte)?;
        }
        self.read += count as u64;
        Ok(count)
    }
}
