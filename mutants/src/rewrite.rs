//! Rewrites a source file so that it holds all its mutants, one of which a switch selects.
//!
//! ```text
//! a + b       (if is(7) {a - b} else if is(8) {a * b} else {a + b})
//! -a          (if is(7) {a} else {-a})
//! fn f() {…}  fn f() {if is(7) {return 1;} …}
//! fn f() -> impl Iterator {…}
//!             fn f() -> impl Iterator {if is(7) {return A(empty());} B({…})}
//! A => …      A if !is(7) => …
//! field: a    field: if is(7) {(base).field} else {a}
//! ```

use crate::Result;
use crate::list::Mutant;
use std::collections::HashMap;
use std::ops::Range;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// A rewritten file.
pub struct Rewritten {
    pub text: String,
    /// The bytes of `text` that belong to a mutant, with its number.
    pub places: Vec<(Range<usize>, u32)>,
}

/// A place of the source with its mutants.
struct Site {
    range: Range<usize>,
    kind: Kind,
}

enum Kind {
    /// Text to insert before the place.
    Insert(u32, String),
    /// An expression, and the text of each of its mutants.
    Expression(Vec<(u32, String)>),
    /// The body of a function that returns an iterator of a type that only the body says.
    Iterator(Vec<(u32, String)>),
    /// The guard of an arm, with the mutant that deletes the arm and the values of the other mutants.
    Guard(Option<u32>, Vec<(u32, String)>),
    /// A field without a value of its own, such as `a` in `A { a, ..b }`.
    Shorthand(u32, String),
}

/// What the syntax tree says about the places of mutants, each by its first byte.
#[derive(Default)]
struct Syntax {
    /// The bytes of each operation and of its operator.
    operations: HashMap<usize, (Range<usize>, Range<usize>)>,
    /// The end of the pattern and the bytes of the guard of an arm.
    arms: HashMap<usize, (usize, Option<Range<usize>>)>,
    fields: HashMap<usize, Field>,
}

struct Field {
    name: String,
    range: Range<usize>,
    value: Option<Range<usize>>,
    base: Range<usize>,
}

fn bytes(node: &impl Spanned) -> Range<usize> {
    node.span().byte_range()
}

/// Whether a chain of `&&` has a `let`, which may stand nowhere else.
fn has_let(expression: &syn::Expr) -> bool {
    match expression {
        syn::Expr::Let(_) => true,
        syn::Expr::Binary(binary) => has_let(&binary.left) || has_let(&binary.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Syntax {
    fn visit_expr_binary(&mut self, node: &'ast syn::ExprBinary) {
        if !has_let(&node.left) && !has_let(&node.right) {
            let operator = bytes(&node.op);
            self.operations.insert(operator.start, (bytes(node), operator));
        }
        visit::visit_expr_binary(self, node);
    }

    fn visit_expr_unary(&mut self, node: &'ast syn::ExprUnary) {
        let operator = bytes(&node.op);
        self.operations.insert(operator.start, (bytes(node), operator));
        visit::visit_expr_unary(self, node);
    }

    fn visit_arm(&mut self, node: &'ast syn::Arm) {
        let guard = node.guard.as_ref().map(|(_, guard)| bytes(guard));
        self.arms.insert(bytes(node).start, (bytes(&node.pat).end, guard));
        visit::visit_arm(self, node);
    }

    fn visit_expr_struct(&mut self, node: &'ast syn::ExprStruct) {
        if let Some(base) = &node.rest {
            for field in &node.fields {
                let range = bytes(field);
                let value = field.colon_token.map(|_| bytes(&field.expr));
                let name = match &field.member {
                    syn::Member::Named(name) => name.to_string(),
                    syn::Member::Unnamed(index) => index.index.to_string(),
                };
                let field = Field { name, range: range.clone(), value, base: bytes(base) };
                self.fields.insert(range.start, field);
            }
        }
        visit::visit_expr_struct(self, node);
    }
}

/// Rewrites a file with the mutants that it can hold. The others are not in `places`.
pub fn rewrite(source: &str, mutants: &[&Mutant]) -> Result<Rewritten> {
    let mut syntax = Syntax::default();
    syntax.visit_file(&syn::parse_file(source)?);
    let mut sites: Vec<Site> = Vec::new();
    for mutant in mutants {
        if let Some(site) = site(source, &syntax, mutant) {
            add(&mut sites, site);
        }
    }
    sites.sort_by_key(|site| {
        let is_expression = !matches!(site.kind, Kind::Insert(..));
        (site.range.start, is_expression, std::cmp::Reverse(site.range.end))
    });
    let mut rewritten = Rewritten { text: String::new(), places: Vec::new() };
    rewritten.render(source, 0..source.len(), &sites);
    Ok(rewritten)
}

fn site(source: &str, syntax: &Syntax, mutant: &Mutant) -> Option<Site> {
    let Mutant { id, span, replacement, .. } = mutant;
    Some(match mutant.genre.as_str() {
        "FnValue"
            if mutant.name.contains("-> impl Iterator") && replacement.ends_with("empty()") =>
        {
            Site { range: span.clone(), kind: Kind::Iterator(vec![(*id, replacement.clone())]) }
        }
        // Another iterator has items of a type that may not fit, and the message would not say so.
        "FnValue" if mutant.name.contains("-> impl ") => return None,
        "FnValue" => {
            let text = format!("if {} {{ return {replacement}; }}\n", is(*id));
            Site { range: span.start..span.start, kind: Kind::Insert(*id, text) }
        }
        "BinaryOperator" | "UnaryOperator" => {
            let (range, operator) = syntax.operations.get(&span.start)?.clone();
            let before = &source[range.start..operator.start];
            let text = format!("{before}{replacement}{}", &source[operator.end..range.end]);
            Site { range, kind: Kind::Expression(vec![(*id, text)]) }
        }
        "MatchArmGuard" => {
            Site { range: span.clone(), kind: Kind::Guard(None, vec![(*id, replacement.clone())]) }
        }
        "MatchArm" => match syntax.arms.get(&span.start)?.clone() {
            (_, Some(guard)) => Site { range: guard, kind: Kind::Guard(Some(*id), Vec::new()) },
            (end, None) => {
                Site { range: end..end, kind: Kind::Insert(*id, format!(" if !{}", is(*id))) }
            }
        },
        "StructField" => {
            let field = syntax.fields.get(&span.start)?;
            let of_base = format!("({}).{}", &source[field.base.clone()], field.name);
            match field.value.clone() {
                Some(range) => Site { range, kind: Kind::Expression(vec![(*id, of_base)]) },
                None => Site { range: field.range.clone(), kind: Kind::Shorthand(*id, of_base) },
            }
        }
        _ => return None,
    })
}

/// Adds a site, or its mutants to the site at the same place.
fn add(sites: &mut Vec<Site>, mut new: Site) {
    let same = sites.iter_mut().rev().find(|site| site.range == new.range);
    match (same.map(|site| &mut site.kind), &mut new.kind) {
        (Some(Kind::Expression(all)), Kind::Expression(more)) => all.append(more),
        (Some(Kind::Iterator(all)), Kind::Iterator(more)) => all.append(more),
        (Some(Kind::Guard(arm, all)), Kind::Guard(more_arm, more)) => {
            all.append(more);
            *arm = arm.take().or(more_arm.take());
        }
        _ => sites.push(new),
    }
}

fn is(mutant: u32) -> String {
    format!("crate::mutant_switch::is({mutant})")
}

impl Rewritten {
    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn push_mutant(&mut self, mutant: u32, text: &str) {
        let start = self.text.len();
        self.push(text);
        self.places.push((start..self.text.len(), mutant));
    }

    /// Appends a range of the source, with the mutants at its sites.
    fn render(&mut self, source: &str, range: Range<usize>, mut sites: &[Site]) {
        let mut done = range.start;
        while let Some((site, rest)) = sites.split_first() {
            self.push(&source[done..site.range.start]);
            let inside = rest.iter().take_while(|other| other.range.end <= site.range.end);
            let inside = match site.kind {
                Kind::Insert(..) => 0,
                _ => inside.count(),
            };
            self.render_site(source, site, &rest[..inside]);
            done = site.range.end;
            sites = &rest[inside..];
        }
        self.push(&source[done..range.end]);
    }

    /// Appends an expression that is one of its mutants if their switch is on.
    fn render_choice(
        &mut self,
        source: &str,
        range: Range<usize>,
        mutants: &[(u32, String)],
        inside: &[Site],
    ) {
        self.push("(");
        for (id, text) in mutants {
            self.push_mutant(*id, &format!("if {} {{ {text} }}", is(*id)));
            self.push(" else ");
        }
        self.push("{ ");
        self.render(source, range, inside);
        self.push(" })");
    }

    fn render_site(&mut self, source: &str, site: &Site, inside: &[Site]) {
        let range = site.range.clone();
        match &site.kind {
            Kind::Insert(id, text) => self.push_mutant(*id, text),
            Kind::Expression(mutants) => self.render_choice(source, range, mutants, inside),
            Kind::Iterator(mutants) => {
                let [first, second] =
                    ["A", "B"].map(|name| format!("crate::mutant_switch::{name}("));
                for (i, (id, value)) in mutants.iter().enumerate() {
                    let others = (second.repeat(i), ")".repeat(i));
                    let value = format!("{}{first}{value}){}", others.0, others.1);
                    self.push_mutant(*id, &format!("if {} {{ return {value}; }}\n", is(*id)));
                }
                self.push(&format!("{}{{ ", second.repeat(mutants.len())));
                self.render(source, range, inside);
                self.push(&format!(" }}{}", ")".repeat(mutants.len())));
            }
            Kind::Guard(arm, mutants) => {
                if let Some(id) = arm {
                    self.push_mutant(*id, &format!("!{} && ", is(*id)));
                }
                self.render_choice(source, range, mutants, inside);
            }
            Kind::Shorthand(id, of_base) => {
                let name = &source[range];
                self.push(&format!("{name}: "));
                self.push_mutant(*id, &format!("if {} {{ {of_base} }}", is(*id)));
                self.push(&format!(" else {{ {name} }}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutant(source: &str, i: usize, (place, genre, replacement): &(&str, &str, &str)) -> Mutant {
        let start = source.find(place).expect("the source has the place");
        Mutant {
            id: i as u32 + 1,
            file: String::new(),
            name: String::new(),
            genre: (*genre).to_owned(),
            span: start..start + place.len(),
            replacement: (*replacement).to_owned(),
            file_hash: 0,
        }
    }

    /// Rewrites a source with a mutant at each place.
    fn rewritten(source: &str, mutants: &[(&str, &str, &str)]) -> String {
        let mutants = mutants.iter().enumerate().map(|(i, place)| mutant(source, i, place));
        let mutants: Vec<Mutant> = mutants.collect();
        let text = rewrite(source, &mutants.iter().collect::<Vec<_>>()).expect("Rust").text;
        text.replace("crate::mutant_switch::", "")
    }

    #[test]
    fn one_operator_differs_in_each_branch() {
        let mutants = [("+", "BinaryOperator", "-"), ("*", "BinaryOperator", "/")];
        assert_eq!(
            rewritten("fn f() { a + b * c }", &mutants),
            "fn f() { (if is(1) { a - b * c } else { a + (if is(2) { b / c } else { b * c }) }) }"
        );
    }

    #[test]
    fn an_operator_has_several_mutants() {
        let mutants = [("<", "BinaryOperator", "<="), ("<", "BinaryOperator", "==")];
        assert_eq!(
            rewritten("fn f() { a < b }", &mutants),
            "fn f() { (if is(1) { a <= b } else if is(2) { a == b } else { a < b }) }"
        );
    }

    #[test]
    fn a_body_is_replaced_by_an_early_return() {
        let mutants = [("-a", "FnValue", "1"), ("-", "UnaryOperator", "")];
        assert_eq!(
            rewritten("fn f() { -a }", &mutants),
            "fn f() { if is(1) { return 1; }\n(if is(2) { a } else { -a }) }"
        );
    }

    #[test]
    fn a_mutant_of_an_iterator_is_one_of_two_types() {
        let source = "fn f() -> impl Iterator<Item = u8> { g() }";
        let mut mutants = [("g()", "FnValue", "empty()"), ("g()", "FnValue", "other::empty()")]
            .map(|(place, genre, replacement)| mutant(source, 0, &(place, genre, replacement)));
        for (id, mutant) in (1..).zip(&mut mutants) {
            (mutant.id, mutant.name) = (id, "replace f -> impl Iterator".to_owned());
        }
        let text = rewrite(source, &mutants.iter().collect::<Vec<_>>()).expect("Rust").text;
        assert_eq!(
            text.replace("crate::mutant_switch::", ""),
            "fn f() -> impl Iterator<Item = u8> { if is(1) { return A(empty()); }\n\
             if is(2) { return B(A(other::empty())); }\nB(B({ g() })) }"
        );
    }

    #[test]
    fn arms_get_guards() {
        let mutants = [
            ("A => 1", "MatchArm", ""),
            ("B if b => 2", "MatchArm", ""),
            ("b", "MatchArmGuard", "true"),
        ];
        assert_eq!(
            rewritten("fn f() { match a { A => 1, B if b => 2, _ => 3 } }", &mutants),
            "fn f() { match a { A if !is(1) => 1, \
             B if !is(2) && (if is(3) { true } else { b }) => 2, _ => 3 } }"
        );
    }

    #[test]
    fn a_field_is_taken_from_the_base() {
        let mutants = [("a: 1", "StructField", ""), ("b,", "StructField", "")];
        assert_eq!(
            rewritten("fn f() { S { a: 1, b, ..base() } }", &mutants),
            "fn f() { S { a: (if is(1) { (base()).a } else { 1 }), \
             b: if is(2) { (base()).b } else { b }, ..base() } }"
        );
    }

    #[test]
    fn a_condition_with_let_is_left_as_it_is() {
        let source = "fn f() { if let A = a && b { 1 } else { 2 } }";
        assert_eq!(rewritten(source, &[("&&", "BinaryOperator", "||")]), source);
    }
}
