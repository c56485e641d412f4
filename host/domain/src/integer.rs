//! Integers as JSON knows them: `2`, `2.0` and `2e0` are the same number, and some clients write the second.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Number;

/// Up to here every integer is exact as a floating-point number.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// The number, if it is an integer and exact however it is written.
pub fn to_integer(number: &Number) -> Option<i64> {
    if let Some(integer) = number.as_i64() {
        return Some(integer);
    }
    let number = number.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= EXACT_MAX)?;
    // An integer within 2^53: nothing is cut off.
    Some(number as i64)
}

/// Reads an integer, for `#[serde(deserialize_with)]`.
pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<i64>>(deserializer: D) -> Result<T, D::Error> {
    convert(&Number::deserialize(deserializer)?)
}

/// Reads an integer or null, for `#[serde(default, deserialize_with)]`.
pub fn deserialize_optional<'de, D: Deserializer<'de>, T: TryFrom<i64>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    Option::<Number>::deserialize(deserializer)?.map(|number| convert(&number)).transpose()
}

fn convert<E: Error, T: TryFrom<i64>>(number: &Number) -> Result<T, E> {
    let out_of_range = || E::custom(format!("must be an integer within its bounds, and this is {number}"));
    T::try_from(to_integer(number).ok_or_else(out_of_range)?).map_err(|_| out_of_range())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_integer_however_it_is_written() {
        let table = [
            ("2", Some(2)),
            ("2.0", Some(2)),
            ("2e0", Some(2)),
            ("20e-1", Some(2)),
            ("-0.0", Some(0)),
            ("-3", Some(-3)),
        ];
        for (text, expected) in table.into_iter().chain([("2.5", None), ("1e400", None), ("9007199254740994.0", None)])
        {
            let number: Number = serde_json::from_str(text).unwrap();
            assert_eq!(to_integer(&number), expected, "{text}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_rejected() {
        #[derive(Debug, serde::Deserialize)]
        struct Asked {
            #[serde(deserialize_with = "super::deserialize")]
            count: u64,
            #[serde(default, deserialize_with = "super::deserialize_optional")]
            more: Option<u64>,
        }
        assert_eq!(serde_json::from_str::<Asked>(r#"{"count": 7.0}"#).unwrap().count, 7);
        let more = |text: &str| {
            serde_json::from_str::<Asked>(&format!("{{\"count\": 1, \"more\": {text}}}")).map(|asked| asked.more)
        };
        assert_eq!((more("2e0").unwrap(), more("null").unwrap()), (Some(2), None));
        assert!(more("-1").is_err() && more("\"1\"").is_err());
        for bad in ["-1", "1.5", "\"1\"", "null", "1e300"] {
            assert!(serde_json::from_str::<Asked>(&format!("{{\"count\": {bad}}}")).is_err(), "{bad}");
        }
    }
}
