//! This module of the mutated crate selects a mutant: the environment variable `MUTANT` has its
//! number. With `MUTANT_TRACE`, no mutant is selected, and the numbers of all that were reached are
//! appended to that file when the process ends.

#![allow(missing_docs, unsafe_code)]

use std::io::Write;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

const TRACE: u32 = u32::MAX;

pub static SELECTED: AtomicU32 = AtomicU32::new(0);
pub static REACHED: [AtomicBool; COUNT] = [const { AtomicBool::new(false) }; COUNT];

#[inline(always)]
pub fn is(mutant: u32) -> bool {
    let selected = SELECTED.load(Relaxed);
    if selected == TRACE {
        REACHED[mutant as usize].store(true, Relaxed);
    }
    selected == mutant
}

/// One of two iterators.
pub enum Either<L, R> {
    A(L),
    B(R),
}

pub use Either::{A, B};

impl<L: Iterator, R: Iterator<Item = L::Item>> Iterator for Either<L, R> {
    type Item = L::Item;

    fn next(&mut self) -> Option<L::Item> {
        match self {
            A(left) => left.next(),
            B(right) => right.next(),
        }
    }
}

extern "C" fn select() {
    if let Some(mutant) = std::env::var("MUTANT").ok().and_then(|text| text.parse().ok()) {
        SELECTED.store(mutant, Relaxed);
    }
    if std::env::var_os("MUTANT_TRACE").is_some() {
        SELECTED.store(TRACE, Relaxed);
        unsafe { atexit(write_reached) };
    }
}

extern "C" fn write_reached() {
    let Some(path) = std::env::var_os("MUTANT_TRACE") else { return };
    let reached = (0..COUNT).filter(|&mutant| REACHED[mutant].load(Relaxed));
    let lines: String = reached.map(|mutant| format!("{mutant}\n")).collect();
    if let Ok(mut file) = std::fs::OpenOptions::new().create(true).append(true).open(path) {
        let _ = file.write_all(lines.as_bytes());
    }
}

unsafe extern "C" {
    fn atexit(function: extern "C" fn()) -> i32;
}

// Runs before `main`. Linux passes the environment on before that.
#[used]
#[unsafe(link_section = ".init_array")]
static SELECT: extern "C" fn() = select;

