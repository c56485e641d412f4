//! Numbers out of what people write, and exact arithmetic.

use hookmill_decimal::{Decimal, ParseError, Rounding, TooLong};
use hookmill_json::Value;

use super::call::Call;
use super::error::{FunctionError, quote};
use super::limits::{DECIMALS_MAX, NUMBER_DIGITS_MAX};
use super::spec::{ArgumentKind, EmptyInput, Kind, Lists, Parameter, Run, Spec, example, required, usually};
use super::written::{Part, Style, find_reading, range, read};

const DECIMAL: Parameter = usually(
    "decimal",
    ArgumentKind::Word(&[".", ","]),
    "'.'",
    "the mark before the decimals; the other one, a space or an apostrophe may part thousands, a comma lakhs and crores, too",
);

const SUFFIXES: Parameter = usually(
    "suffixes",
    ArgumentKind::Flag,
    "false",
    "whether letters and words behind a number stand for zeros, as in `20k`, `1.5 Mio.` and `2 lakh`",
);

const ROUNDINGS: [&str; 5] = ["half_up", "half_even", "down", "up", "cut"];

const ROUNDING: Parameter = usually(
    "rounding",
    ArgumentKind::Word(&ROUNDINGS),
    "half_up",
    "half_up (2.5 is 3, -2.5 is -3), half_even (2.5 is 2), down, up, or cut (towards zero)",
);

/// A function from a number to a number. Text that is written like a number is taken as one, a blank text stays as it is.
const NUMBER: Spec = Spec {
    takes: Kind::Number,
    gives: Kind::Number,
    lists: Lists::Rejected,
    on_empty: EmptyInput::of(["missing", "null", "\"\"", "0", "wrong_type", "wrong_type"]),
    errors: &[
        ("not_a_number", "the value is not a number, and no text that is written like one"),
        ("number_too_long", "a number has more digits than NUMBER_DIGITS_MAX"),
    ],
    ..Spec::USUAL
};

const ARITHMETIC: Spec = Spec {
    errors: &[
        ("not_a_number", "the value or the other number is not a number"),
        ("no_operand", "there is no other number at the path"),
        ("number_too_long", "a number has more digits than NUMBER_DIGITS_MAX"),
    ],
    ..NUMBER
};

/// The functions of this group.
pub const FUNCTIONS: &[Spec] = &[
    Spec {
        name: "number",
        summary: "Reads a number as people write it, with a currency and marks between thousands; anything else is rejected.",
        takes: Kind::Text,
        parameters: &[DECIMAL, SUFFIXES],
        errors: &[
            ("not_a_number", "the text is not one number and nothing else"),
            ("number_too_long", "the number has more digits than NUMBER_DIGITS_MAX"),
        ],
        examples: &[
            example("number", r#""$12,000""#, "12000"),
            example("number", r#"" 1,234.50 USD""#, "1234.50"),
            example("{number: {decimal: ','}}", r#""1.234,56 €""#, "1234.56"),
            example("number", r#""₹ 1,20,000.50""#, "120000.50"),
            example("number", r#""−١٢٣٤""#, "-1234"),
            example("{number: {suffixes: true}}", r#""$12.5k""#, "12500"),
            example("{number: {suffixes: true}}", r#""1.5 crore""#, "15000000"),
            example("number", r#""12.5k""#, "not_a_number"),
            example("number", r#""Unit 5""#, "not_a_number"),
            example("number", r#""1,2""#, "not_a_number"),
            example("number", r#""12.5 %""#, "not_a_number"),
            example("number", r#""(50)""#, "not_a_number"),
            example("number", "1.50", "1.50"),
        ],
        run: Run::Value(number),
        ..NUMBER
    },
    Spec {
        name: "range",
        summary: "Takes an end or the middle of a range such as `100-200`, `10+` or `under 50`; a single number is a range, too.",
        takes: Kind::Text,
        parameters: &[
            required("part", ArgumentKind::Word(&["min", "max", "avg"]), "the lower end, the upper end or the middle"),
            DECIMAL,
            SUFFIXES,
        ],
        errors: &[
            ("not_a_range", "the text is neither a range nor a number, reads two ways, or names two currencies"),
            ("number_too_long", "a number has more digits than NUMBER_DIGITS_MAX"),
        ],
        examples: &[
            example("{range: min}", r#""$100 - $200""#, "100"),
            example("{range: avg}", r#""100-201""#, "150.5"),
            example("{range: max}", r#""10+""#, "missing"),
            example("{range: {part: max, suffixes: true}}", r#""under 50k""#, "50000"),
            example("{range: {part: min, suffixes: true}}", r#""20-30k""#, "20000"),
            example("{range: {part: min, suffixes: true}}", r#""500-2k""#, "500"),
            example("{range: {part: min, suffixes: true}}", r#""$1 - $2k""#, "not_a_range"),
            example("{range: min}", r#""200-100""#, "not_a_range"),
            example("{range: min}", r#""$100 - €200""#, "not_a_range"),
            example("{range: {part: min, decimal: ','}}", "1.234", "1.234"),
        ],
        run: Run::Value(|value, call| {
            let part = [Part::Min, Part::Max, Part::Avg].get(call.word(0)).copied().unwrap_or(Part::Avg);
            on_written(value, call, |text| Ok(range(text, part, style(call, 1))?.map(number_value)))
        }),
        ..NUMBER
    },
    Spec {
        name: "add",
        summary: "Adds a number.",
        parameters: &[required("number", ArgumentKind::Operand, "the number, or a path to one")],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "0.1", "wrong_type", "wrong_type"]),
        examples: &[example("{add: 0.1}", "0.2", "0.3"), example("{add: quantity}", r#""-1""#, "2")],
        run: Run::Number(|number, call| Ok(number_value(number.plus(&operand(call, 0)?)?))),
        ..ARITHMETIC
    },
    Spec {
        name: "subtract",
        summary: "Takes a number away.",
        parameters: &[required("number", ArgumentKind::Operand, "the number, or a path to one")],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "-1", "wrong_type", "wrong_type"]),
        examples: &[example("{subtract: 1}", "0.5", "-0.5"), example("{subtract: beta}", "1", "not_a_number")],
        run: Run::Number(|number, call| Ok(number_value(number.minus(&operand(call, 0)?)?))),
        ..ARITHMETIC
    },
    Spec {
        name: "multiply",
        summary: "Multiplies by a number, exactly.",
        parameters: &[required("by", ArgumentKind::Operand, "the number, or a path to one")],
        examples: &[
            example("{multiply: quantity}", r#""2.50""#, "7.5"),
            example("{multiply: 100}", "9007199254740993", "900719925474099300"),
            example("{multiply: gone}", "1", "no_operand"),
        ],
        run: Run::Number(|number, call| Ok(number_value(number.times(&operand(call, 0)?)?))),
        ..ARITHMETIC
    },
    Spec {
        name: "divide",
        summary: "Divides by a number.",
        parameters: &[
            required("by", ArgumentKind::Operand, "the number, or a path to one"),
            usually("digits", ArgumentKind::Whole(0, DECIMALS_MAX), "6", "how many decimals at most"),
            ROUNDING,
        ],
        errors: &[
            ("not_a_number", "the value or the other number is not a number"),
            ("no_operand", "there is no other number at the path"),
            ("divided_by_zero", "the other number is 0"),
            ("number_too_long", "a number has more digits than NUMBER_DIGITS_MAX"),
        ],
        examples: &[
            example("{divide: 3}", "10", "3.333333"),
            example("{divide: {by: 100, digits: 2}}", "1250", "12.5"),
            example("{divide: zero}", "1", "divided_by_zero"),
        ],
        run: Run::Number(divide),
        ..NUMBER
    },
    Spec {
        name: "round",
        summary: "Rounds to a number of decimals.",
        parameters: &[
            usually("digits", ArgumentKind::Whole(-20, DECIMALS_MAX), "0", "how many decimals; -2 rounds to hundreds"),
            ROUNDING,
        ],
        examples: &[
            example("round", "2.5", "3"),
            example("{round: {digits: 2, rounding: half_even}}", "0.125", "0.12"),
            example("{round: -2}", "1250", "1300"),
            example("{round: 2}", "1.5", "1.5"),
        ],
        run: Run::Number(|number, call| round(number, call, rounding(call, 1))),
        ..NUMBER
    },
    Spec {
        name: "floor",
        summary: "Rounds down to a number of decimals.",
        parameters: &[usually("digits", ArgumentKind::Whole(-20, DECIMALS_MAX), "0", "how many decimals")],
        examples: &[example("floor", "-1.5", "-2"), example("{floor: 1}", r#""1.29""#, "1.2")],
        run: Run::Number(|number, call| round(number, call, Rounding::Floor)),
        ..NUMBER
    },
    Spec {
        name: "ceil",
        summary: "Rounds up to a number of decimals.",
        parameters: &[usually("digits", ArgumentKind::Whole(-20, DECIMALS_MAX), "0", "how many decimals")],
        examples: &[example("ceil", "-1.5", "-1"), example("{ceil: 1}", "1.21", "1.3")],
        run: Run::Number(|number, call| round(number, call, Rounding::Ceiling)),
        ..NUMBER
    },
    Spec {
        name: "format_number",
        summary: "Writes a number with exactly so many decimals, as a text; `number` makes a number of it that keeps them.",
        gives: Kind::Text,
        parameters: &[
            usually("digits", ArgumentKind::Whole(0, DECIMALS_MAX), "2", "how many decimals"),
            usually("thousands", ArgumentKind::Text, "''", "what stands between thousands, such as `,`"),
            usually("decimal", ArgumentKind::Word(&[".", ","]), "'.'", "the mark before the decimals"),
            ROUNDING,
        ],
        on_empty: EmptyInput::of(["missing", "null", "\"\"", "\"0.00\"", "wrong_type", "wrong_type"]),
        examples: &[
            example("format_number", "12000", r#""12000.00""#),
            example("{format_number: {digits: 2, thousands: ','}}", "-1234567.895", r#""-1,234,567.90""#),
            example("{format_number: {thousands: '.', decimal: ','}}", r#""1234.5""#, r#""1.234,50""#),
            example("{format_number: 0}", "0.4", r#""0""#),
        ],
        run: Run::Number(|number, call| Ok(Value::text(format_number(number, call)?))),
        ..NUMBER
    },
];

fn style(call: &Call<'_, '_>, place: usize) -> Style {
    Style { decimal: decimal_mark(call, place), suffixes: call.flag(place + 1) }
}

fn decimal_mark(call: &Call<'_, '_>, place: usize) -> char {
    if call.word(place) == 1 { ',' } else { '.' }
}

fn number<'t>(value: Value<'t>, call: &Call<'_, 't>) -> Result<Option<Value<'t>>, FunctionError> {
    on_written(value, call, |text| read(text, style(call, 0)).map(|number| Some(Value::Number(number.into()))))
}

/// Reads a text that is not blank. A JSON number is one already, however the document writes its texts, and keeps every digit.
fn on_written<'t>(
    value: Value<'t>,
    call: &Call<'_, 't>,
    read: impl FnOnce(&str) -> Result<Option<Value<'t>>, FunctionError>,
) -> Result<Option<Value<'t>>, FunctionError> {
    match &value {
        Value::Number(_) => Ok(Some(value)),
        Value::Text(text) if text.trim().is_empty() => Ok(Some(value)),
        Value::Text(text) => read(text),
        other => Err(FunctionError::wrong_type(call.name, "a number", other)),
    }
}

/// Where a value stands that is computed with, so that a rejection says where it can be read before.
#[derive(Clone, Copy)]
pub enum Place<'p> {
    /// It is what the function is applied to.
    Input,
    /// It is an item of the list that the function is applied to.
    Item,
    /// It is what an argument finds at this path.
    At(&'p str),
}

impl Place<'_> {
    /// What to write so that a value is read by this function first.
    fn read_first(self, function: &str, reader: &str) -> String {
        match self {
            Self::Input => format!("put `{reader}` before"),
            Self::Item => format!("put `{{map: [{reader}]}}` before"),
            Self::At(path) => {
                format!("read `{path}` with `{reader}` in a field or variable, and name that in `{function}`")
            }
        }
    }
}

/// The number that a number, or a text that is written like one, stands for.
///
/// # Errors
/// Why `function` can't compute with the value, and how it is read before.
pub fn decimal_of(value: &Value<'_>, function: &str, place: Place<'_>) -> Result<Decimal, FunctionError> {
    let text = match value {
        Value::Number(text) => text.as_ref(),
        // In a text, `1E5` may be a flat as well as a number.
        Value::Text(text) if text.contains(['e', 'E']) => "",
        Value::Text(text) => text.trim(),
        other => return Err(FunctionError::wrong_type(function, "a number", other)),
    };
    Decimal::parse(text).map_err(|error| match error {
        ParseError::NotANumber => {
            let reading = value.scalar_text().and_then(find_reading);
            let hint = match reading {
                Some((reader, digits)) => {
                    format!("{}, which reads it as {digits}, if that is meant", place.read_first(function, reader))
                }
                None => format!("take the number out with `extract`, then {}", place.read_first(function, "number")),
            };
            FunctionError::new("not_a_number", format!("`{function}` needs a number, not {}; {hint}", quote(value)))
        }
        ParseError::TooLong => TooLong { digits: quote(value) }.into(),
    })
}

/// A decimal as a JSON number.
pub fn number_value(number: Decimal) -> Value<'static> {
    Value::Number(number.digits().into())
}

/// The other number of a calculation.
fn operand(call: &Call<'_, '_>, place: usize) -> Result<Decimal, FunctionError> {
    let path = call.path(place).map(|path| path.text.as_ref()).unwrap_or_default();
    match call.operand(place)? {
        Some(value) if !value.is_blank() => decimal_of(&value, call.name, Place::At(path)),
        None => Err(FunctionError::new("no_operand", format!("`{}` finds nothing at `{path}`", call.name))),
        Some(value) => {
            let message = format!("`{}` finds {} at `{path}`, which is not a number", call.name, quote(&value));
            Err(FunctionError::new("no_operand", message))
        }
    }
}

fn divide(number: Decimal, call: &Call<'_, '_>) -> Result<Value<'static>, FunctionError> {
    let by = operand(call, 0)?;
    let zero = || FunctionError::new("divided_by_zero", format!("{} can't be divided by 0", number.digits()));
    let digits = call.size(1).unwrap_or(0);
    let quotient = number.divided_by(&by, digits.min(NUMBER_DIGITS_MAX), rounding(call, 2)).ok_or_else(zero)?;
    Ok(number_value(quotient?))
}

fn rounding(call: &Call<'_, '_>, place: usize) -> Rounding {
    match call.word(place) {
        1 => Rounding::HalfEven,
        2 => Rounding::Floor,
        3 => Rounding::Ceiling,
        4 => Rounding::Truncate,
        _ => Rounding::HalfUp,
    }
}

fn round(number: Decimal, call: &Call<'_, '_>, rounding: Rounding) -> Result<Value<'static>, FunctionError> {
    Ok(number_value(number.rounded(call.whole(0).unwrap_or(0), rounding)?))
}

/// With exactly so many decimals, and a mark between thousands.
fn format_number(number: Decimal, call: &Call<'_, '_>) -> Result<String, FunctionError> {
    let decimals = call.size(0).unwrap_or(0);
    let digits = number.rounded(call.whole(0).unwrap_or(0), rounding(call, 3))?.digits();
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |whole| ("-", whole));
    let mut text = format!("{sign}{}", group_thousands(whole, call.text_or_empty(1)));
    if 0 < decimals {
        text.push(decimal_mark(call, 2));
        text.push_str(&format!("{fraction:0<decimals$}"));
    }
    Ok(text)
}

/// Digits with a mark between thousands.
fn group_thousands(digits: &str, mark: &str) -> String {
    let mut text = String::with_capacity(digits.len());
    for (place, digit) in digits.chars().enumerate() {
        if 0 < place && (digits.len() - place).is_multiple_of(3) {
            text.push_str(mark);
        }
        text.push(digit);
    }
    text
}
