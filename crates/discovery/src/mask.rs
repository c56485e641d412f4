//! Examples that show how a value is written and never what it says: whoever reads a table of fields is not to read people in it. Every
//! letter and digit is hidden. The exceptions are a closed list: yes and no in their forms, codes of states and countries under such a
//! key, and the scheme of a URL. What looks like a constant of a program is hidden, too: `HIV_POSITIVE` looks like one.

use super::EXAMPLE_CHARS_MAX;
use super::meaning::Meaning;
use super::shape::Shape;

/// The codes of states, provinces and countries: the United States, Canada, then ISO 3166-1.
const CODES: [&str; 3] = [
    "AL AK AZ AR CA CO CT DE FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT \
     VT VA WA WV WI WY DC PR GU VI AS MP",
    "AB BC MB NB NL NS NT NU ON PE QC SK YT",
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI \
     CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ \
     GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS \
     LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG \
     PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK \
     TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW",
];

/// A value, masked. `meaning` is what its key says that it is.
pub(super) fn mask(text: &str, meaning: Option<Meaning>) -> String {
    let text = text.trim();
    if is_harmless(text, meaning) { text.to_owned() } else { outline(text) }
}

/// The closed list of values that are shown.
fn is_harmless(text: &str, meaning: Option<Meaning>) -> bool {
    match meaning {
        Some(Meaning::State | Meaning::Country) => is_code(text),
        Some(meaning) if meaning.is_somebody() => false,
        _ => Shape::of(text) == Shape::Flag,
    }
}

fn is_code(text: &str) -> bool {
    CODES.iter().any(|codes| codes.split(' ').any(|code| code == text))
}

/// Letters and digits without what they say.
fn outline(text: &str) -> String {
    let scheme = ["https://", "http://"].into_iter().find(|scheme| text.starts_with(scheme)).unwrap_or_default();
    let hidden = |c: char| match c {
        c if c.is_numeric() => '#',
        c if c.is_uppercase() => 'X',
        c if c.is_alphabetic() => 'x',
        c if c.is_ascii_punctuation() || c == ' ' => c,
        c if c.is_whitespace() || c.is_control() => ' ',
        _ => '?',
    };
    // Hidden after it is cut: a long text is not gone through to its end.
    let rest: String = text.chars().skip(scheme.len()).take(EXAMPLE_CHARS_MAX + 1).map(hidden).collect();
    truncate(&format!("{scheme}{rest}"))
}

fn truncate(text: &str) -> String {
    match text.char_indices().nth(EXAMPLE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// M11 O8: nothing that a person wrote or that says something about one is shown, however it is written.
    #[test]
    fn m11_examples_show_how_and_not_what() {
        let long = "x".repeat(32) + "…";
        let table = [
            ("alice@example.com", None, "xxxxx@xxxxxxx.xxx"),
            ("a@b.secret", Some(Meaning::Email), "x@x.xxxxxx"),
            ("+15125550199", None, "+###########"),
            ("(555) 765-4321", None, "(###) ###-####"),
            ("5125550100", Some(Meaning::Phone), "##########"),
            ("Maria del Carmen", None, "Xxxxx xxx Xxxxxx"),
            ("HIV_POSITIVE", None, "XXX_XXXXXXXX"),
            ("JOHN_SMITH", None, "XXXX_XXXXX"),
            ("SECRET_TOKEN", Some(Meaning::Source), "XXXXXX_XXXXX"),
            ("CA", Some(Meaning::State), "CA"),
            ("DE", Some(Meaning::Country), "DE"),
            ("QX", Some(Meaning::State), "XX"),
            ("CA", None, "XX"),
            ("NO", Some(Meaning::LastName), "XX"),
            ("NO", Some(Meaning::Country), "NO"),
            ("true", None, "true"),
            ("Yes", None, "Yes"),
            ("5", None, "#"),
            ("fb", None, "xx"),
            ("1990-05-15", Some(Meaning::DateOfBirth), "####-##-##"),
            ("$12,000", None, "$##,###"),
            ("https://x.example/a?b=c", None, "https://x.xxxxxxx/x?x=x"),
            ("ann://secret", None, "xxx://xxxxxx"),
            ("a\nb", None, "x x"),
            (&"é".repeat(90), None, &long),
        ];
        for (text, meaning, expected) in table {
            assert_eq!(mask(text, meaning), expected, "{text}");
        }
    }

    /// What people and programs write.
    fn any_value() -> impl Strategy<Value = String> {
        prop_oneof![
            "\\PC{0,60}",
            "[A-Z]{1,9}(_[A-Z]{1,9}){0,3}",
            "[a-z.]{1,9}@[a-z]{1,9}\\.[a-z]{2,9}",
            "\\+?[0-9 ()-]{1,16}",
            "https?://[a-z]{1,9}\\.example/[a-z0-9?=]{0,12}",
            "[A-Za-z]{1,3}",
            "\\p{Lu}\\p{Ll}{1,9} \\p{Lu}\\p{Ll}{1,9}",
        ]
    }

    fn any_meaning() -> impl Strategy<Value = Option<Meaning>> {
        use Meaning::{Country, Email, FullName, Phone, Source, State, Tags};
        prop::option::of(prop::sample::select(vec![Country, Email, FullName, Phone, Source, State, Tags]))
    }

    proptest! {
        /// M11: no letter and no digit of a value is to be read in its example, unless it is of the closed list.
        #[test]
        fn m11_nothing_is_shown_but_the_closed_list(text in any_value(), meaning in any_meaning()) {
            let shown = mask(&text, meaning);
            prop_assert!(shown.chars().count() <= EXAMPLE_CHARS_MAX + 1);
            let is_listed = is_code(&shown) || Shape::of(&shown) == Shape::Flag;
            let rest = shown.trim_start_matches("https://").trim_start_matches("http://");
            let is_hidden = rest.chars().all(|c| !c.is_alphanumeric() || c == 'x' || c == 'X');
            prop_assert!(is_listed || is_hidden, "{text} as {shown}");
        }
    }
}
