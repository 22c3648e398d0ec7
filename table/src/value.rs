//! A serializer to rows and cells.

use crate::error::Quoted;
use serde::ser::{Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};
use std::borrow::Cow;
use std::fmt::{self, Display};

/// The cells of a row with the names of their columns; `None` is missing.
pub(crate) type Cells = Vec<(Cow<'static, str>, Option<String>)>;

/// A value of serde as a row or as a cell.
#[derive(Debug)]
pub(crate) enum Value {
    Row(Cells),
    Cell(Option<String>),
}

impl Value {
    pub fn new(value: &(impl Serialize + ?Sized)) -> Result<Self, Unsupported> {
        value.serialize(Values)
    }

    fn cell(value: &(impl Serialize + ?Sized)) -> Result<Option<String>, Unsupported> {
        match Self::new(value)? {
            Self::Cell(cell) => Ok(cell),
            Self::Row(_) => Err(Unsupported::new("a struct or a map")),
        }
    }

    fn text(value: impl Display) -> Result<Self, Unsupported> {
        Ok(Self::Cell(Some(value.to_string())))
    }
}

/// The reason why a value is not a row or a cell.
#[derive(Debug)]
pub(crate) struct Unsupported(pub String);

impl Unsupported {
    fn new(found: &str) -> Self {
        Self(format!("found {found}, but a cell is a text, a number, a bool or missing"))
    }
}

impl Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

impl serde::ser::Error for Unsupported {
    fn custom<T: Display>(reason: T) -> Self {
        Self(reason.to_string())
    }
}

/// The cells of a struct or a map while they are collected.
#[derive(Debug, Default)]
struct Collector {
    cells: Cells,
    /// The key of a map whose value follows.
    key: String,
}

impl Collector {
    fn push<T: Serialize + ?Sized>(
        &mut self,
        name: Cow<'static, str>,
        value: &T,
    ) -> Result<(), Unsupported> {
        let in_column = |Unsupported(reason)| format!("column {}: {reason}", Quoted(&name));
        let cell = Value::cell(value).map_err(|error| Unsupported(in_column(error)))?;
        self.cells.push((name, cell));
        Ok(())
    }
}

impl SerializeStruct for Collector {
    type Ok = Value;
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Unsupported> {
        self.push(Cow::Borrowed(name), value)
    }

    fn end(self) -> Result<Value, Unsupported> {
        Ok(Value::Row(self.cells))
    }
}

impl SerializeMap for Collector {
    type Ok = Value;
    type Error = Unsupported;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unsupported> {
        self.key = Value::cell(key)?.unwrap_or_default();
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unsupported> {
        let name = std::mem::take(&mut self.key);
        self.push(Cow::Owned(name), value)
    }

    fn end(mut self) -> Result<Value, Unsupported> {
        self.cells.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(Value::Row(self.cells))
    }
}

struct Values;

/// Implements methods that write a value as text.
macro_rules! texts {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<Value, Unsupported> {
            Value::text(value)
        })*
    };
}

/// Implements methods for floats, which are missing if they are NaN.
macro_rules! floats {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<Value, Unsupported> {
            if value.is_nan() { self.serialize_none() } else { Value::text(value) }
        })*
    };
}

impl Serializer for Values {
    type Ok = Value;
    type Error = Unsupported;
    type SerializeSeq = Impossible<Value, Unsupported>;
    type SerializeTuple = Impossible<Value, Unsupported>;
    type SerializeTupleStruct = Impossible<Value, Unsupported>;
    type SerializeTupleVariant = Impossible<Value, Unsupported>;
    type SerializeMap = Collector;
    type SerializeStruct = Collector;
    type SerializeStructVariant = Impossible<Value, Unsupported>;

    texts! {
        serialize_bool: bool, serialize_char: char, serialize_str: &str,
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128
    }
    floats! { serialize_f32: f32, serialize_f64: f64 }

    fn serialize_none(self) -> Result<Value, Unsupported> {
        Ok(Value::Cell(None))
    }

    fn serialize_unit(self) -> Result<Value, Unsupported> {
        self.serialize_none()
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<Value, Unsupported> {
        self.serialize_none()
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<Value, Unsupported> {
        Value::text(variant)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Unsupported> {
        Value::new(value)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<Value, Unsupported> {
        Value::new(value)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Collector, Unsupported> {
        Ok(Collector::default())
    }

    fn serialize_struct(self, _name: &'static str, _len: usize) -> Result<Collector, Unsupported> {
        Ok(Collector::default())
    }

    fn serialize_bytes(self, _bytes: &[u8]) -> Result<Value, Unsupported> {
        Err(Unsupported::new("bytes"))
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Self::SerializeSeq, Unsupported> {
        Err(Unsupported::new("a list"))
    }

    fn serialize_tuple(self, _len: usize) -> Result<Self::SerializeTuple, Unsupported> {
        Err(Unsupported::new("a tuple"))
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleStruct, Unsupported> {
        Err(Unsupported::new("a tuple"))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _value: &T,
    ) -> Result<Value, Unsupported> {
        Err(Unsupported::new("an enum variant with content"))
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeTupleVariant, Unsupported> {
        Err(Unsupported::new("an enum variant with content"))
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        _variant: &'static str,
        _len: usize,
    ) -> Result<Self::SerializeStructVariant, Unsupported> {
        Err(Unsupported::new("an enum variant with content"))
    }
}
