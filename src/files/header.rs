//! The header of a safetensors file: names and positions of its arrays, and metadata, as JSON.
//!
//! A general JSON parser takes many times the memory of a header, for a tree or for an error that
//! quotes it. This one checks each limit before it is exceeded and keeps only what is needed.

use super::limits::{check_dimensions, check_name, check_size, no_memory};
use super::{FileError, Limits, Result};
use ::safetensors::Dtype;
use ::safetensors::tensor::TensorInfo;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, StrDeserializer};
use std::fmt::Display;

/// The reserved name of the metadata.
pub(super) const METADATA: &str = "__metadata__";
/// The key of the description in the metadata.
pub(super) const KEY: &str = "dnn_blocks";

/// The content of a header.
#[derive(Default)]
pub(super) struct Header {
    /// The arrays in the order of the header.
    pub arrays: Vec<(String, TensorInfo)>,
    /// The metadata under [`KEY`].
    pub text: Option<String>,
}

pub(super) fn malformed(reason: impl Display) -> FileError {
    FileError::malformed("safetensors", reason)
}

impl Header {
    pub fn read(text: &str, limits: &Limits) -> Result<Self> {
        let (mut json, mut header, mut metadata) = (Json { rest: text }, Self::default(), false);
        json.members(|json, name| {
            let name = unescaped(name)?;
            check_name(name.len())?;
            match name.as_str() {
                "" => return Err(malformed("an array has an empty name")),
                METADATA if metadata => return Err(FileError::Duplicate { name }),
                METADATA => {
                    metadata = true;
                    return header.metadata(json);
                }
                _ => {}
            }
            check_size("the number of arrays", header.arrays.len() as u64 + 1, limits.arrays)?;
            header.arrays.push((name, json.array()?));
            Ok(())
        })?;
        if !json.rest().is_empty() {
            return Err(malformed("the header continues after its object"));
        }
        header.check_names()?;
        Ok(header)
    }

    fn metadata(&mut self, json: &mut Json<'_>) -> Result<()> {
        json.members(|json, key| {
            let text = json.string()?;
            if key != KEY {
                return Ok(());
            }
            if self.text.is_some() {
                return Err(FileError::Duplicate { name: KEY.to_string() });
            }
            self.text = Some(unescaped(text)?);
            Ok(())
        })
    }

    fn check_names(&self) -> Result<()> {
        let mut names: Vec<&str> = self.arrays.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        match names.iter().zip(names.iter().skip(1)).find(|(name, next)| name == next) {
            Some((name, _)) => Err(FileError::Duplicate { name: name.to_string() }),
            None => Ok(()),
        }
    }
}

/// A parser at its position in a text.
struct Json<'a> {
    rest: &'a str,
}

impl<'a> Json<'a> {
    /// Skips white space and returns the rest.
    fn rest(&mut self) -> &'a str {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.rest
    }

    /// Takes the next character if it is `token`, and returns whether it was.
    fn take(&mut self, token: char) -> bool {
        let after = self.rest().strip_prefix(token);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn require(&mut self, token: char) -> Result<()> {
        if self.take(token) {
            Ok(())
        } else {
            Err(malformed(format!("the header lacks a {token}")))
        }
    }

    /// Parses elements between `open` and `close`, separated by commas.
    fn list(
        &mut self,
        [open, close]: [char; 2],
        mut element: impl FnMut(&mut Self) -> Result<()>,
    ) -> Result<()> {
        self.require(open)?;
        if self.take(close) {
            return Ok(());
        }
        loop {
            element(self)?;
            if self.take(close) {
                return Ok(());
            }
            self.require(',')?;
        }
    }

    /// Parses the members of an object; keys are given with their escapes.
    fn members(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Result<()>) -> Result<()> {
        self.list(['{', '}'], |json| {
            let key = json.string()?;
            json.require(':')?;
            member(json, key)
        })
    }

    /// Parses a string and returns it with its escapes.
    fn string(&mut self) -> Result<&'a str> {
        self.require('"')?;
        let mut escaped = false;
        let end = self.rest.bytes().position(|byte| {
            let quote = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            quote || byte < b' '
        });
        let (text, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        self.end_of_string()?;
        Ok(text)
    }

    fn end_of_string(&mut self) -> Result<()> {
        match self.rest.strip_prefix('"') {
            Some(rest) => self.rest = rest,
            None => return Err(malformed("the header has a string without a closing quote")),
        }
        Ok(())
    }

    fn number(&mut self) -> Result<usize> {
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at(digits);
        self.rest = rest;
        let wrong = || malformed("the header has an invalid size");
        if number.len() > 1 && number.starts_with('0') {
            return Err(wrong());
        }
        number.parse().map_err(|_| wrong())
    }

    fn numbers(&mut self) -> Result<Vec<usize>> {
        let mut numbers = Vec::new();
        self.list(['[', ']'], |json| {
            check_dimensions(numbers.len() + 1)?;
            numbers.push(json.number()?);
            Ok(())
        })?;
        Ok(numbers)
    }

    /// Parses type, shape and position of an array.
    fn array(&mut self) -> Result<TensorInfo> {
        let (mut kind, mut shape, mut place) = (None, None, None);
        self.members(|json, key| {
            match key {
                "dtype" if kind.is_none() => kind = Some(dtype(json.string()?)?),
                "shape" if shape.is_none() => shape = Some(json.numbers()?),
                "data_offsets" if place.is_none() => place = Some(json.numbers()?),
                _ => return Err(malformed("an array has an unknown or repeated field")),
            }
            Ok(())
        })?;
        match (kind, shape, place.as_deref()) {
            (Some(dtype), Some(shape), Some(&[begin, end])) => {
                Ok(TensorInfo { dtype, shape, data_offsets: (begin, end) })
            }
            _ => Err(malformed("an array lacks dtype, shape or data_offsets")),
        }
    }
}

fn dtype(name: &str) -> Result<Dtype> {
    let name = name.get(..16).unwrap_or(name); // an error quotes the name
    let deserializer: StrDeserializer<'_, Error> = name.into_deserializer();
    Dtype::deserialize(deserializer).map_err(malformed)
}

/// Replaces the escapes of a string.
fn unescaped(raw: &str) -> Result<String> {
    let mut text = String::new();
    text.try_reserve_exact(raw.len()).map_err(|_| no_memory("the header", raw.len() as u64))?;
    let mut rest = raw;
    while let Some((before, escape)) = rest.split_once('\\') {
        let (character, after) =
            character(escape).ok_or_else(|| malformed("the header has an invalid escape"))?;
        text.push_str(before);
        text.push(character); // within the capacity: an escape is longer
        rest = after;
    }
    text.push_str(rest);
    Ok(text)
}

/// Parses an escape after its backslash; returns the character and the rest.
fn character(escape: &str) -> Option<(char, &str)> {
    let (kind, rest) = escape.split_at_checked(1)?;
    let character = match kind {
        "b" => '\u{8}',
        "f" => '\u{c}',
        "n" => '\n',
        "r" => '\r',
        "t" => '\t',
        "u" => return unicode(rest),
        "\"" | "\\" | "/" => kind.chars().next()?,
        _ => return None,
    };
    Some((character, rest))
}

/// Parses one or two UTF-16 units; returns the character and the rest.
fn unicode(digits: &str) -> Option<(char, &str)> {
    let (first, rest) = unit(digits)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some((character, rest));
    }
    let (second, rest) = unit(rest.strip_prefix("\\u")?)?;
    Some((char::decode_utf16([first, second]).next()?.ok()?, rest))
}

fn unit(digits: &str) -> Option<(u16, &str)> {
    let (digits, rest) = digits.split_at_checked(4)?;
    let all = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    Some((u16::from_str_radix(digits, 16).ok().filter(|_| all)?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Header> {
        Header::read(text, &Limits::default())
    }

    #[test]
    fn strings_are_unescaped_as_in_json() {
        for text in [
            r"plain",
            r"",
            r#"\"quotes\" \\ \/ \b\f\n\r\t"#,
            r"\u0041\u00e9\u20ac",
            r"größe 層",
            r"\ud83d\ude00 \uD83D\uDE00",
            r"\ud83d",
            r"\ud83d\u0041",
            r"\ude00",
            r"\u12",
            r"\u+123",
            r"\x",
            r"\",
            r"\u00e",
            r"\u12é",
        ] {
            let expected = serde_json::from_str::<String>(&format!("\"{text}\"")).ok();
            assert_eq!(unescaped(text).ok(), expected, "{text}");
            let header =
                format!("{{\"__metadata__\": {{\"a\": \"b\", \"dnn_blocks\":\"{text}\"}}}}");
            assert_eq!(read(&header).ok().and_then(|header| header.text), expected, "{text}");
        }
    }

    #[test]
    fn white_space_is_skipped() {
        let entry = r#" { "data_offsets" : [ 0 , 24 ] , "shape" : [ 3 ,1 ] , "dtype" : "F64" } "#;
        let header = read(&format!("\n\t{{ \"a\\u0031\" :{entry}, \"b\":{entry}}}\r  ")).unwrap();
        let names: Vec<_> = header.arrays.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["a1", "b"]);
        let info = &header.arrays[0].1;
        assert_eq!(
            (info.dtype, &info.shape[..], info.data_offsets),
            (Dtype::F64, &[3, 1][..], (0, 24))
        );
        assert!(read("{}").unwrap().arrays.is_empty());
    }

    #[test]
    fn invalid_headers_are_refused() {
        let entry = r#"{"dtype":"F64","shape":[3],"data_offsets":[0,24]}"#;
        assert!(read(&format!("{{\"a\":{entry}}}")).is_ok());
        for text in [
            "",
            "{",
            "[]",
            "{}}",
            "{} {}",
            "{\"a\"}",
            "{\"a\":{}}",
            "{,}",
            "{\"a",
            "\"a\"",
            "{\"a\u{1}\":1}",
            "{\"__metadata__\":{},\"__metadata__\":{}}",
            "{\"__metadata__\":{\"a\":null}}",
            "{\"__metadata__\":{\"dnn_blocks\":\"\",\"dnn_blocks\":\"\"}}",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        for text in [
            format!("{{\"a\":{entry},}}"),
            format!("{{\"a\":{entry},\"\":{entry}}}"),
            format!("{{\"a\":{entry},\"b\":{entry},\"a\":{entry}}}"),
            format!("{{\"a\":{entry},\"\\u0061\":{entry}}}"),
            format!("{{\"a\":{}}}", entry.replace("[3]", "[3,]")),
            format!("{{\"a\":{}}}", entry.replace("[3]", "[+3]")),
            format!("{{\"a\":{}}}", entry.replace("[3]", "[03]")),
            format!("{{\"a\":{}}}", entry.replace("[3]", "[99999999999999999999999]")),
            format!("{{\"a\":{}}}", entry.replace("[3]", "\"3\"")),
            format!("{{\"a\":{}}}", entry.replace("[0,24]", "[0,24,48]")),
            format!("{{\"a\":{}}}", entry.replace("\"F64\"", "\"X64\"")),
            format!("{{\"a\":{}}}", entry.replace("}", ",\"dtype\":\"F64\"}")),
            format!("{{\"a\":{}}}", entry.replace("}", ",\"more\":1}")),
        ] {
            assert!(read(&text).is_err(), "{text}");
        }
    }
}
