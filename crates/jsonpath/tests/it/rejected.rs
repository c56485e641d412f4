//! Texts that are not queries: each is message where and with a suggested fix.

use hookmill_jsonpath::parse;

/// A text, the column of the error, and a part of its message or its suggested fix.
type Case = (&'static str, usize, &'static str);

fn check(section: &str, cases: &[Case]) {
    for (text, column, part) in cases {
        let Err(error) = parse(text) else { panic!("{section}: {text} is taken") };
        let message = format!("{error} | {}", error.hint.as_deref().unwrap_or_default());
        assert_eq!(error.column, *column, "{section}: {text}: {message}");
        assert!(message.contains(part), "{section}: {text}: {message}");
    }
}

#[test]
fn m3_rfc_2_1_what_is_not_well_formed() {
    check(
        "2.1",
        &[
            ("", 1, "begins with `$`"),
            ("a", 1, "begins with `$`"),
            (" $", 1, "begins with `$`"),
            ("$ ", 2, "remove the space behind the path"),
            ("$.a\n", 4, "remove the space behind the path"),
            ("$a", 2, "`a` can't follow"),
            ("$.", 3, "a name should be here, not the end"),
            ("$..", 4, "a name should be here"),
            ("$...a", 4, "a dot too many"),
            ("$. a", 3, "remove the space behind the dot"),
            ("$.. a", 4, "remove the space behind the dot"),
            ("$.'a'", 3, "needs brackets"),
            ("$.[0]", 3, "remove the dot"),
            ("$.1a", 3, "['1a']"),
            ("$.-", 3, "['-']"),
            ("$.first-name", 8, "need quotes"),
            ("$.é-", 4, "need quotes"),
            ("$.a]", 4, "closes nothing"),
            ("$[", 3, "`[?@.type == 'home']`"),
            ("$[0", 2, "add the `]`"),
            ("$[]", 3, "a selector should be here"),
            ("$[,0]", 3, "a selector should be here"),
            ("$[0,]", 5, "a selector should be here"),
            ("$[0 1]", 5, "commas between them"),
            ("$[a]", 3, "['a']"),
            ("$[first-name]", 3, "['first-name']"),
            ("$[@.a]", 3, "a filter begins with `?`"),
            ("$[(@.length-1)]", 3, "`[-1]`"),
            ("$[$.a]", 3, "can't come from the data"),
            ("$[**]", 4, "`]` or a comma"),
            ("$.**", 4, "`*` can't follow"),
        ],
    );
}

#[test]
fn m3_rfc_2_3_1_texts_that_are_none() {
    check(
        "2.3.1",
        &[
            ("$['a", 3, "not closed"),
            ("$['a\\", 5, "add the quote"),
            ("$['a\"]", 3, "not closed"),
            ("$['\t']", 4, r"`\u0009`"),
            ("$['é\u{0}']", 5, r"`\u0000`"),
            (r#"$['\"']"#, 4, "quotes of its own kind"),
            (r#"$["\'"]"#, 4, "quotes of its own kind"),
            (r"$['\a']", 4, r"`\\`"),
            (r"$['\x41']", 4, r"`\x` is not an escape"),
            (r"$['\U0041']", 4, r"`\U` is not an escape"),
            (r"$['\u{41}']", 4, "four hexadecimal digits"),
            (r"$['\u00g0']", 4, "four hexadecimal digits"),
            (r"$['\u004", 4, "four hexadecimal digits"),
            (r"$['\ud83d']", 4, "both halves"),
            (r"$['a\ude00']", 5, "both halves"),
            (r"$['\ude00\ud83d']", 4, "both halves"),
            (r"$['\ud83d\u0041']", 4, "both halves"),
            (r"$['\ud83d\n']", 4, "both halves"),
        ],
    );
}

#[test]
fn m3_rfc_2_3_3_and_2_3_4_numbers_that_are_none() {
    check(
        "2.3.3",
        &[
            ("$[01]", 3, "leading zeros"),
            ("$[-0]", 3, "`-1` for the last"),
            ("$[-01]", 3, "leading zeros"),
            ("$[-]", 4, "digits must follow"),
            ("$[- 1]", 4, "digits must follow"),
            ("$[+1]", 3, "remove the `+`"),
            ("$[1.0]", 4, "integer"),
            ("$[1e2]", 4, "integer"),
            ("$[9007199254740992]", 3, "at most 9007199254740991"),
            ("$[-9007199254740992]", 3, "at most 9007199254740991"),
            ("$[99999999999999999999999]", 3, "at most 9007199254740991"),
            ("$[0:9007199254740992]", 5, "at most"),
            ("$[::9007199254740992]", 5, "at most"),
            ("$[1:02]", 5, "leading zeros"),
            ("$[::-0]", 5, "`-0` is not an index"),
            ("$[1:2:3:4]", 8, "`]` or a comma"),
            ("$[1:a]", 5, "`]` or a comma"),
            ("$[:'a']", 4, "`]` or a comma"),
        ],
    );
}

#[test]
fn m3_rfc_2_3_5_conditions_that_are_none() {
    check(
        "2.3.5",
        &[
            ("$[?]", 4, "a value or a path"),
            ("$[?@.a", 2, "add the `]`"),
            ("$?@.a", 2, "`?` can't follow"),
            ("$[?@.a = 1]", 8, "write `==`"),
            ("$[?@.a === 1]", 10, "write `==` or `!=`"),
            ("$[?@.a =~ 'x']", 8, "match(@.a"),
            ("$[?@.a & @.b]", 8, "write `&&`"),
            ("$[?@.a | @.b]", 8, "write `||`"),
            ("$[?@.a and @.b]", 8, "write `&&`"),
            ("$[?@.a or @.b]", 8, "write `||`"),
            ("$[?@.a in ['x']]", 8, "compare with each"),
            ("$[?@.a &&]", 10, "a value or a path"),
            ("$[?|| @.a]", 4, "a value or a path"),
            ("$[?@.a == ]", 11, "a value or a path"),
            ("$[?@.a == home]", 11, "`'home'`"),
            ("$[?type == 'home']", 4, "`@.type`"),
            ("$[?@.first-name == 'x']", 11, "`@['a key']`"),
            ("$[?@.a == True]", 11, "write `true`"),
            ("$[?@.a == NULL]", 11, "write `null`"),
            ("$[?@.a == [1]]", 11, "can't be written here"),
            ("$[?@.a == {}]", 11, "can't be written here"),
            ("$[?@.a == 01]", 11, "a zip code needs quotes"),
            ("$[?@.a == 1.]", 13, "digits must follow the dot"),
            ("$[?@.a == .5]", 11, "a number with a digit"),
            ("$[?@.a == 1e]", 13, "digits must follow the `e`"),
            ("$[?@.a == +1]", 11, "remove the `+`"),
            ("$[?@.a == 1 == 2]", 13, "join comparisons"),
            ("$[?true]", 4, "compare it"),
            ("$[?'a']", 4, "compare it"),
            ("$[?@.a && 1]", 11, "compare it"),
            ("$[?!1]", 5, "compare it"),
            ("$[?!@.a == 1]", 5, "`!(@.a == 1)`"),
            ("$[?!!@.a]", 5, "a value or a path"),
            ("$[?(@.a) == 1]", 9, "remove the parentheses"),
            ("$[?1 == (@.a)]", 9, "can't be compared"),
            ("$[?(@.a]", 8, "`)`, `&&` or `||`"),
            ("$[?(@.a", 4, "add the `)`"),
            ("$[?()]", 5, "a value or a path"),
            ("$[?@.a)]", 7, "`]` or a comma"),
            ("$[?@.* == 1]", 4, "`value(@.*)`"),
            ("$[?1 == $..a]", 9, "`count($..a)`"),
            ("$[?@[0,1] == 1]", 4, "several values"),
            ("$[?@[0:1] == 1]", 4, "several values"),
            ("$[?@[?@.a] == 1]", 4, "several values"),
        ],
    );
}

#[test]
fn m3_rfc_2_4_functions_that_are_not_well_typed() {
    check(
        "2.4.3",
        &[
            ("$[?lenght(@.a) == 1]", 4, "did you mean `length`?"),
            ("$[?Length(@.a) == 1]", 4, "there is no function"),
            ("$[?length (@.a) == 1]", 4, "right behind its name"),
            ("$[?length(@.a)]", 4, "must be compared"),
            ("$[?!length(@.a)]", 5, "must be compared"),
            ("$[?length() == 1]", 4, "takes one argument"),
            ("$[?length(@.a, @.b) == 1]", 4, "takes one argument"),
            ("$[?length(@.*) == 1]", 11, "`value(...)`"),
            ("$[?length(@.a == 1) == 1]", 15, "never a condition"),
            ("$[?length(!@.a) == 1]", 11, "nor be the argument"),
            ("$[?length((@.a)) == 1]", 11, "nor be the argument"),
            ("$[?length(match(@.a, 'x')) == 1]", 11, "true or false"),
            ("$[?length(@.a,) == 1]", 15, "a value or a path"),
            ("$[?length(@.a == 1]", 15, "`)` or a comma"),
            ("$[?count(1) == 1]", 10, "takes a path"),
            ("$[?count(length(@.a)) == 1]", 10, "takes a path"),
            ("$[?count(@.*)]", 4, "must be compared"),
            ("$[?value(@.a)]", 4, "must be compared"),
            ("$[?value('a') == 1]", 10, "takes a path"),
            ("$[?match(@.a) == 1]", 4, "takes two arguments"),
            ("$[?match(@.a, 'x', 'y')]", 4, "takes two arguments"),
            ("$[?match(@.a, 'x') == true]", 4, "can't be compared"),
            ("$[?true == search(@.a, 'x')]", 12, "can't be compared"),
            ("$[?match(@.*, 'x')]", 10, "several values"),
            // A decision of ours: what the data says is never built as a pattern, and what is not text is not a pattern.
            ("$[?match(@.a, @.b)]", 15, "patterns from the data are not used"),
            ("$[?search(@.a, value($.b))]", 16, "patterns from the data are not used"),
            ("$[?match(@.a, 1)]", 15, "a text in quotes"),
        ],
    );
}

#[test]
fn m3_rfc_9485_patterns_that_are_none() {
    for (pattern, part) in [
        (r"\\d+", "write `[0-9]`"),
        (r"\\w", "write `[A-Za-z0-9_]`"),
        (r"\\s", r"write `[ \t\n\r]`"),
        (r"\\bword", "say which characters"),
        (r"\\$", "write `[$]`"),
        (r"\\/", "write `/` without the backslash"),
        (r"a\\", "ends with a backslash"),
        ("(a", "add the `)`"),
        ("a)", r"write `\)`"),
        ("(?:a)", "a group only groups"),
        ("(?i)a", "a group only groups"),
        ("a*?", "lazy"),
        ("a**", "nothing before `*`"),
        ("*a", "nothing before `*`"),
        ("(|+)", "nothing before `+`"),
        ("a{", "write `{2}`"),
        ("a{x}", "write `{2}`"),
        ("a{,3}", "write `{2}`"),
        ("a{3,2}", "error order"),
        ("a{1001}", "at most 1000"),
        ("{2}", "nothing before `{`"),
        ("a{2}{2}", "nothing before `{`"),
        ("a}", r"write `\}`"),
        ("a]", r"write `\]`"),
        ("[a", "add the `]`"),
        ("[]", "nothing in it"),
        ("[^]", "nothing in it"),
        ("[a[b]", r"write `\[`"),
        ("[z-a]", "write `a-z`"),
        ("[a-b-c]", r"write `\-`"),
        ("[a--]", r"write `\-`"),
        (r"[\\d]", "write `[0-9]`"),
        (r"\\p{Latin}", "no such category"),
        (r"\\p{L", "no such category"),
        (r"\\pL", "no such category"),
        (r"\\p{}", "no such category"),
        ("((((((((((((((((((a))))))))))))))))))", "nested more than 16"),
        ("(a{1000}){1000}", "make it shorter"),
    ] {
        let text = format!("$[?match(@, '{pattern}')]");
        let Err(error) = parse(&text) else { panic!("{text} is taken") };
        let message = format!("{error} | {}", error.hint.as_deref().unwrap_or_default());
        assert!(error.column == 13 && message.contains(part), "{pattern}: {message}");
    }
}
