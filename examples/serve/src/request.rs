//! The body of `POST /predict`.

use crate::model::{Answer, Model, Number};
use crate::refusal::Refusal;
use crate::rows::Row;
use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;
use std::fmt;
use std::marker::PhantomData;

/// A request with one field.
enum Request<F> {
    Examples(Vec<Vec<F>>),
    Rows(Vec<Row>),
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    Examples,
    Rows,
}

/// Answers a body with up to `limit` examples or rows.
pub fn answer<F: Number>(
    model: &Model<F>,
    body: &[u8],
    limit: usize,
) -> Result<Answer<F>, Refusal> {
    let check = |found| {
        let refusal = Refusal::TooManyExamples { limit, found };
        if found <= limit { Ok(()) } else { Err(refusal) }
    };
    match parse(body).map_err(|error| malformed(error, model.about().columns.is_some()))? {
        Request::Examples(examples) => {
            check(examples.len())?;
            model.answer(&examples)
        }
        Request::Rows(rows) => {
            check(rows.len())?;
            model.answer_rows(&rows)
        }
    }
}

/// Reads a request from a JSON object. Derived code would also accept an array of the fields.
fn parse<F: Number>(body: &[u8]) -> serde_json::Result<Request<F>> {
    struct Object<F>(PhantomData<F>);

    impl<'de, F: Number> Visitor<'de> for Object<F> {
        type Value = Request<F>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Request<F>, A::Error> {
            let request = match map.next_key()? {
                Some(Field::Examples) => Request::Examples(map.next_value()?),
                Some(Field::Rows) => Request::Rows(map.next_value()?),
                None => return Err(A::Error::custom("the object is empty")),
            };
            match map.next_key::<IgnoredAny>()? {
                Some(_) => Err(A::Error::custom("there is another field")),
                None => Ok(request),
            }
        }
    }

    let mut json = serde_json::Deserializer::from_slice(body);
    let request = json.deserialize_map(Object(PhantomData))?;
    json.end()?;
    Ok(request)
}

fn malformed(error: serde_json::Error, rows: bool) -> Refusal {
    let reason = error.to_string();
    match error.classify() {
        Category::Data => Refusal::Form { rows, reason },
        _ => Refusal::Syntax { reason },
    }
}
