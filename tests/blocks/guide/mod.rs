//! The guide: its index has every function of the notebooks, its exercises have tested answers, and
//! its program for the cats is one that runs.

mod tables;

use crate::support::reference::{json, number};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The program in chapter 3. Its `main` reads files of the current directory.
#[allow(dead_code)]
mod cat_classifier {
    include!("cat_classifier.rs");

    pub fn costs(file: &Path, iterations: usize) -> Vec<f64> {
        let (x, y) = load(file, "train").unwrap();
        train(&x, &y, iterations).unwrap().1
    }
}

/// Functions of the notebooks and of the modules that they import, which neither `docs/course.md`
/// nor the reference cases name.
const HELPERS: [&str; 31] = [
    "basic_sigmoid",
    "sigmoid_derivative",
    "image2vector",
    "normalizeRows",
    "normalize_rows",
    "softmax",
    "L1",
    "L2",
    "load_dataset",
    "load_data",
    "layer_sizes",
    "load_extra_datasets",
    "plot_decision_boundary",
    "plot_costs",
    "print_mislabeled_images",
    "relu_backward",
    "initialize_parameters_zeros",
    "compute_loss",
    "predict_dec",
    "load_2D_dataset",
    "forward_propagation_n",
    "backward_propagation_n",
    "dictionary_to_vector",
    "vector_to_dictionary",
    "gradients_to_vector",
    "gradient_check",
    "load_params_and_grads",
    "initialize_velocity",
    "initialize_adam",
    "forward_propagation",
    "backward_propagation",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: impl AsRef<Path>) -> String {
    let path = root().join(path);
    fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The texts between backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The names in the first column of the tables of a page.
fn first_column(page: &str) -> BTreeSet<String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    cells.flat_map(code).map(|name| name.replace("(k)", "")).collect()
}

/// Every function of the notebooks of weeks 2 to 4, and of weeks 1 and 2 of course 2.
fn functions_of_the_notebooks() -> BTreeSet<String> {
    let mut names = first_column(&read("docs/course.md"));
    for entry in fs::read_dir(root().join("tests/data")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        if file.starts_with("c1w") || file.starts_with("c2w") {
            let cases = json(file.trim_end_matches(".json"))["cases"].take();
            let name = |case: &serde_json::Value| case["function"].as_str().unwrap().to_owned();
            names.extend(cases.as_array().unwrap().iter().map(name));
        }
    }
    names.remove("gradient_check_1d"); // `gradient_check` in the notebook
    names.extend(HELPERS.map(str::to_owned));
    assert!(names.len() > 60, "{names:?}");
    names
}

#[test]
fn the_index_has_every_function_of_the_notebooks() {
    let index = first_column(&read("docs/guide/index.md"));
    let missing: Vec<_> =
        functions_of_the_notebooks().into_iter().filter(|name| !index.contains(name)).collect();
    assert!(missing.is_empty(), "docs/guide/index.md does not list {missing:?}");
}

fn sources(folder: &Path, text: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, text);
        } else {
            *text += &read(path);
        }
    }
}

/// The search of rustdoc finds names of items and their aliases.
#[test]
fn the_search_finds_every_function_of_the_notebooks() {
    let mut text = String::new();
    sources(&root().join("src"), &mut text);
    let aliases: BTreeSet<&str> = text
        .lines()
        .filter(|line| line.trim_start().starts_with("#[doc(alias"))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect();
    let is_function =
        |name: &str| ["(", "<"].iter().any(|end| text.contains(&format!("pub fn {name}{end}")));
    let not_functions = ["softmax"]; // a variant
    let missing: Vec<_> = functions_of_the_notebooks()
        .into_iter()
        .filter(|name| !not_functions.contains(&name.as_str()))
        .filter(|name| !aliases.contains(name.as_str()) && !is_function(name))
        .collect();
    assert!(missing.is_empty(), "without an alias: {missing:?}");
}

/// The chapters as the module `_guide` puts them together: the name of the module, and its text.
fn chapters() -> Vec<(String, String)> {
    let mut chapters = Vec::new();
    let mut text = String::new();
    for line in read("src/_guide.rs").lines() {
        if let Some(path) = line.split("include_str!(\"../").nth(1) {
            let path = path.trim_end_matches("\")]");
            if path.ends_with(".md") && line.starts_with("#[") {
                text += &read(path);
            }
        } else if let Some(module) = line.strip_prefix("pub mod ") {
            chapters.push((module.trim_end_matches(" {}").to_owned(), std::mem::take(&mut text)));
        }
    }
    assert_eq!(chapters.len(), 9);
    chapters
}

#[test]
fn every_chapter_has_a_question_and_three_exercises_with_answers_that_run() {
    let index = read("docs/guide/index.md");
    for (chapter, text) in chapters() {
        let title = text.lines().next().unwrap().trim_start_matches("# ");
        assert!(index.contains(&format!("[{title}]({chapter})")), "{title} is not in the index");
        assert!(text.contains("**The question:**"), "{chapter} has no question");
        assert!(text.contains("\n## Differences to the notebook\n"), "{chapter}: differences");
        let exercises = text.split("\n## Exercises\n").nth(1).expect(&chapter);
        let answers: Vec<_> = exercises.split("<summary>Answer</summary>").skip(1).collect();
        assert_eq!(answers.len(), 3, "answers of {chapter}");
        for answer in answers {
            let answer = answer.split("</details>").next().unwrap();
            assert!(answer.contains("```rust"), "{chapter}: an answer without a program");
            assert!(answer.contains("assert"), "{chapter}: an answer that nothing checks");
        }
    }
}

#[test]
fn every_page_of_the_guide_is_in_its_module() {
    let module = read("src/_guide.rs");
    for entry in fs::read_dir(root().join("docs/guide")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(module.contains(&format!("\"../docs/guide/{name}\"")), "{name} is in no chapter");
    }
}

#[test]
fn the_program_of_chapter_3_is_the_one_that_is_tested() {
    let program = read("tests/blocks/guide/cat_classifier.rs");
    let chapter = read("docs/guide/deep_networks_l_layers.md");
    assert!(chapter.contains(&format!("```rust,ignore\n{program}```")), "docs or test is old");
}

#[test]
fn the_program_of_chapter_3_has_the_costs_of_the_notebook() {
    let chapter = read("docs/guide/deep_networks_l_layers.md");
    let published = json("e2e_cat_L_layer_model_first300")["costs"].clone();
    let digits = ["0", "100", "200"].map(|i| format!("{:.6}", number(&published[i])));
    let [first, second, third] = &digits;
    assert!(chapter.contains(&format!("{first}, {second} and {third}")), "{digits:?}");

    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/reference/data");
    let folder = std::env::var_os("DNN_BLOCKS_DATA").map_or(default.into(), PathBuf::from);
    let file = folder.join("train_catvnoncat.h5");
    if !file.exists() {
        let required = std::env::var_os("DNN_BLOCKS_REQUIRE_DATA").is_some();
        assert!(!required, "the pictures are required, and not in {}", folder.display());
        eprintln!("skipped: the pictures are not in {}", folder.display());
        return;
    }
    let costs = cat_classifier::costs(&file, 101);
    for i in [0, 1, 2, 10, 50, 100] {
        let published = number(&published[i.to_string()]);
        assert!((costs[i] - published).abs() < 1e-9, "cost {i}: {} {published}", costs[i]);
    }
}

#[test]
fn accuracies_that_chapter_3_only_quotes_are_the_published_ones() {
    let (published, trap) = (json("e2e_cat_published"), json("e2e_cat_logistic_regression"));
    let chapter = read("docs/guide/deep_networks_l_layers.md");
    let quoted = [("train_accuracy", 0.986), ("test_accuracy", 0.8)];
    for (name, quoted) in quoted {
        assert!((number(&published["l_layer"][name]) - quoted).abs() < 5e-4, "{name}");
    }
    assert!(chapter.contains("are 0.986 and 0.8"));
    assert_eq!(number(&trap["trap"]["run"]["test_accuracy_percent"]), 34.0);
    assert!(read("docs/guide/deep_networks_exercises.md").contains("gets 34 %"));
}
