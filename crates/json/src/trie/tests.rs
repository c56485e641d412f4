//! One pass finds what following each path finds.

use proptest::prelude::*;

use super::*;
use crate::is_loosely;
use crate::{JsonIndex, Node, text_of};

/// What the steps lead to, followed one by one in a text that was read whole.
fn followed<'s>(root: Node<'s>, steps: &[PathStep]) -> Option<Node<'s>> {
    steps.iter().try_fold(root, |node, step| match step {
        PathStep::Name(name) => node.member(name),
        PathStep::Item(index) => node.item(*index as usize),
        PathStep::Loose(bare) if node.kind() == crate::Kind::Object => {
            node.children().find(|child| is_loosely(&child.name(), bare))
        }
        PathStep::Loose(_) => None,
    })
}

fn name() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "A", "a_b", "aB", "", "é", "É"]).prop_map(str::to_owned)
}

fn step() -> impl Strategy<Value = PathStep> {
    let loose = prop::sample::select(vec!["a", "ab", "c", "é"]).prop_map(|bare| PathStep::Loose(bare.to_owned()));
    prop_oneof![3 => name().prop_map(PathStep::Name), 1 => loose, 1 => (0..3_u32).prop_map(PathStep::Item)]
}

fn json() -> impl Strategy<Value = String> {
    let leaf =
        prop::sample::select(vec!["1", "null", "\"x\"", "\"]\\\"}\"", "true", "[]", "{}"]).prop_map(str::to_owned);
    let member = |inner: BoxedStrategy<String>| {
        (name(), inner, any::<bool>()).prop_map(|(name, value, escaped)| match (escaped, name.as_str()) {
            (true, "a") => format!("\"\\u0061\": {value}"),
            _ => format!("\"{name}\" :{value}"),
        })
    };
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let items = prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(" , ")));
        let members = prop::collection::vec(member(inner.boxed()), 0..5);
        prop_oneof![items, members.prop_map(|members| format!("{{ {} }}", members.join(",")))]
    })
}

proptest! {
    /// M3: one pass finds what following each path finds, whether the rest is kept or skipped.
    #[test]
    fn m3_one_pass_finds_what_paths_find(
        text in json(),
        paths in prop::collection::vec(prop::collection::vec(step(), 0..4), 1..6),
    ) {
        let mut builder = PathTrieBuilder::default();
        let placed: Vec<(&Vec<PathStep>, u16)> =
            paths.iter().filter_map(|steps| Some((steps, builder.add(steps)?))).collect();
        let bytes = builder.to_bytes().unwrap();
        let trie = PathTrie::read(&bytes).unwrap();
        let whole = JsonIndex::parse(&text).unwrap();
        for keep_rest in [true, false] {
            let index = JsonIndex::parse_paths(&text, &trie, keep_rest).unwrap();
            for (steps, path) in &placed {
                let expected = followed(whole.root(), steps).map(|node| text_of(&node.value()));
                let found = index.at_path(*path).map(|node| text_of(&node.value()));
                prop_assert_eq!(found, expected, "{:?} in {}", steps, text);
            }
            if keep_rest {
                prop_assert_eq!(text_of(&index.value()), text_of(&whole.value()));
                prop_assert_eq!(index.duplicate_names(), whole.duplicate_names());
            }
        }
    }

    #[test]
    fn any_bytes_are_a_tree_or_none(bytes: Vec<u8>) {
        if let Some(trie) = PathTrie::read(&bytes) {
            let _ = JsonIndex::parse_paths("{\"a\":[1,{\"b\":2}]}", &trie, false);
        }
    }
}
