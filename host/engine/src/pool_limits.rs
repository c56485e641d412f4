//! Why a component does not fit into the sandbox's pool of instances, in this host's words: the library names bounds that nobody here can
//! set by those names.

use super::limits::Limits;

/// What is too large of a component, and the suggested fix; none where the library's message is about something else.
pub(crate) fn explain(message: &str, limits: &Limits) -> Option<(String, &'static str)> {
    let number_after = |mark: &str| {
        let digits = message.split_once(mark)?.1;
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        (0 < end).then(|| &digits[..end])
    };
    if !message.contains("pooling allocator") {
        return None;
    }
    let Limits { core_instances_max, memories_max, memory_bytes_max, tables_max, table_elements_max, .. } = limits;
    if let Some(count) = number_after("transitively contains ").filter(|_| message.contains("core module instances")) {
        let what = format!("it is made of {count} core module instances; `core_instances_max` is {core_instances_max}");
        return Some((what, "link its parts into one core module, or compose it of fewer components"));
    }
    if let Some(count) = number_after("defined memories count of ") {
        let what = format!("it has {count} linear memories; `memories_max` is {memories_max}");
        return Some((what, "let its modules share one memory"));
    }
    if let Some(bytes) = number_after("minimum byte size of ") {
        let what = format!("its linear memory begins with {bytes} bytes; `memory_bytes_max` is {memory_bytes_max}");
        return Some((what, "build it with a smaller initial memory"));
    }
    if let Some(count) = number_after("defined tables count of ") {
        let what = format!("it has {count} tables; `tables_max` is {tables_max}");
        return Some((what, "let its modules share one table"));
    }
    if let Some(elements) = number_after("minimum element size of ") {
        let what =
            format!("one of its tables begins with {elements} elements; `table_elements_max` is {table_elements_max}");
        return Some((what, "build it with smaller tables"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P2 P3: the bound that was passed is named, and by its name.
    #[test]
    fn p2_a_bound_of_the_pool_is_named_in_our_words() {
        let place = "module memory does not fit in pooling allocator requirements:";
        for (message, expected) in [
            (
                "The component transitively contains 31 core module instances, which exceeds the configured maximum of 30 in the pooling allocator".to_owned(),
                Some("it is made of 31 core module instances; `core_instances_max` is 30"),
            ),
            (
                format!("{place} defined memories count of 5 exceeds the per-instance limit of 4"),
                Some("it has 5 linear memories; `memories_max` is 4"),
            ),
            (
                format!("{place} memory index 0 is unsupported in this pooling allocator configuration: memory has a minimum byte size of 71303168 which exceeds"),
                Some("its linear memory begins with 71303168 bytes; `memory_bytes_max` is 67108864"),
            ),
            (
                format!("{place} defined tables count of 9 exceeds the per-instance limit of 8"),
                Some("it has 9 tables; `tables_max` is 8"),
            ),
            (
                format!("{place} table index 0 has a minimum element size of 100001 which exceeds the limit of 100000"),
                Some("one of its tables begins with 100001 elements; `table_elements_max` is 100000"),
            ),
            ("component imports function `x`, but none was found".to_owned(), None),
        ] {
            let found = explain(&message, &Limits::default()).map(|(what, _)| what);
            assert_eq!(found.as_deref(), expected, "{message}");
        }
    }
}
