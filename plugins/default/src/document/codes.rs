//! Every code of a diagnostic, what it means, and how it is usually fixed. A stable list: tools may look at it.

/// One code.
pub struct Code {
    /// The code.
    pub name: &'static str,
    /// Whether it is a warning, which lets the document be used.
    pub is_warning: bool,
    /// What it means.
    pub about: &'static str,
    /// What to do.
    pub hint: &'static str,
}

const fn error(name: &'static str, about: &'static str, hint: &'static str) -> Code {
    Code { name, is_warning: false, about, hint }
}

const fn warning(name: &'static str, about: &'static str, hint: &'static str) -> Code {
    Code { name, is_warning: true, about, hint }
}

/// Whether a code stands in the table.
pub fn is_known(name: &str) -> bool {
    CODES.iter().any(|code| code.name == name)
}

/// All codes, in the order of the alphabet.
pub const CODES: [Code; 46] = [
    error("alias", "An alias of YAML (`*name`).", "Write the value out."),
    warning("always_true", "A rule that every lead passes.", "Remove it, or say what you mean."),
    error("bad_content_type", "A text that is not a content type.", "Write it like `text/xml; charset=utf-8`."),
    error("bad_field_name", "A text that is not the name of a field.", "Give the custom field a name: `custom.age`."),
    error(
        "bad_format",
        "A date format that can't be read or written, or that leaves the day open.",
        "Use the tokens of this page.",
    ),
    error("bad_header", "A text that is not the name of a header.", "Use letters, digits and `-`."),
    error("bad_key", "A key of YAML that is not text.", "Write a name before the colon."),
    error(
        "bad_moment",
        "A text that is not a date, time or distance from now.",
        "Write it like `2026-01-31`, `now`, or `-30d`.",
    ),
    error("bad_name", "A text that is not the name of a value set or a variable.", "Write it as it was created."),
    error(
        "bad_path",
        "A path that can't be read, or that points at what is not there at this stage.",
        "See the paths of the stage.",
    ),
    error(
        "bad_pattern",
        "A text that is not a regular expression, or one that does not run in linear time.",
        "No look-around, no references back.",
    ),
    error("bad_template", "A template with a place that is not a path.", "Write places like `{{ email }}`."),
    error(
        "bad_xml_name",
        "A text that is not the name of an XML element or attribute.",
        "Letters, digits, `_`, `-`, `.`; `@name` is an attribute.",
    ),
    error("circular_variables", "Variables that need each other.", "Make one of them of keys of the element alone."),
    error("duplicate_field", "Two names of one field.", "Remove one of them."),
    error("duplicate_key", "A key that stands twice in one map.", "Remove one of them."),
    warning("duplicate_rule", "The same rule once more.", "Remove it."),
    error("empty", "An empty list or text where something is needed.", "Put something in, or remove the key."),
    error("empty_range", "A range in which no number lies.", "`below` must be above `from`."),
    error("missing_argument", "A function without an argument that it needs.", "Add it; the message shows how."),
    error("missing_key", "A map without a key that it needs.", "Add it."),
    error(
        "misspelt_field",
        "A custom field that is written like a standard one.",
        "Write the standard name, or `custom.name`.",
    ),
    warning(
        "near_standard_field",
        "A custom field that is called nearly like a standard one.",
        "Write the standard name, or `custom.name`.",
    ),
    error("not_json", "The text begins like JSON but is not JSON.", "Fix the place that is named."),
    error("not_yaml", "The text is not YAML.", "Fix the place that is named; quote what has a colon in it."),
    error(
        "one_source",
        "None or several of `from`, `template` and `value`.",
        "Keep one; alternatives are `from: [a, b]`.",
    ),
    error("reserved_header", "A header that the host sets.", "Remove it."),
    error("second_document", "A second YAML document in the text.", "Keep one."),
    warning(
        "sent_verbatim",
        "A text that looks like a path or a template, or a map that looks like a recipe or has a condition beside its members, taken as it stands.",
        "Write what the message shows, or keep it if it is meant.",
    ),
    error("tag", "A tag of YAML (`!name`).", "Remove it; quote what is a text."),
    error("too_deep", "Nested deeper than the bound that is named.", "Do it in fewer levels."),
    error("too_large", "Larger than the bound that is named.", "Shorten it; long tables belong into value sets."),
    error("too_many", "More than the bound that is named.", "Leave some out; long lists belong into value sets."),
    error("unexpected_argument", "A key or argument that means nothing beside the others.", "Remove it."),
    error("unknown_function", "A function that does not exist.", "See the functions."),
    error("unknown_key", "A key that means nothing at this place.", "See the keys of the place."),
    error(
        "unknown_region",
        "A text that is not a region with phone numbers.",
        "Use a code of ISO 3166-1 such as `US`.",
    ),
    error(
        "unknown_variable",
        "A path `variables.x` to a variable that the document does not define, or where there is none.",
        "Define it under `variables` of `map`.",
    ),
    error("unknown_version", "A version of documents that this plugin does not know.", "Write `version: 1`."),
    error("unknown_word", "A word that is not one of those that are possible.", "Take one of those in the message."),
    error(
        "unknown_zone",
        "A text that is not a name in the IANA Time Zone Database.",
        "Write a name such as `America/New_York`.",
    ),
    error(
        "unreachable",
        "A rule that no lead passes, or an outcome that no response reaches.",
        "Remove it, or change the order.",
    ),
    warning("unused_variable", "A variable that nothing uses.", "Use it in a field, or remove it."),
    error(
        "used_before_defined",
        "A path `fields.x` in `map` to a field that is defined later, or never.",
        "Put that field before this one.",
    ),
    error(
        "wrong_kind",
        "A function that can't work on what the one before it makes.",
        "Put `first` between them, or change the order.",
    ),
    error("wrong_type", "A value of a type that does not fit here.", "Write what the message names."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m2_the_codes_are_in_order_and_say_something() {
        assert!(CODES.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(CODES.iter().all(|code| code.about.ends_with('.') && code.hint.ends_with('.')));
    }
}
