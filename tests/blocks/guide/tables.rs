//! Chapter 8 of the guide needs the crate `dnn-blocks-table`, so that crate runs its programs.

use std::fs;
use std::path::Path;

const PAGES: [&str; 2] = ["docs/guide/tables.md", "docs/guide/tables_exercises.md"];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)).unwrap()
}

/// The languages of the code blocks, with their attributes.
fn languages(page: &str) -> Vec<&str> {
    let fences = page.lines().filter_map(|line| line.strip_prefix("```"));
    fences.step_by(2).collect()
}

#[test]
fn the_table_crate_includes_the_pages_of_chapter_8() {
    let library = read("table/src/lib.rs");
    for page in PAGES {
        let line = format!("#[doc = include_str!(\"../../{page}\")]");
        assert!(library.contains(&line), "{page} is not tested");
    }
}

#[test]
fn chapter_8_has_no_program_that_does_not_run() {
    for page in PAGES {
        let text = read(page);
        let languages = languages(&text);
        assert!(languages.contains(&"rust"), "{page} has no program");
        for language in languages {
            let expected = ["rust", "math", "sh", "toml"].contains(&language);
            assert!(expected, "{page} has a block of {language:?}");
        }
    }
}
