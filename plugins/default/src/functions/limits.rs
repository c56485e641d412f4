//! How much functions may take and make, in one table.

use crate::bounds::bounds;

bounds! {
    /// Bytes of a text, or of all texts of a list or an object, that a function makes larger than its input.
    pub const FUNCTION_OUTPUT_BYTES_MAX: usize = 256 << 10;
    /// Items of a list that a function makes longer than its input.
    pub const FUNCTION_ITEMS_MAX: usize = 10_000;
    /// Bytes of a regular expression.
    pub const PATTERN_BYTES_MAX: usize = 1000;
    /// Bytes of memory that a regular expression may take when it is built.
    pub const PATTERN_SIZE_MAX: usize = crate::plan::PATTERN_SIZE_MAX;
    /// How deep groups of a regular expression may be nested.
    pub const PATTERN_DEPTH_MAX: u32 = crate::plan::PATTERN_DEPTH_MAX;
    /// Bytes of a text that a regular expression is run on: linear time is still time.
    pub const PATTERN_INPUT_BYTES_MAX: usize = 32 << 10;
    /// Digits of a number that is computed with, before and after the point each.
    pub const NUMBER_DIGITS_MAX: usize = hookmill_decimal::NUMBER_DIGITS_MAX;
    /// Digits after the point that division and rounding can be asked for.
    pub const DECIMALS_MAX: i64 = 30;
    /// How deep chains inside chains (`map`) may be nested.
    pub const CHAIN_DEPTH_MAX: usize = 4;
    /// Matches of a regular expression in one text.
    pub const PATTERN_MATCHES_MAX: usize = 1000;
    /// Formats that one date function may try.
    pub const FORMATS_MAX: usize = 20;
    /// Bytes of a text that may be a date.
    pub const DATE_BYTES_MAX: usize = 100;
    /// How deep lists and objects that a function makes of texts and names may be nested.
    pub const OUTPUT_DEPTH_MAX: usize = 32;
    /// How deep an object is flattened and unflattened.
    pub const FLATTEN_DEPTH_MAX: usize = 16;
}
