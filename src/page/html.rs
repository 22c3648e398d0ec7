//! What all pages share: escaped text, data for scripts, and the document around them.

use std::fmt::{self, Display};

/// The style that all pages share.
const STYLE: &str = include_str!("page.css");

/// The parts of a page. Content, style and script are trusted; the title and the program are not.
pub(super) struct Document<'a> {
    pub title: &'a str,
    /// The elements between the heading and the program.
    pub content: String,
    /// The data of the script, which reads them from the element `data`.
    pub data: serde_json::Value,
    pub style: &'a str,
    pub script: &'a str,
    /// The Rust program that made the page.
    pub program: Option<&'a str>,
}

impl Display for Document<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { title, content, data, style, script, program } = self;
        let title = escaped(title);
        // The policy forbids every request.
        write!(
            f,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
             style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
             <title>{title}</title>\n<link rel=\"icon\" href=\"data:,\">\n\
             <style>\n{STYLE}{style}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>\n{content}"
        )?;
        if let Some(program) = program {
            write!(
                f,
                "<details class=\"program\">\n<summary>The Rust program that made this page\
                 </summary>\n<pre tabindex=\"0\"><code>{}</code></pre>\n</details>\n",
                escaped(program)
            )?;
        }
        // A script cannot contain `<`, with which a closing tag could start.
        let data = data.to_string().replace('<', "\\u003c");
        write!(
            f,
            "</main>\n<script type=\"application/json\" id=\"data\">{data}</script>\n\
             <script>\n{script}</script>\n</body>\n</html>\n"
        )
    }
}

/// A text for the content of an element or an attribute, legible but for line breaks and tabs.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.replace("\r\n", "\n").chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\n' | '\t' => escaped.push(c),
            c => escaped.push(legible(c)),
        }
    }
    escaped
}

/// Replaces a control character, or one that changes the direction of the text around it, by
/// U+FFFD.
pub(super) fn legible(c: char) -> char {
    match c {
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            char::REPLACEMENT_CHARACTER
        }
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}
