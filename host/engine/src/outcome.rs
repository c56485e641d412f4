//! What a plugin says a response means, checked before anyone trusts it (M9): the verdict counts, and whatever else can't be used is cut or
//! left out with a warning. A plugin that writes a price badly has still said that the client rejected the lead.

use hookmill_decimal::{Decimal, NUMBER_DIGITS_MAX, ParseError};

use super::contract_types::{Outcome, Warning};
use super::limits::Limits;

/// Characters that are kept of a reason, of a rule's name and of a warning: they go into events and into the log of attempts.
const TEXT_CHARS_MAX: usize = 1_000;
/// Bytes of a client's own id for a lead. A longer one is left out: a part of it would be another one.
const REFERENCE_BYTES_MAX: usize = 1_000;
/// Warnings of one outcome; the rest is left out.
const WARNINGS_MAX: usize = 20;
/// Characters of a plugin's text that a warning quotes.
const QUOTED_CHARS_MAX: usize = 80;

/// Leaves out of an outcome what can't be used, and says so in its warnings. Its kind stays.
pub(crate) fn leave_out_unusable(outcome: &mut Outcome, limits: &Limits) {
    let mut left_out = Vec::new();
    let more = outcome.warnings.len().saturating_sub(WARNINGS_MAX);
    outcome.warnings.truncate(WARNINGS_MAX);
    if 0 < more {
        left_out.push(warning("warnings", format!("{more} more are left out, {WARNINGS_MAX} are kept (WARNINGS_MAX)")));
    }
    for Warning { code, path, message } in &mut outcome.warnings {
        [code, path, message].into_iter().for_each(cut);
    }
    outcome.reason.iter_mut().for_each(cut);
    outcome.rule.iter_mut().for_each(cut);
    let mut keep = |part: &str, text: Option<String>, read: &dyn Fn(String) -> Result<String, String>| {
        let read = text.map(read)?;
        read.map_err(|why| left_out.push(warning(part, format!("the {part} is left out: {why}")))).ok()
    };
    outcome.price = keep("price", outcome.price.take(), &read_price);
    outcome.reference = keep("reference", outcome.reference.take(), &read_reference);
    outcome.trace = keep("trace", outcome.trace.take(), &|trace| read_trace(trace, limits));
    outcome.warnings.append(&mut left_out);
}

fn warning(path: &str, message: String) -> Warning {
    Warning { code: "part_left_out".into(), path: path.into(), message }
}

fn cut(text: &mut String) {
    if let Some((end, _)) = text.char_indices().nth(TEXT_CHARS_MAX) {
        text.truncate(end);
    }
}

/// The number without an exponent, every digit kept.
fn read_price(text: String) -> Result<String, String> {
    Decimal::parse(&text).map(|number| number.digits()).map_err(|error| {
        let quoted = quote(&text);
        match error {
            ParseError::NotANumber => format!("{quoted} is not a decimal number"),
            ParseError::TooLong => {
                format!(
                    "{quoted} has more than {NUMBER_DIGITS_MAX} digits before or after the point (NUMBER_DIGITS_MAX)"
                )
            }
        }
    })
}

fn read_reference(text: String) -> Result<String, String> {
    let bytes = text.len();
    if bytes <= REFERENCE_BYTES_MAX {
        return Ok(text);
    }
    Err(format!("{} has {bytes} bytes, at most {REFERENCE_BYTES_MAX} are kept (REFERENCE_BYTES_MAX)", quote(&text)))
}

fn read_trace(text: String, limits: &Limits) -> Result<String, String> {
    let (bytes, bytes_max) = (text.len(), limits.output_item_bytes_max);
    if bytes_max < bytes {
        return Err(format!("it has {bytes} bytes, at most {bytes_max} are allowed (output_item_bytes_max)"));
    }
    match hookmill_json::check(&text, limits.output_json_depth_max) {
        Ok(()) => Ok(text),
        Err(error) => Err(format!("it is not valid JSON at byte {}: {}", error.offset, error.message)),
    }
}

/// The start of a plugin's text, for a message.
fn quote(text: &str) -> String {
    format!("{:?}", text.chars().take(QUOTED_CHARS_MAX).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::super::contract_types::OutcomeKind;
    use super::*;
    use proptest::prelude::*;

    fn outcome() -> Outcome {
        Outcome {
            kind: OutcomeKind::Rejected,
            reason: Some("out of area".into()),
            reference: Some("L-7".into()),
            price: Some("1.10".into()),
            retry_after_ms: Some(5),
            rule: Some("interpret.outcomes[0]".into()),
            warnings: Vec::new(),
            trace: Some(r#"{"rules":[]}"#.into()),
        }
    }

    fn checked(mut outcome: Outcome) -> Outcome {
        leave_out_unusable(&mut outcome, &Limits { output_item_bytes_max: 10_000, ..Limits::default() });
        outcome
    }

    /// M9: what is as it should be stays as it is.
    #[test]
    fn m9_a_good_outcome_stays() {
        assert_eq!(format!("{:?}", checked(outcome())), format!("{:?}", outcome()));
    }

    /// M9: a price is any decimal number, and keeps its digits; an exponent is read.
    #[test]
    fn m9_a_price_is_read_however_it_is_written() {
        for (text, expected) in [
            ("0", "0"),
            ("0E-2", "0.00"),
            ("1e-1", "0.1"),
            ("1.25e1", "12.5"),
            ("1e2", "100"),
            ("-1.50", "-1.50"),
            ("12345678901234567890.0001", "12345678901234567890.0001"),
        ] {
            let found = checked(Outcome { price: Some(text.into()), ..outcome() });
            assert_eq!((found.price.as_deref(), found.warnings.len()), (Some(expected), 0), "{text}");
        }
        let long = ["9".repeat(101), format!("0.{}", "9".repeat(101)), "9".repeat(150)];
        let odd = ["", "-", "1.", ".5", "1,5", "NaN", "1.2.3", "--1", "1e999999999", "$5"];
        for text in odd.into_iter().chain(long.iter().map(String::as_str)) {
            let found = checked(Outcome { price: Some(text.into()), ..outcome() });
            assert_eq!((found.price.as_deref(), found.warnings.len()), (None, 1), "{text}");
            assert_eq!((found.warnings[0].path.as_str(), found.kind), ("price", OutcomeKind::Rejected), "{text}");
        }
    }

    /// M9: a reason is cut at its bound; a reference is kept whole or not at all.
    #[test]
    fn m9_what_is_kept_of_an_outcome_is_bounded() {
        let long = "é".repeat(2_000);
        let found = checked(Outcome { reason: Some(long.clone()), reference: Some(long.clone()), ..outcome() });
        assert_eq!(found.reason.map(|reason| reason.chars().count()), Some(TEXT_CHARS_MAX));
        assert_eq!((found.reference, found.price.as_deref()), (None, Some("1.10")));
        assert!(found.warnings[0].message.contains("REFERENCE_BYTES_MAX"), "{:?}", found.warnings);
        let odd = Warning { code: "odd".into(), path: "a".into(), message: long };
        let found = checked(Outcome { warnings: vec![odd; 1_000], ..outcome() });
        assert_eq!(found.warnings.len(), WARNINGS_MAX + 1);
        assert_eq!(found.warnings[0].message.chars().count(), TEXT_CHARS_MAX);
        assert_eq!(found.warnings[WARNINGS_MAX].message, "980 more are left out, 20 are kept (WARNINGS_MAX)");
    }

    /// One part that can't be used, or can.
    fn spoilt() -> impl Strategy<Value = (&'static str, Outcome)> {
        let texts = prop_oneof![any::<String>(), "[0-9eE.+-]{0,12}", Just("x".repeat(20_000)), Just("[".repeat(200))];
        let kinds = prop_oneof![
            Just(OutcomeKind::Accepted),
            Just(OutcomeKind::Rejected),
            Just(OutcomeKind::Duplicate),
            Just(OutcomeKind::Retry),
            Just(OutcomeKind::Failed)
        ];
        let parts =
            prop::sample::select(vec!["reason", "reference", "price", "retry_after", "rule", "trace", "warnings"]);
        (kinds, parts, texts, any::<u64>(), 0_usize..2_000).prop_map(|(kind, part, text, number, count)| {
            let good = Outcome { kind, ..outcome() };
            let spoilt = match part {
                "reason" => Outcome { reason: Some(text), ..good },
                "reference" => Outcome { reference: Some(text), ..good },
                "price" => Outcome { price: Some(text), ..good },
                "retry_after" => Outcome { retry_after_ms: Some(number), ..good },
                "rule" => Outcome { rule: Some(text), ..good },
                "trace" => Outcome { trace: Some(text), ..good },
                _ => {
                    let odd = Warning { code: text.clone(), path: text.clone(), message: text };
                    Outcome { warnings: vec![odd; count], ..good }
                }
            };
            (part, spoilt)
        })
    }

    proptest! {
        /// M9 P3: whatever is wrong beside the verdict, the verdict and the other parts are what they are without it.
        #[test]
        fn m9_no_bad_part_changes_the_verdict((part, spoilt) in spoilt()) {
            let limits = Limits { output_item_bytes_max: 10_000, ..Limits::default() };
            let mut result = Ok(Some(spoilt.clone()));
            let checked = super::super::output::check(&mut result, super::super::fault::Phase::Interpret, &limits);
            prop_assert!(checked.is_ok(), "{checked:?}");
            let found = result.unwrap().unwrap();
            prop_assert_eq!(found.kind, spoilt.kind);
            let parts = |outcome: &Outcome| {
                let Outcome { reason, reference, price, retry_after_ms, rule, trace, .. } = outcome.clone();
                [("reason", reason), ("reference", reference), ("price", price), ("rule", rule), ("trace", trace),
                    ("retry_after", retry_after_ms.map(|ms| ms.to_string()))]
            };
            for ((name, found), (_, good)) in parts(&found).into_iter().zip(parts(&outcome())) {
                prop_assert!(name == part || found == good, "{} changed with {}", name, part);
            }
            let bytes: usize = parts(&found).iter().filter_map(|(_, text)| text.as_ref()).map(String::len).sum();
            prop_assert!(bytes <= 10_000 + 4 * 4 * TEXT_CHARS_MAX);
            prop_assert!(found.warnings.len() <= WARNINGS_MAX + 1);
        }
    }
}
