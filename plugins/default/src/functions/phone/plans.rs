//! The numbering plans: one automaton over digits for all regions, and each region's prefixes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use regex_lite::Regex;

include!(concat!(env!("OUT_DIR"), "/phone_table.rs"));

/// The digits may form a national number.
const GENERAL: u8 = 1;
/// The digits belong to a number that can be assigned.
const ASSIGNABLE: u8 = 2;

/// The digits belong to a place.
const LOCAL: u8 = 4;
/// The digits so far are the leading ones that a format or a region asks for.
const LEADS: u8 = 8;

/// The longest national number.
const DIGITS_MAX: usize = 17;

/// The longest country code.
const CODE_DIGITS_MAX: usize = 3;

/// One region's numbering plan.
pub struct Region {
    /// Its ISO 3166-1 alpha-2 code; `001` where a code belongs to no region.
    pub id: &'static str,
    /// The country code; several regions may share one.
    pub code: u16,
    root: u16,
    leads: u16,
    /// A bit for each length a national number may have.
    pub lengths: u32,
    idd: &'static str,
    prefix: &'static str,
    transform: &'static str,
    has_prefix: bool,
    formats: &'static [Format],
}

/// How national numbers that begin with some digits are written.
struct Format {
    leads: u16,
    /// The least and most digits of each group.
    groups: &'static [(u8, u8)],
    /// The groups as `$1` and so on, and what stands between them.
    text: &'static str,
}

impl Format {
    fn fits(&self, national: &str) -> bool {
        (self.leads == 0 || begins_with(self.leads, national)) && self.cut(national).is_some()
    }

    /// The groups of a number, the first ones as long as they can be; none when the number is too short or too long.
    fn cut<'d>(&self, national: &'d str) -> Option<Vec<&'d str>> {
        let mut spare = national.len().checked_sub(self.groups.iter().map(|(least, _)| usize::from(*least)).sum())?;
        let (mut groups, mut rest) = (Vec::with_capacity(self.groups.len()), national);
        for (least, most) in self.groups {
            let more = spare.min(usize::from(most - least));
            spare -= more;
            let (group, behind) = rest.split_at_checked(usize::from(*least) + more)?;
            groups.push(group);
            rest = behind;
        }
        rest.is_empty().then_some(groups)
    }

    fn format_national(&self, national: &str) -> Option<String> {
        let groups = self.cut(national)?;
        let mut pieces = self.text.split('$');
        let mut format_national = pieces.next()?.to_owned();
        for piece in pieces {
            let (group, behind) = piece.split_at_checked(1)?;
            format_national.push_str(groups.get(group.parse::<usize>().ok()?.checked_sub(1)?)?);
            format_national.push_str(behind);
        }
        Some(format_national)
    }

    /// The group that is written first.
    fn first_group<'d>(&self, national: &'d str) -> Option<&'d str> {
        let place = self.text.split_once('$')?.1.get(..1)?.parse::<usize>().ok()?;
        self.cut(national)?.get(place.checked_sub(1)?).copied()
    }
}

impl Region {
    /// The plan of a region, by its ISO 3166-1 alpha-2 code in any case.
    pub fn by_id(id: &str) -> Option<&'static Self> {
        let id = id.to_ascii_uppercase();
        let found = BY_ID.binary_search_by(|(known, _)| (*known).cmp(&id)).ok()?;
        Some(&REGIONS[BY_ID[found].1])
    }

    /// The plan of the main region of the country code that the digits begin with, and the digits after it.
    pub fn of_number(digits: &str) -> Option<(&'static Self, &str)> {
        (1..=CODE_DIGITS_MAX.min(digits.len())).find_map(|length| {
            let code = digits[..length].parse().ok().filter(|_| !digits.starts_with('0'))?;
            Some((main_region(code)?, &digits[length..]))
        })
    }

    /// The digits after what one dials for abroad; none when they don't begin with it.
    pub fn without_international_prefix<'d>(&self, digits: &'d str) -> Option<&'d str> {
        let rest = &digits[match_length(self.idd, digits)?..];
        // After a prefix for abroad comes a country code, and none begins with 0.
        (!rest.starts_with('0')).then_some(rest)
    }

    /// The digits after the region's own country code, where they only make sense without it.
    pub fn without_own_code<'d>(&self, digits: &'d str) -> Option<&'d str> {
        let rest = digits.strip_prefix(self.code.to_string().as_str())?;
        let candidate = self.without_national_prefix(rest);
        let sensible = !self.is_general(digits) && self.is_general(&candidate);
        (sensible || self.is_too_long(digits)).then_some(rest)
    }

    /// The digits without the national prefix, or changed as the plan asks, where that leaves a number that can be one.
    pub fn without_national_prefix(&self, digits: &str) -> String {
        let Some(stripped) = self.strip_prefix(digits) else { return digits.to_owned() };
        let loses = self.is_general(digits) && !self.is_general(&stripped);
        let possible = self.allows_length(stripped.len()) || self.is_too_long(&stripped);
        if loses || !possible { digits.to_owned() } else { stripped }
    }

    /// Whether a region that shares the country code has numbers of this form.
    pub fn code_has(&self, national: &str) -> bool {
        self.sharing_code().any(|region| region.accept(national) & GENERAL != 0)
    }

    /// Whether numbers of the region may have so many digits.
    pub fn allows_length(&self, digits: usize) -> bool {
        self.lengths & bit(digits) != 0
    }

    /// A bit for each length of the numbers of the country code that begin like this one, as far as either goes.
    pub fn lengths_like(&self, national: &str) -> u32 {
        let (mut nodes, mut lengths) = (self.sharing_code().map(|region| region.root).collect::<BTreeSet<_>>(), 0);
        let mut written = national.bytes().map(|digit| digit.wrapping_sub(b'0'));
        for length in 0..=DIGITS_MAX {
            if nodes.iter().any(|node| ACCEPTS[usize::from(*node)] & GENERAL != 0) {
                lengths |= bit(length);
            }
            let digits = written.next().map_or(0..=9, |digit| digit..=digit);
            nodes = nodes.iter().flat_map(|node| digits.clone().filter_map(|digit| next(*node, digit))).collect();
        }
        lengths
    }

    /// Whether a region that shares the country code can assign this number.
    pub fn code_assigns(&self, national: &str) -> bool {
        self.sharing_code().any(|region| region.accept(national) & ASSIGNABLE != 0)
    }

    /// The region to which a national number belongs, among those that share the code; none when no region assigns it.
    pub fn region_of(&self, national: &str) -> Option<&'static Self> {
        let mut sharing = self.sharing_code();
        sharing.find(|region| match region.leads {
            0 => region.accept(national) & ASSIGNABLE != 0,
            leads => begins_with(leads, national),
        })
    }

    /// The number as it is written in its own country; its bare digits where no format is known.
    pub fn format_national(&self, national: &str) -> String {
        let format = self.format_of(national);
        format.and_then(|format| format.format_national(national)).unwrap_or_else(|| national.to_owned())
    }

    /// The area code of a number that belongs to a place; none in countries without area codes.
    pub fn area_code<'d>(&self, national: &'d str) -> Option<&'d str> {
        let is_local = self.sharing_code().any(|region| region.accept(national) & LOCAL != 0);
        let main = main_region(self.code)?;
        if !is_local || !main.has_prefix {
            return None;
        }
        let area = main.format_of(national)?.first_group(national)?;
        (area.len() < national.len()).then_some(area)
    }

    /// Formats belong to the main region of a code.
    fn format_of(&self, national: &str) -> Option<&'static Format> {
        main_region(self.code)?.formats.iter().find(|format| format.fits(national))
    }

    fn sharing_code(&self) -> impl Iterator<Item = &'static Self> {
        let first = REGIONS.partition_point(|region| region.code < self.code);
        REGIONS[first..].iter().take_while(|region| region.code == self.code)
    }

    /// The digits without the national prefix, or changed as the plan asks; none where they don't begin with it.
    pub fn strip_prefix(&self, digits: &str) -> Option<String> {
        if self.prefix.is_empty() {
            return None;
        }
        if is_plain(self.prefix) {
            return digits.strip_prefix(self.prefix).map(str::to_owned);
        }
        with_pattern(self.prefix, |regex| {
            let found = regex.captures(digits)?;
            let end = found.get(0)?.end();
            if self.transform.is_empty() || found.get(found.len() - 1).is_none() {
                return Some(digits[end..].to_owned());
            }
            let mut changed = String::new();
            found.expand(self.transform_for_regex().as_str(), &mut changed);
            Some(changed + &digits[end..])
        })
    }

    /// `869$1` as regex-lite reads it: `869${1}`.
    fn transform_for_regex(&self) -> String {
        let mut text = String::new();
        let mut rest = self.transform;
        while let Some((before, after)) = rest.split_once('$') {
            let group = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            text.push_str(&format!("{before}${{{}}}", &after[..group]));
            rest = &after[group..];
        }
        text + rest
    }

    fn is_general(&self, national: &str) -> bool {
        self.accept(national) & GENERAL != 0
    }

    fn is_too_long(&self, national: &str) -> bool {
        bit(national.len()) > self.lengths
    }

    fn accept(&self, national: &str) -> u8 {
        let last = national.bytes().try_fold(self.root, |node, digit| next(node, digit.wrapping_sub(b'0')));
        last.map_or(0, |node| ACCEPTS[usize::from(node)])
    }
}

/// The state after a digit; none when no number goes on like this.
fn next(node: u16, digit: u8) -> Option<u16> {
    let mut run = usize::from(STARTS[usize::from(node)]);
    while ENDS[run] <= digit {
        run += 1;
    }
    Some(TARGETS[run]).filter(|target| *target != 0)
}

/// Whether digits begin with leading ones.
fn begins_with(leads: u16, digits: &str) -> bool {
    let mut node = Some(leads);
    for digit in digits.bytes() {
        node = node.and_then(|node| next(node, digit.wrapping_sub(b'0')));
        if node.is_some_and(|node| ACCEPTS[usize::from(node)] & LEADS != 0) {
            return true;
        }
    }
    false
}

fn main_region(code: u16) -> Option<&'static Region> {
    let first = REGIONS.partition_point(|region| region.code < code);
    REGIONS.get(first).filter(|region| region.code == code)
}

fn bit(length: usize) -> u32 {
    1 << length.min(31)
}

fn is_plain(pattern: &str) -> bool {
    pattern.bytes().all(|byte| byte.is_ascii_digit())
}

/// How much of the digits a pattern matches from their start.
fn match_length(pattern: &'static str, digits: &str) -> Option<usize> {
    if pattern.is_empty() {
        return None;
    }
    if is_plain(pattern) {
        return digits.starts_with(pattern).then_some(pattern.len());
    }
    with_pattern(pattern, |regex| Some(regex.find(digits)?.end()))
}

thread_local! {
    static PATTERNS: RefCell<BTreeMap<&'static str, Option<Regex>>> = const { RefCell::new(BTreeMap::new()) };
}

/// Calls with a pattern of the table, anchored at the start; it is built once.
fn with_pattern<T>(pattern: &'static str, call: impl FnOnce(&Regex) -> Option<T>) -> Option<T> {
    PATTERNS.with_borrow_mut(|patterns| {
        let built = patterns.entry(pattern).or_insert_with(|| Regex::new(&format!("^(?:{pattern})")).ok());
        call(built.as_ref()?)
    })
}

/// Builds every pattern of the table.
pub fn build_patterns() {
    for pattern in REGIONS.iter().flat_map(|region| [region.idd, region.prefix]).filter(|pattern| !is_plain(pattern)) {
        with_pattern(pattern, |_| Some(()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_of_the_table_can_be_built() {
        for region in &REGIONS {
            for pattern in [region.idd, region.prefix] {
                assert!(
                    is_plain(pattern) || with_pattern(pattern, |_| Some(())).is_some(),
                    "{} {pattern}",
                    region.code
                );
            }
        }
    }

    #[test]
    fn all_regions_are_there() {
        assert!(REGIONS.len() > 240, "{}", REGIONS.len());
        for (id, code) in [("US", 1), ("GB", 44), ("DE", 49), ("BR", 55), ("JP", 81), ("AX", 358), ("us", 1)] {
            assert_eq!(Region::by_id(id).map(|region| region.code), Some(code), "{id}");
        }
        assert!(Region::by_id("001").is_none() && Region::by_id("").is_none() && Region::by_id("XX").is_none());
        let main = |digits| Region::of_number(digits).map(|(region, _)| std::ptr::from_ref(region));
        assert_eq!(main("18005550100"), Region::by_id("US").map(std::ptr::from_ref));
        assert_eq!(main("442079460958"), Region::by_id("GB").map(std::ptr::from_ref));
    }
}
