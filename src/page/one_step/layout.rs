//! The HTML of the sections and of the map of the steps.

use super::matrix::{Matrices, layered};
use super::sections::{Equation, Part, Section, Step};
use serde_json::{Value, json};
use std::fmt::Write;

/// Returns the elements between the heading of the page and the program.
pub(super) fn content(step: &Step, sections: &[Section], matrices: &Matrices) -> String {
    let mut content = map(sections);
    for (i, section) in sections.iter().enumerate() {
        content += &self::section(i + 1, section, step, matrices);
    }
    content
}

/// Returns the data of the script: the matrices, and the sums of the numbers.
pub(super) fn data(sections: &[Section], matrices: &Matrices) -> Value {
    let equations = sections.iter().flat_map(|section| &section.equations);
    let sums: serde_json::Map<_, _> = equations
        .filter_map(|equation| {
            Some((equation.pieces.first()?.clone(), json!(equation.sum.as_ref()?)))
        })
        .collect();
    json!({ "matrices": matrices.data(), "sums": sums })
}

/// The blocks of the step as a picture, each with a link to its section.
fn map(sections: &[Section]) -> String {
    let mut map = String::from("<nav class=\"map\" aria-label=\"Steps\">\n<ol>\n");
    for (i, Section { part, column, heading, block: [name, makes], gives, .. }) in
        sections.iter().enumerate()
    {
        let (number, row, part) = (i + 1, row(*part), part.name());
        let (heading, makes) = (layered(heading), layered(makes));
        let _ = write!(
            map,
            "<li class=\"{part}\" style=\"grid-area:{row}/{column}\"><a href=\"#step-{number}\">\
             <span class=\"unseen\">Step {number}, {part}, {heading}: </span>\
             <small>{number} {name}</small> <b>{makes}</b></a>"
        );
        if !gives.is_empty() {
            let _ = write!(map, "<span class=\"gives\" aria-hidden=\"true\">{gives}</span>");
        }
        map += "</li>\n";
    }
    map + "</ol>\n<p class=\"key\"><b>Dashed green lines</b>: the cache, which a forward block keeps \
           for its backward block.</p>\n</nav>\n"
}

/// The row of a part in the map.
fn row(part: Part) -> usize {
    match part {
        Part::Start | Part::Forward => 1,
        Part::Backward => 2,
        Part::Update => 3,
    }
}

fn section(number: usize, section: &Section, step: &Step, matrices: &Matrices) -> String {
    let Section { part, heading, call, text, cache, equations, .. } = section;
    let part_name = part.name();
    let mut html = format!(
        "<section class=\"step {part_name}\" id=\"step-{number}\" \
         aria-labelledby=\"heading-{number}\">\n\
         <h2 id=\"heading-{number}\"><span class=\"number\">{number}</span> \
         <span class=\"heading\">{heading}</span> \
         <span class=\"part\">{part_name}</span></h2>\n"
    );
    if !call.is_empty() {
        let _ =
            writeln!(html, "<pre class=\"call\"><code>{}</code></pre>", call.replace('&', "&amp;"));
    }
    let _ = writeln!(html, "<p>{}</p>", layered(text));
    if *part == Part::Start {
        html += &network(step);
    }
    html += "<div class=\"equations\">\n";
    html.extend(equations.iter().map(|equation| self::equation(equation, matrices)));
    html += "</div>\n";
    if !cache.is_empty() {
        let _ = writeln!(html, "<p class=\"cache\">{}</p>", layered(cache));
    }
    html + "</section>\n"
}

fn equation(equation: &Equation, matrices: &Matrices) -> String {
    let Equation { formula, pieces, sum } = equation;
    let mut html = format!(
        "<div class=\"equation\">\n<div class=\"formula\">{formula}</div>\n<div class=\"pieces\">\n"
    );
    for (i, piece) in pieces.iter().enumerate() {
        let made = i == 0 && sum.is_some();
        html += &match piece.strip_suffix('ᵀ') {
            Some(name) => matrices.table(name, made, "<sup>T</sup>"),
            None => matrices.table(piece, made, ""),
        }
        .unwrap_or_else(|| format!("<span class=\"operator\">{piece}</span>\n"));
    }
    html + "</div>\n</div>\n"
}

/// The layers and the shapes of their parameters.
fn network(step: &Step) -> String {
    let mut table = String::from(
        "<div class=\"matrix\"><table class=\"network\"><caption><b>The network</b></caption>\n\
         <thead><tr><th scope=\"col\">layer</th><th scope=\"col\">units</th>\
         <th scope=\"col\">activation</th><th scope=\"col\">W</th><th scope=\"col\">b</th></tr>\
         </thead>\n<tbody>\n",
    );
    for (i, layer) in step.layers.iter().enumerate() {
        let (l, units, inputs, activation) = (i + 1, layer.units, layer.inputs, layer.activation);
        let _ = writeln!(
            table,
            "<tr><th scope=\"row\">{l}</th><td>{units}</td><td>{activation}</td>\
             <td>({units}, {inputs})</td><td>({units}, 1)</td></tr>"
        );
    }
    table + "</tbody></table></div>\n"
}
