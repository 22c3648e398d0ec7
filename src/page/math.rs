//! MathML from a small part of TeX, so that the formulas are legible in the source.

use super::html::escaped;
use std::iter::Peekable;
use std::str::Chars;

/// Returns a formula in MathML, on a line of its own.
///
/// Letters, digits, `{…}`, `^`, `_`, `\frac{…}{…}`, `\sqrt{…}`, `\sum`, `\text{…}` and names such
/// as `\ln`. All else is an operator.
pub(super) fn math(tex: &str) -> String {
    format!("<math display=\"block\">{}</math>", row(&mut tex.chars().peekable()))
}

/// The space around the name of a function.
const THIN: &str = "<mspace width=\"0.15em\"/>";

type Tex<'a> = Peekable<Chars<'a>>;

/// Reads to the end, or to the brace that closes a group.
fn row(tex: &mut Tex<'_>) -> String {
    let mut row = String::new();
    while let Some(c) = tex.next() {
        match c {
            '}' => break,
            ' ' => {}
            c => row += &with_scripts(atom(c, tex), tex),
        }
    }
    row
}

fn atom(c: char, tex: &mut Tex<'_>) -> String {
    match c {
        '{' => format!("<mrow>{}</mrow>", row(tex)),
        '\\' => command(tex),
        c if c.is_ascii_digit() => number(c, tex),
        c if c.is_alphabetic() => format!("<mi>{c}</mi>"),
        c => format!("<mo>{}</mo>", escaped(&c.to_string())),
    }
}

fn number(first: char, tex: &mut Tex<'_>) -> String {
    let mut number = String::from(first);
    while let Some(c) = tex.next_if(|c| c.is_ascii_digit() || *c == '.') {
        number.push(c);
    }
    format!("<mn>{number}</mn>")
}

fn command(tex: &mut Tex<'_>) -> String {
    let mut name = String::new();
    while let Some(c) = tex.next_if(char::is_ascii_alphabetic) {
        name.push(c);
    }
    match name.as_str() {
        "frac" => format!("<mfrac>{}{}</mfrac>", argument(tex), argument(tex)),
        "sqrt" => format!("<msqrt>{}</msqrt>", argument(tex)),
        "sum" => "<mo>∑</mo>".to_string(),
        "text" => text(tex),
        name => format!("{THIN}<mi>{name}</mi>{THIN}"),
    }
}

fn argument(tex: &mut Tex<'_>) -> String {
    match tex.next() {
        Some(c) => atom(c, tex),
        None => String::new(),
    }
}

fn text(tex: &mut Tex<'_>) -> String {
    let text: String = tex.by_ref().skip(1).take_while(|c| *c != '}').collect();
    // Browsers drop ordinary spaces at the ends.
    format!("<mtext>{}</mtext>", escaped(&text).replace(' ', "\u{a0}"))
}

/// Reads the subscript and the superscript after a base.
fn with_scripts(base: String, tex: &mut Tex<'_>) -> String {
    let sub = tex.next_if_eq(&'_').map(|_| argument(tex));
    let sup = tex.next_if_eq(&'^').map(|_| argument(tex));
    let element = if base.contains('∑') {
        ["munder", "mover", "munderover"]
    } else {
        ["msub", "msup", "msubsup"]
    };
    match (sub, sup) {
        (None, None) => base,
        (Some(sub), None) => format!("<{0}>{base}{sub}</{0}>", element[0]),
        (None, Some(sup)) => format!("<{0}>{base}{sup}</{0}>", element[1]),
        (Some(sub), Some(sup)) => format!("<{0}>{base}{sub}{sup}</{0}>", element[2]),
    }
}

#[cfg(test)]
mod tests {
    use super::math;

    #[test]
    fn tex_becomes_mathml() {
        let tex = r"Z^{[1]} = \frac{1}{m} \sum_{i=1}^m \ln a_i < 0.5 \text{ if } b";
        let expected = "<math display=\"block\"><msup><mi>Z</mi><mrow><mo>[</mo><mn>1</mn>\
            <mo>]</mo></mrow></msup><mo>=</mo><mfrac><mrow><mn>1</mn></mrow><mrow><mi>m</mi></mrow></mfrac>\
            <munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>m</mi>\
            </munderover><mspace width=\"0.15em\"/><mi>ln</mi><mspace width=\"0.15em\"/>\
            <msub><mi>a</mi><mi>i</mi></msub><mo>&lt;</mo><mn>0.5</mn>\
            <mtext>\u{a0}if\u{a0}</mtext><mi>b</mi></math>";
        assert_eq!(math(tex), expected);
    }

    #[test]
    fn a_formula_that_ends_early_is_closed() {
        assert_eq!(
            math(r"\frac{1"),
            "<math display=\"block\"><mfrac><mrow><mn>1</mn></mrow></mfrac></math>"
        );
    }
}
