//! Words that this project does not use, each with the word that it uses instead: in code, messages, command line help and pages. One
//! idea has one word, and the word is the field's own.

use hookmill_tests::tree;
use std::path::PathBuf;

/// Where a word is banned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    /// In code, comments, messages and pages.
    Everywhere,
    /// In identifiers; in sentences the word is plain English.
    Identifier,
    /// As the whole name of a function.
    Function,
    /// In comments, messages and pages.
    Sentence,
}

use Scope::{Everywhere, Function, Identifier, Sentence};

/// A word or several words in a row, in lower case and without punctuation: `answer body` is found in `answer_body`, `AnswerBody` and
/// `answer body`. A word that ends in a star is found with every ending. Then where it is banned, and the words to use.
const BANNED: &[(&str, Scope, &str)] = &[
    ("answer", Identifier, "response"),
    ("answers", Identifier, "responses"),
    ("are no", Sentence, "are not"),
    ("beside", Identifier, "metadata"),
    ("blame*", Everywhere, "cause, culprit"),
    ("came to rest", Everywhere, "became idle, reached a final state"),
    ("chance", Everywhere, "random, randomness"),
    ("come to rest", Everywhere, "become idle, reach a final state"),
    ("comes to rest", Everywhere, "becomes idle, reaches a final state"),
    ("decidedby", Everywhere, "decided_by"),
    ("desk", Everywhere, "fixture"),
    ("door*", Everywhere, "channel"),
    ("facts", Identifier, "values; fields of an error"),
    ("floor 0", Everywhere, "the name of the layer"),
    ("floor 1", Everywhere, "the name of the layer"),
    ("floor 2", Everywhere, "the name of the layer"),
    ("floor 3", Everywhere, "the name of the layer"),
    ("floor 4", Everywhere, "the name of the layer"),
    ("floor 5", Everywhere, "the name of the layer"),
    ("floors", Everywhere, "layers"),
    ("goes back in line", Everywhere, "is requeued"),
    ("go back in line", Everywhere, "are requeued"),
    ("guilty", Everywhere, "culprit"),
    ("habit*", Everywhere, "behaviour, history"),
    ("hand back", Everywhere, "requeue, release"),
    ("handed back", Everywhere, "requeued, released"),
    ("hands back", Everywhere, "requeues, releases"),
    ("house", Identifier, "workspace"),
    ("is no", Sentence, "is not, is not a"),
    ("judge*", Everywhere, "interpret, qualify, check, decide"),
    ("judging", Everywhere, "interpreting, qualifying, checking, deciding"),
    ("judgement*", Everywhere, "decision"),
    ("kept", Function, "a verb with an object, such as store_request"),
    ("landed", Everywhere, "completed"),
    ("made", Function, "a verb with an object, such as build_sample"),
    ("mend*", Everywhere, "hint (a field), fix, suggested fix"),
    ("mint", Everywhere, "generate, new_id"),
    ("minted", Everywhere, "generated"),
    ("minter", Everywhere, "id generator"),
    ("narrowed", Everywhere, "scoped"),
    ("program id", Everywhere, "campaign_version_id"),
    ("public id", Identifier, "campaign_id (what users know), campaign_key (the store's id)"),
    ("put off", Everywhere, "defer, deferred"),
    ("refus*", Everywhere, "reject (verb), error, rejection (noun)"),
    ("remark*", Everywhere, "warning"),
    ("reread", Everywhere, "read again"),
    ("rest", Function, "a verb with an object, such as wait_until_idle"),
    ("retries are spent", Everywhere, "retries are exhausted"),
    ("said", Function, "a verb with an object, such as response_fields"),
    ("sealed", Everywhere, "encrypted, authenticated"),
    ("sealer", Everywhere, "cipher"),
    ("sealing key", Everywhere, "encryption key"),
    ("shelf", Everywhere, "cache"),
    ("shown", Function, "a verb with an object, such as write_table"),
    ("told", Function, "a verb with an object, such as format_error"),
    ("wanted", Function, "a verb with an object, such as missing_names"),
    ("whole number*", Everywhere, "integer"),
    ("written", Function, "a verb with an object, such as format_path"),
    ("yard", Everywhere, "fixtures"),
];

/// What stands around a banned word where it means something else.
const NOT_MEANT: &[(&str, &str)] = &[
    ("is no", "is no longer"),
    ("is no", "is no more"),
    ("is no", "there is no"),
    ("are no", "are no longer"),
    ("are no", "are no more"),
    ("are no", "there are no"),
];

/// Where a word may stand all the same: the start of a path, the word, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("bench/native/src/facebook.rs", "answer", "the answers to the questions of a form"),
    ("bench/native/src/facebook.rs", "answers", "the answers to the questions of a form"),
    ("docs/document.md", "floor 1", "an example of the function `floor`"),
    ("host/store/src/error.rs", "refus*", "an `ErrorKind` of the standard library"),
    ("plugins/default/src/document/schema.rs", "answers", "a field of a sample lead"),
    ("plugins/default/src/functions/list.rs", "answer", "a field of a sample lead"),
    ("plugins/default/src/functions/number.rs", "floor 1", "an example of the function `floor`"),
    ("plugins/default/src/functions/tests/mod.rs", "answer", "a field of a sample lead"),
    ("plugins/default/src/functions/tests/mod.rs", "answers", "a field of a sample lead"),
    ("plugins/default/src/functions/object.rs", "answer", "a field of a sample lead"),
    ("plugins/default/tests/it/functions.rs", "answer", "a field of a sample lead"),
    ("plugins/default/tests/it/functions.rs", "answers", "a field of a sample lead"),
    ("plugins/default/tests/it/used.rs", "answer", "a field of a sample lead"),
    ("plugins/default/tests/it/used.rs", "answers", "a field of a sample lead"),
    ("tests/it/cli.rs", "answers", "a field of a sample lead"),
    ("tests/it/hostile/wasi.rs", "refus*", "an error code of WASI"),
    ("tests/it/words.rs", "*", "the list of the words"),
];

/// Folders and files that are read.
const ROOTS: &[&str] = &[
    "ARCHITECTURE.md",
    "README.md",
    "Cargo.toml",
    "bench",
    "clippy.toml",
    "docs/api.md",
    "docs/bodies.md",
    "docs/dialects.md",
    "docs/erasure.md",
    "docs/first-submission-action.md",
    "docs/lifecycle.md",
    "docs/ping-post.md",
    "docs/plugins.md",
    "docs/posting-guide.md",
    "docs/requirements.md",
    "docs/settings.md",
    "host",
    "crates",
    "plugin-sdk",
    "plugins",
    "wit",
    "docs/document.md",
    "docs/contract.md",
    "tests/fuzz",
    "tests/it",
    "tests/src",
    "xtask",
];

/// Kinds of files whose lines are read as code; all others are sentences.
const CODE: [&str; 3] = ["rs", "py", "sql"];

/// A piece of a line.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// Names and punctuation.
    Code(&'a str),
    /// The inside of a string, or a comment.
    Sentence(&'a str),
}

/// A line of code as its code, strings and comment. A string that goes over several lines is code; its words are read all the same.
fn pieces<'a>(line: &'a str, comments: &[&str]) -> Vec<Piece<'a>> {
    if comments.iter().any(|start| line.trim_start().starts_with(start)) {
        return vec![Piece::Sentence(line)];
    }
    let mut pieces = Vec::new();
    let (mut from, mut is_string, mut is_escaped) = (0, false, false);
    for (at, character) in line.char_indices() {
        let ends_here = match character {
            '"' if !is_escaped => true,
            _ if !is_string => comments.iter().any(|start| start.len() > 1 && line[at..].starts_with(start)),
            _ => false,
        };
        is_escaped = is_string && character == '\\' && !is_escaped;
        if !ends_here {
            continue;
        }
        if character != '"' {
            pieces.push(Piece::Code(&line[from..at]));
            pieces.push(Piece::Sentence(&line[at..]));
            return pieces;
        }
        let piece = &line[from..at];
        pieces.push(if is_string { Piece::Sentence(piece) } else { Piece::Code(piece) });
        (from, is_string) = (at + 1, !is_string);
    }
    let last = &line[from..];
    pieces.push(if is_string { Piece::Sentence(last) } else { Piece::Code(last) });
    pieces
}

/// The words of a text in lower case: `AnswerBody`, `answer_body` and `answer body` are the same two words.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for character in text.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && was_lower) {
            words.push(String::new());
        }
        was_lower = character.is_lowercase() || character.is_ascii_digit();
        if let Some(word) = words.last_mut().filter(|_| character.is_alphanumeric()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn is_word(pattern: &str, word: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == word, |start| word.starts_with(start))
}

/// How often the words of a pattern stand in a row.
fn count(pattern: &str, words: &[String]) -> usize {
    let starts = (0..words.len()).filter(|at| {
        let mut rest = words[*at..].iter();
        pattern.split(' ').all(|part| rest.next().is_some_and(|word| is_word(part, word)))
    });
    starts.count()
}

/// Whether a pattern stands among words where it is meant.
fn is_found(pattern: &str, words: &[String]) -> bool {
    let found = count(pattern, words);
    let around = NOT_MEANT.iter().filter(|(banned, _)| found > 0 && *banned == pattern);
    around.map(|(_, around)| count(around, words)).sum::<usize>() < found
}

/// The names of the functions that a line of code declares.
fn functions(line: &str) -> impl Iterator<Item = &str> {
    let declared = ["fn ", "def "].into_iter().filter_map(|word| Some(line.split_once(word)?.1));
    declared.filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
}

/// The banned words of a line.
fn banned(line: &str, extension: &str) -> Vec<&'static (&'static str, Scope, &'static str)> {
    let comments: &[&str] = match extension {
        "rs" => &["//"],
        "sql" => &["--"],
        _ => &["#"],
    };
    let pieces = if CODE.contains(&extension) { pieces(line, comments) } else { vec![Piece::Sentence(line)] };
    let words: Vec<_> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Code(text) => (Identifier, words(text)),
            Piece::Sentence(text) => (Sentence, words(text)),
        })
        .collect();
    let names: Vec<_> = if CODE.contains(&extension) { functions(line).collect() } else { Vec::new() };
    let is_banned = |&&(pattern, scope, _): &&(&str, Scope, &str)| match scope {
        Function => names.contains(&pattern),
        _ => words.iter().any(|(kind, words)| (scope == Everywhere || scope == *kind) && is_found(pattern, words)),
    };
    BANNED.iter().filter(is_banned).collect()
}

/// A banned word in a file: path, line, the word, and what to use instead.
struct Use {
    path: PathBuf,
    line: usize,
    pattern: &'static str,
    instead: &'static str,
}

/// Every use of a banned word in the repository.
fn uses() -> Vec<Use> {
    let files = ROOTS.iter().flat_map(|root| tree::files(root, &["rs", "py", "sql", "md", "toml", "wit"]));
    let mut uses = Vec::new();
    for (path, text) in files {
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
        for (at, line) in text.lines().enumerate() {
            let found = banned(line, extension).into_iter();
            uses.extend(found.map(|(pattern, _, instead)| Use { path: path.clone(), line: at + 1, pattern, instead }));
        }
    }
    uses
}

fn excuses((start, word, _): &(&str, &str, &str), one: &Use) -> bool {
    one.path.starts_with(start) && (*word == "*" || *word == one.pattern)
}

#[test]
fn banned_words_are_found() {
    let table: [(&str, &str, &[&str]); 22] = [
        ("rs", "let answer_body = read();", &["answer"]),
        ("rs", "struct AnswerBody;", &["answer"]),
        ("rs", "/// The host answers with 202.", &[]),
        ("rs", "let text = \"the host answers\";", &[]),
        ("rs", "let text = \"the key is refused\";", &["refus*"]),
        ("rs", "let text = \"a \\\" b\"; // refused", &["refus*"]),
        ("rs", "fn told(error: &Error) -> String {", &["told"]),
        ("rs", "fn told_by_time() {", &[]),
        ("rs", "let told = format_error();", &[]),
        ("rs", "bail!(\"`{line}` is no digest\")", &["is no"]),
        ("rs", "bail!(\"there is no digest\")", &[]),
        ("rs", "/// It is no longer waited for, and is no digest.", &["is no"]),
        ("rs", "/// It is no longer waited for.", &[]),
        ("rs", "//! Floor 4: every URL.", &["floor 4"]),
        ("rs", "let minimum = mint(1);", &["mint"]),
        ("rs", "let url = \"https://example.com\";", &[]),
        ("md", "A whole number, as JSON has it.", &["whole number*"]),
        ("md", "The answers of a form.", &[]),
        ("md", "Both lists are no lists.", &["are no"]),
        ("py", "def rest(admin):", &["rest"]),
        ("sql", "-- The doors of the host.", &["door*"]),
        ("sql", "decidedBy text not null,", &[]),
    ];
    for (extension, line, expected) in table {
        let found: Vec<&str> = banned(line, extension).into_iter().map(|(pattern, ..)| *pattern).collect();
        assert_eq!(found, expected, "{line}");
    }
}

#[test]
fn no_banned_word_is_used() {
    let uses = uses();
    let unneeded: Vec<_> =
        EXCEPTIONS.iter().filter(|exception| !uses.iter().any(|one| excuses(exception, one))).collect();
    assert!(unneeded.is_empty(), "these exceptions are not needed: {unneeded:?}");
    let bad = uses.iter().filter(|one| !EXCEPTIONS.iter().any(|exception| excuses(exception, one)));
    let bad: Vec<_> =
        bad.map(|one| format!("{}:{}: `{}`: use {}", one.path.display(), one.line, one.pattern, one.instead)).collect();
    assert!(bad.is_empty(), "words that are not used here:\n{}", bad.join("\n"));
}
