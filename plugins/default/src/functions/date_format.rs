//! Reading a date or time by a format of `%` tokens. A format takes what it names and no more: a text is read as what it says, or not at all.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;
use jiff::{Span, Timestamp};

use super::calendar::{self, FoundMonth, Meanings, MonthNames};
use super::century::{Century, Choice};
use super::clock::Moment;
use super::digit::ascii_digit;
use super::hidden::strip_hidden;
use super::zone_name::{self, ZoneNameError};

/// Years before this are not meant: the calendar of these dates began in 1582, and years such as 1405 are counted in another one.
pub const YEAR_MIN: i16 = 1583;

/// The offset of the zones that are furthest from UTC.
pub const OFFSET_HOURS_MAX: i32 = 14;

/// How many letters the abbreviation of a zone has at most.
const ZONE_LETTERS_MAX: usize = 5;

/// What is needed to read dates by formats.
#[derive(Clone, Copy)]
pub struct DateReader<'d> {
    /// How months are named.
    pub months: MonthNames<'d>,
    /// How years of two digits are read; none where no format has one.
    pub century: Option<Century>,
    /// The zone that is named, which an abbreviation of several meanings is one of.
    pub zone: Option<&'d str>,
}

/// What a text says in a format.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReadDate {
    /// The day or time.
    pub moment: Moment,
    /// A day in another century that could be meant as well.
    pub other_century: Option<Date>,
}

/// Why a text does not say a date in a format.
#[derive(Clone, Debug, PartialEq)]
pub enum Misfit {
    /// It is written otherwise.
    Otherwise,
    /// There is no such day: February 2026 has 28 days.
    NoSuchDay(String),
    /// It names a weekday that this day is not.
    Weekday(Date),
    /// It names a month that differs by language.
    Month(String, Meanings),
    /// It names a zone that is not known, or several.
    Zone(ZoneNameError),
}

/// One piece of a format.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Piece {
    Literal(char),
    Year,
    ShortYear,
    Month,
    MonthName,
    Day,
    DayOfYear,
    Weekday,
    Hour,
    HalfHour,
    Noon,
    Minute,
    Second,
    Fraction,
    PointFraction,
    Offset,
    ZoneName,
    Epoch,
}

impl Piece {
    fn is_digits(self) -> bool {
        use Piece::{Day, DayOfYear, Epoch, Fraction, HalfHour, Hour, Minute, Month, Second, ShortYear, Year};
        matches!(
            self,
            Year | ShortYear | Month | Day | DayOfYear | Hour | HalfHour | Minute | Second | Fraction | Epoch
        )
    }

    fn of_token(token: &str) -> Option<Self> {
        Some(match token {
            "%Y" => Self::Year,
            "%y" => Self::ShortYear,
            "%m" => Self::Month,
            "%B" | "%b" => Self::MonthName,
            "%d" | "%e" => Self::Day,
            "%j" => Self::DayOfYear,
            "%A" | "%a" => Self::Weekday,
            "%H" => Self::Hour,
            "%I" => Self::HalfHour,
            "%p" => Self::Noon,
            "%M" => Self::Minute,
            "%S" => Self::Second,
            "%f" => Self::Fraction,
            "%.f" => Self::PointFraction,
            "%z" | "%:z" => Self::Offset,
            "%Z" => Self::ZoneName,
            "%s" => Self::Epoch,
            "%%" => Self::Literal('%'),
            _ => return None,
        })
    }
}

/// The pieces of a format; none when it has a token that does not exist.
fn pieces(format: &str) -> Option<Vec<Piece>> {
    let (mut pieces, mut rest) = (Vec::new(), format);
    while let Some(first) = rest.chars().next() {
        if first != '%' {
            pieces.push(Piece::Literal(first));
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (token, after) = super::clock::split_token(rest);
        match token {
            "%F" => pieces.extend([Piece::Year, Piece::Literal('-'), Piece::Month, Piece::Literal('-'), Piece::Day]),
            "%T" => {
                pieces.extend([Piece::Hour, Piece::Literal(':'), Piece::Minute, Piece::Literal(':'), Piece::Second])
            }
            _ => pieces.push(Piece::of_token(token)?),
        }
        rest = after;
    }
    Some(pieces)
}

/// What a text says, part by part.
#[derive(Default)]
struct Parts {
    year: Option<i16>,
    short_year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    day_of_year: Option<i16>,
    /// A bit for each weekday that it may be.
    weekdays: Option<u8>,
    hour: Option<i8>,
    half_hour: Option<i8>,
    is_after_noon: Option<bool>,
    minute: Option<i8>,
    second: Option<i8>,
    nanosecond: Option<i32>,
    offset: Option<Offset>,
    zone: Option<String>,
    epoch: Option<i64>,
}

/// Notes a part; what stands twice must be the same.
fn note<T: PartialEq>(part: &mut Option<T>, found: Option<T>) -> Result<(), Misfit> {
    if found.is_none() || part.is_some() && *part != found {
        return Err(Misfit::Otherwise);
    }
    *part = found;
    Ok(())
}

impl DateReader<'_> {
    /// What a text says in a format. A weekday before it is passed over where the format has none, but must be the day's.
    pub fn read(&self, text: &str, format: &str) -> Result<ReadDate, Misfit> {
        let pieces = pieces(format).ok_or(Misfit::Otherwise)?;
        let text = plain(text);
        let read = self.parts(&text, &pieces, Parts::default());
        let parts = match (read, without_weekday(&text)) {
            (Err(Misfit::Otherwise), Some((rest, weekdays))) if !pieces.contains(&Piece::Weekday) => {
                self.parts(rest, &pieces, Parts { weekdays: Some(weekdays), ..Parts::default() })?
            }
            (read, _) => read?,
        };
        self.moment(&parts)
    }

    fn parts(&self, text: &str, pieces: &[Piece], mut parts: Parts) -> Result<Parts, Misfit> {
        let mut cursor = Cursor { text, at: 0 };
        for (place, piece) in pieces.iter().enumerate() {
            let before = place.checked_sub(1).and_then(|before| pieces.get(before)).copied();
            let after = pieces.get(place + 1).copied();
            self.part(*piece, [before, after], &mut cursor, &mut parts)?;
        }
        if cursor.remaining().is_empty() { Ok(parts) } else { Err(Misfit::Otherwise) }
    }

    /// Numbers directly beside each other have all their digits, so that `26111` is never taken apart.
    fn part(
        &self,
        piece: Piece,
        [before, after]: [Option<Piece>; 2],
        cursor: &mut Cursor<'_>,
        parts: &mut Parts,
    ) -> Result<(), Misfit> {
        let is_joined = before.is_some_and(Piece::is_digits) || after.is_some_and(Piece::is_digits);
        let least = |most: usize| if is_joined { most } else { 1 };
        match piece {
            Piece::Literal(literal) => cursor.literal(literal).ok_or(Misfit::Otherwise),
            Piece::Year => note(&mut parts.year, cursor.number(4, 4, 0..=9999)),
            Piece::ShortYear => note(&mut parts.short_year, cursor.number(2, 2, 0..=99)),
            Piece::Month => note(&mut parts.month, cursor.number(least(2), 2, 1..=12)),
            Piece::MonthName => note(&mut parts.month, Some(self.month_name(cursor, after)?)),
            Piece::Day => {
                note(&mut parts.day, cursor.number(least(2), 2, 1..=31))?;
                cursor.ordinal(after);
                Ok(())
            }
            Piece::DayOfYear => note(&mut parts.day_of_year, cursor.number(least(3), 3, 1..=366)),
            Piece::Weekday => note(&mut parts.weekdays, weekday_name(cursor, after)),
            Piece::Hour => note(&mut parts.hour, cursor.number(least(2), 2, 0..=23)),
            Piece::HalfHour => note(&mut parts.half_hour, cursor.number(least(2), 2, 1..=12)),
            Piece::Noon => note(&mut parts.is_after_noon, cursor.is_after_noon()),
            Piece::Minute => note(&mut parts.minute, cursor.number(least(2), 2, 0..=59)),
            Piece::Second => note(&mut parts.second, cursor.number(least(2), 2, 0..=59)),
            Piece::Fraction => note(&mut parts.nanosecond, cursor.fraction()),
            Piece::PointFraction if cursor.point() => note(&mut parts.nanosecond, cursor.fraction()),
            Piece::PointFraction => Ok(()),
            Piece::Offset => note(&mut parts.offset, cursor.offset()),
            Piece::ZoneName => zone(cursor, after, parts),
            Piece::Epoch => note(&mut parts.epoch, cursor.epoch()),
        }
    }

    fn month_name(&self, cursor: &mut Cursor<'_>, after: Option<Piece>) -> Result<i8, Misfit> {
        let name = cursor.word(is_letter).ok_or(Misfit::Otherwise)?;
        cursor.point_of_abbreviation(after);
        match self.months.find(name) {
            FoundMonth::One(month) => Ok(month),
            FoundMonth::Unknown => Err(Misfit::Otherwise),
            FoundMonth::Several(meanings) => Err(Misfit::Month(name.to_owned(), meanings)),
        }
    }

    fn moment(&self, parts: &Parts) -> Result<ReadDate, Misfit> {
        if let Some(seconds) = parts.epoch {
            let at = Timestamp::new(seconds, parts.nanosecond.unwrap_or(0)).map_err(|_| Misfit::Otherwise)?;
            return Ok(ReadDate { moment: Moment::Instant(at), other_century: None });
        }
        let Choice { day, other } = self.day(parts)?;
        let moment = match parts.time()? {
            None => Moment::Day(day),
            Some(time) => self.time_of(day.to_datetime(time), parts)?,
        };
        Ok(ReadDate { moment, other_century: other })
    }

    fn time_of(&self, at: DateTime, parts: &Parts) -> Result<Moment, Misfit> {
        let named = parts.zone.as_deref().map(|name| zone_name::offset(name, at, self.zone));
        let offset = match (parts.offset, named.transpose().map_err(Misfit::Zone)?) {
            (None, None) => return Ok(Moment::Local(at)),
            (Some(offset), None) | (None, Some(offset)) => offset,
            (Some(offset), Some(named)) if offset == named || named == Offset::UTC => offset,
            _ => return Err(Misfit::Otherwise),
        };
        offset.to_timestamp(at).map(Moment::Instant).map_err(|_| Misfit::Otherwise)
    }

    fn day(&self, parts: &Parts) -> Result<Choice, Misfit> {
        let days: Vec<Date> = match (parts.year, parts.short_year) {
            (Some(year), short) if short.is_none_or(|short| year % 100 == short) => {
                parts.day_in(year).into_iter().collect()
            }
            (None, Some(short)) => {
                let years = self.century.iter().flat_map(|century| century.years(short));
                years.filter_map(|year| parts.day_in(year)).collect()
            }
            _ => Vec::new(),
        };
        let is_named = |day: &Date| parts.weekdays.is_none_or(|named| calendar::is_one_of(named, day.weekday()));
        let named: Vec<Date> = days.iter().copied().filter(is_named).collect();
        let found = match parts.year {
            Some(_) => named.first().map(|day| Choice { day: *day, other: None }),
            None => self.century.and_then(|century| century.choose(&named)),
        };
        match (found, days.first()) {
            (Some(choice), _) => Ok(choice),
            (None, Some(day)) if parts.year.is_some() => Err(Misfit::Weekday(*day)),
            (None, Some(_)) => Err(Misfit::Otherwise),
            (None, None) => {
                let in_this_century = || Some(self.century?.in_this_century(parts.short_year?));
                let why = parts.year.or_else(in_this_century).and_then(|year| parts.why_no_day(year));
                Err(why.map_or(Misfit::Otherwise, Misfit::NoSuchDay))
            }
        }
    }
}

impl Parts {
    /// The day in a year, if there is one.
    fn day_in(&self, year: i16) -> Option<Date> {
        let by_month = self.month.zip(self.day).map(|(month, day)| Date::new(year, month, day));
        let by_number = self.day_of_year.map(|number| {
            let first = Date::new(year, 1, 1)?;
            first.checked_add(Span::new().try_days(i64::from(number) - 1)?)
        });
        let day = match (by_month, by_number) {
            (Some(one), None) | (None, Some(one)) => one.ok()?,
            (Some(one), Some(other)) => one.ok().filter(|one| other.is_ok_and(|other| *one == other))?,
            (None, None) => return None,
        };
        Some(day).filter(|day| YEAR_MIN <= day.year() && day.year() == year)
    }

    /// Why there is no such day in a year; none where the parts contradict each other.
    fn why_no_day(&self, year: i16) -> Option<String> {
        if year < YEAR_MIN {
            return Some(format!("years before {YEAR_MIN} are counted in another one and not read"));
        }
        let first = Date::new(year, self.month.unwrap_or(1), 1).ok()?;
        match (self.month.zip(self.day), self.day_of_year) {
            (Some((_, day)), _) if first.days_in_month() < day => {
                Some(format!("{} has {} days", first.strftime("%B %Y"), first.days_in_month()))
            }
            (_, Some(day)) if first.days_in_year() < day => Some(format!("{year} has {} days", first.days_in_year())),
            _ => None,
        }
    }

    /// The time of day; an inner none where there is none.
    fn time(&self) -> Result<Option<Time>, Misfit> {
        let hour = match (self.hour, self.half_hour, self.is_after_noon) {
            (Some(hour), None, after) => with_noon(hour, after).ok_or(Misfit::Otherwise)?,
            (None, Some(half), Some(after)) => half % 12 + if after { 12 } else { 0 },
            (Some(hour), Some(half), after) if hour % 12 == half % 12 => {
                with_noon(hour, after).filter(|same| *same == hour).ok_or(Misfit::Otherwise)?
            }
            (None, None, _) => return Ok(None),
            _ => return Err(Misfit::Otherwise),
        };
        let time = Time::new(hour, self.minute.unwrap_or(0), self.second.unwrap_or(0), self.nanosecond.unwrap_or(0));
        time.map(Some).map_err(|_| Misfit::Otherwise)
    }
}

/// The hour of the day that an hour before or after noon is: `13 PM` is 13, `1 PM` too, and there is no `13 AM`.
fn with_noon(hour: i8, is_after_noon: Option<bool>) -> Option<i8> {
    match is_after_noon {
        None => Some(hour),
        Some(true) if hour < 12 => (0 < hour).then_some(hour + 12),
        Some(true) => Some(hour),
        Some(false) if hour == 12 => Some(0),
        Some(false) => (hour < 12).then_some(hour),
    }
}

fn weekday_name(cursor: &mut Cursor<'_>, after: Option<Piece>) -> Option<u8> {
    let start = cursor.at;
    for is_part in [is_letter_or_joint as fn(char) -> bool, is_letter] {
        cursor.at = start;
        if let Some(weekdays) = cursor.word(is_part).map(calendar::weekdays).filter(|weekdays| *weekdays != 0) {
            cursor.point_of_abbreviation(after);
            return Some(weekdays);
        }
    }
    None
}

/// The text behind a weekday at its beginning, and the weekdays that it can be.
fn without_weekday(text: &str) -> Option<(&str, u8)> {
    let mut cursor = Cursor { text, at: 0 };
    let weekdays = weekday_name(&mut cursor, None)?;
    let rest = cursor.remaining();
    let rest = rest.strip_prefix(',').unwrap_or(rest);
    let bare = rest.trim_start();
    (bare.len() < rest.len()).then_some((bare, weekdays))
}

/// The abbreviation of a zone, and the offset behind it in `GMT+0200`.
fn zone(cursor: &mut Cursor<'_>, after: Option<Piece>, parts: &mut Parts) -> Result<(), Misfit> {
    let name = cursor.word(|c| c.is_ascii_alphabetic()).filter(|name| name.len() <= ZONE_LETTERS_MAX);
    note(&mut parts.zone, name.map(str::to_owned))?;
    let is_utc = name.is_some_and(|name| name.eq_ignore_ascii_case("GMT") || name.eq_ignore_ascii_case("UTC"));
    if is_utc && after != Some(Piece::Offset) && cursor.remaining().starts_with(['+', '-']) {
        note(&mut parts.offset, cursor.offset())?;
    }
    Ok(())
}

/// A place in a text.
struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    fn remaining(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn set_remaining(&mut self, rest: &str) {
        self.at = self.text.len() - rest.len();
    }

    /// White space fits any, or none where it does not stand between digits. Around marks such as `/` there may be some.
    fn literal(&mut self, literal: char) -> Option<()> {
        let rest = self.remaining();
        let bare = rest.trim_start();
        if literal.is_whitespace() {
            let follows_digit = self.text.get(..self.at)?.ends_with(is_digit);
            let is_needed = follows_digit && bare.starts_with(is_digit);
            self.set_remaining(bare);
            return (bare.len() < rest.len() || !is_needed).then_some(());
        }
        let is_mark = !literal.is_alphanumeric();
        let rest = if is_mark { bare } else { rest };
        let found = rest.chars().next().filter(|found| is_same(*found, literal))?;
        let behind = rest.get(found.len_utf8()..)?;
        self.set_remaining(if is_mark { behind.trim_start() } else { behind });
        Some(())
    }

    /// So many characters of a kind at least and at most.
    fn take(&mut self, least: usize, most: usize, is_part: impl Fn(char) -> bool) -> Option<&'t str> {
        let rest = self.remaining();
        let count = rest.chars().take(most).take_while(|c| is_part(*c)).count();
        let end = rest.char_indices().nth(count).map_or(rest.len(), |(end, _)| end);
        self.at += end;
        rest.get(..end).filter(|_| least <= count)
    }

    fn number<T: TryFrom<i64>>(
        &mut self,
        least: usize,
        most: usize,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<T> {
        let number = self.take(least, most, is_digit)?.parse().ok().filter(|number| range.contains(number))?;
        T::try_from(number).ok()
    }

    fn word(&mut self, is_part: impl Fn(char) -> bool) -> Option<&'t str> {
        self.take(1, usize::MAX, is_part)
    }

    /// What stands behind a day as in `1st`, `1er`, `1º`, `1.`; a format that names it itself is left alone.
    fn ordinal(&mut self, after: Option<Piece>) {
        let rest = self.remaining();
        let bare = match after {
            Some(Piece::Literal(literal)) if matches!(literal, '.' | '°') || literal.is_alphanumeric() => None,
            Some(Piece::Literal(literal)) if literal.is_whitespace() => {
                rest.strip_prefix('.').or_else(|| without_ordinal(rest))
            }
            _ => without_ordinal(rest),
        };
        self.set_remaining(bare.unwrap_or(rest));
    }

    /// The point behind an abbreviated name; a format that names it itself is left alone.
    fn point_of_abbreviation(&mut self, after: Option<Piece>) {
        if after != Some(Piece::Literal('.')) {
            let rest = self.remaining();
            self.set_remaining(rest.strip_prefix('.').unwrap_or(rest));
        }
    }

    /// `AM`, `pm`, `a.m.`, `p. m.`
    fn is_after_noon(&mut self) -> Option<bool> {
        let rest = self.remaining().trim_start();
        let first = rest.chars().next()?;
        let is_after_noon = match first {
            'a' | 'A' => false,
            'p' | 'P' => true,
            _ => return None,
        };
        let rest = rest.get(1..)?;
        let dotted = rest.strip_prefix('.').map(str::trim_start);
        let rest = dotted.unwrap_or(rest).strip_prefix(['m', 'M'])?;
        let rest = if dotted.is_some() { rest.strip_prefix('.').unwrap_or(rest) } else { rest };
        self.set_remaining(rest);
        (!rest.starts_with(is_letter)).then_some(is_after_noon)
    }

    /// Nanoseconds.
    fn fraction(&mut self) -> Option<i32> {
        let digits = self.take(1, 9, is_digit)?;
        format!("{digits:0<9}").parse().ok()
    }

    fn point(&mut self) -> bool {
        let rest = self.remaining();
        let behind = rest.strip_prefix(['.', ',']);
        self.set_remaining(behind.unwrap_or(rest));
        behind.is_some()
    }

    /// `Z`, `+1`, `+01`, `+0100`, `+01:00`; no zone is further than 14 hours away.
    fn offset(&mut self) -> Option<Offset> {
        let rest = self.remaining();
        if let Some(behind) = rest.strip_prefix(['Z', 'z']) {
            self.set_remaining(behind);
            return Some(Offset::UTC);
        }
        let sign = if rest.starts_with('-') { -1 } else { 1 };
        self.set_remaining(rest.strip_prefix(['+', '-'])?);
        let hours: i32 = self.number(1, 2, 0..=i64::from(OFFSET_HOURS_MAX))?;
        let rest = self.remaining();
        let bare = rest.strip_prefix(':');
        self.set_remaining(bare.unwrap_or(rest));
        let minutes: i32 =
            if bare.is_some() || self.remaining().starts_with(is_digit) { self.number(2, 2, 0..=59)? } else { 0 };
        Offset::from_seconds(sign * 60 * (60 * hours + minutes)).ok()
    }

    fn epoch(&mut self) -> Option<i64> {
        let rest = self.remaining();
        let bare = rest.strip_prefix('-');
        self.set_remaining(bare.unwrap_or(rest));
        let seconds: i64 = self.take(1, 18, is_digit)?.parse().ok()?;
        Some(if bare.is_some() { -seconds } else { seconds })
    }
}

fn is_digit(c: char) -> bool {
    c.is_ascii_digit()
}

fn is_letter(c: char) -> bool {
    c.is_alphabetic() || ('\u{300}'..='\u{36f}').contains(&c)
}

fn is_letter_or_joint(c: char) -> bool {
    is_letter(c) || matches!(c, '-' | '\'' | '\u{2019}' | '\u{2bc}')
}

/// What is behind an ordinal's ending.
fn without_ordinal(rest: &str) -> Option<&str> {
    const ENDINGS: [&str; 10] = ["st", "nd", "rd", "th", "er", "ste", "de", "e", "º", "°"];
    ENDINGS.iter().find_map(|ending| {
        let found = rest.get(..ending.len()).filter(|found| found.eq_ignore_ascii_case(ending))?;
        rest.get(found.len()..).filter(|behind| !behind.starts_with(is_letter))
    })
}

/// Letters fit in either case.
fn is_same(found: char, literal: char) -> bool {
    let literal = plain_character(literal);
    found == literal || found.to_lowercase().eq(literal.to_lowercase())
}

/// A text with digits of other scripts, dashes and some marks in ASCII, and without characters that nobody sees.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.trim().into();
    }
    strip_hidden(text).trim().chars().map(plain_character).collect::<String>().into()
}

fn plain_character(character: char) -> char {
    match character {
        '\0'..='\x7f' => character,
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' => '-',
        '\u{ff0f}' => '/',
        '\u{ff0e}' => '.',
        '\u{ff1a}' => ':',
        _ => ascii_digit(character).unwrap_or(character),
    }
}

#[cfg(test)]
mod tests {
    use hookmill_json::Value;
    use proptest::prelude::*;

    use super::*;

    const TODAY: Date = jiff::civil::date(2026, 6, 15);

    fn reader<'d>() -> DateReader<'d> {
        DateReader {
            months: MonthNames::default(),
            century: Some(Century { today: TODAY, is_birth: false }),
            zone: None,
        }
    }

    fn describe(read: Result<ReadDate, Misfit>) -> String {
        match read {
            Err(Misfit::Otherwise) => "-".to_owned(),
            Err(Misfit::NoSuchDay(why)) => why,
            Err(Misfit::Weekday(day)) => format!("weekday of {day}"),
            Err(Misfit::Month(name, _)) => format!("month {name}"),
            Err(Misfit::Zone(_)) => "zone".to_owned(),
            Ok(ReadDate { moment, other_century }) => {
                let other = other_century.map(|other| format!(" or {other}")).unwrap_or_default();
                match moment {
                    Moment::Day(day) => format!("{day}{other}"),
                    Moment::Local(at) => format!("{at}{other}"),
                    Moment::Instant(at) => format!("{at}{other}"),
                }
            }
        }
    }

    fn check(cases: &[(&str, &str, &str)]) {
        for (text, format, expected) in cases {
            assert_eq!(describe(reader().read(text, format)), *expected, "{text} in {format}");
        }
    }

    #[test]
    fn m4_formats_take_what_they_name_and_no_more() {
        check(&[
            ("3/4/2026", "%m/%d/%Y", "2026-03-04"),
            ("03/04/26", "%m/%d/%Y", "-"),
            ("03/04/2026", "%m/%d/%y", "-"),
            ("03/04/2026 x", "%m/%d/%Y", "-"),
            ("03/04/2026", "%m/%d/%Y x", "-"),
            ("13/04/2026", "%m/%d/%Y", "-"),
            ("02/29/2026", "%m/%d/%Y", "February 2026 has 28 days"),
            ("00/10/2026", "%m/%d/%Y", "-"),
            ("3/4/0026", "%m/%d/%Y", "years before 1583 are counted in another one and not read"),
            ("1405/05/24", "%Y/%m/%d", "years before 1583 are counted in another one and not read"),
            ("3/4/226", "%m/%d/%Y", "-"),
            ("-3/4/2026", "%m/%d/%Y", "-"),
            ("3 / 4 / 2026", "%m/%d/%Y", "2026-03-04"),
            ("15. 8. 2026", "%d.%m.%Y", "2026-08-15"),
            ("15.8.2026.", "%d.%m.%Y", "-"),
            ("15.08.2026", "%d %m %Y", "-"),
            ("2026-060", "%Y-%j", "2026-03-01"),
            ("2026-366", "%Y-%j", "2026 has 365 days"),
            ("1718447400", "%s", "2024-06-15T10:30:00Z"),
            ("-1", "%s", "1969-12-31T23:59:59Z"),
            ("100% 3/4/2026", "100%% %m/%d/%Y", "2026-03-04"),
            ("2026年8月15日", "%Y年%m月%d日", "2026-08-15"),
            ("١٥/٠٨/٢٠٢٦", "%d/%m/%Y", "2026-08-15"),
            ("\u{200e}8\u{200e}/\u{200e}15\u{200e}/\u{200e}2026", "%m/%d/%Y", "2026-08-15"),
            ("15–08–2026", "%d-%m-%Y", "2026-08-15"),
            ("15–08–2026", "%d–%m–%Y", "2026-08-15"),
        ]);
    }

    #[test]
    fn m4_numbers_without_marks_have_all_their_digits() {
        check(&[
            ("260115", "%y%m%d", "2026-01-15"),
            ("26111", "%y%m%d", "-"),
            ("15082026", "%d%m%Y", "2026-08-15"),
            ("1182026", "%d%m%Y", "-"),
            ("111 2026", "%d %m %Y", "-"),
            ("20260815T1430", "%Y%m%dT%H%M", "2026-08-15T14:30:00"),
        ]);
    }

    #[test]
    fn m4_names_ordinals_and_weekdays() {
        check(&[
            ("june 5, 2026", "%B %d, %Y", "2026-06-05"),
            ("June 5th, 2026", "%B %d, %Y", "2026-06-05"),
            ("15 août 2026", "%d %B %Y", "2026-08-15"),
            ("1er févr. 2025", "%d %B %Y", "2025-02-01"),
            ("3. März 2026", "%d. %B %Y", "2026-03-03"),
            ("3. März 2026", "%d %B %Y", "2026-03-03"),
            ("9 DE SEPTIEMBRE DE 2025", "%d de %B de %Y", "2025-09-09"),
            ("15-AUG-2026", "%d-%b-%Y", "2026-08-15"),
            ("15.VIII.2026", "%d.%b.%Y", "2026-08-15"),
            ("2026. augusztus 15.", "%Y. %B %d.", "2026-08-15"),
            ("15 listopada 2026", "%d %B %Y", "month listopada"),
            ("15 foo 2026", "%d %B %Y", "-"),
            ("Saturday, 15 August 2026", "%A, %d %B %Y", "2026-08-15"),
            ("samedi 15 août 2026", "%A %d %B %Y", "2026-08-15"),
            ("samedi 15 août 2026", "%d %B %Y", "2026-08-15"),
            ("Sa., 15.08.2026", "%d.%m.%Y", "2026-08-15"),
            ("mar 15 2026", "%b %d %Y", "2026-03-15"),
            ("Sunday, 15 August 2026", "%A, %d %B %Y", "weekday of 2026-08-15"),
            ("dimanche 15 août 2026", "%d %B %Y", "weekday of 2026-08-15"),
            ("Someday, 15 August 2026", "%A, %d %B %Y", "-"),
            ("Someday 15 August 2026", "%d %B %Y", "-"),
        ]);
    }

    #[test]
    fn m4_a_document_names_language_and_months() {
        let added = [("agof".into(), Value::integer(8))];
        let hr = calendar::LANGUAGES.iter().position(|code| *code == "hr");
        let reader = DateReader { months: MonthNames { language: hr, added: &added }, ..reader() };
        assert_eq!(describe(reader.read("15. listopada 2026.", "%d. %B %Y.")), "2026-10-15");
        assert_eq!(describe(reader.read("15 Agof 2026", "%d %B %Y")), "2026-08-15");
    }

    #[test]
    fn m4_times_of_day() {
        check(&[
            ("05-Jun-2026 1:05 PM", "%d-%b-%Y %I:%M %p", "2026-06-05T13:05:00"),
            ("2026-06-05 1:05pm", "%F %I:%M %p", "2026-06-05T13:05:00"),
            ("2026-06-05 12:05 a.m.", "%F %I:%M %p", "2026-06-05T00:05:00"),
            ("2026-06-05 12:05 p.\u{a0}m.", "%F %I:%M %p", "2026-06-05T12:05:00"),
            ("2026-06-05 13:05 PM", "%F %I:%M %p", "-"),
            ("2026-06-05 13:05 PM", "%F %H:%M %p", "2026-06-05T13:05:00"),
            ("2026-06-05 01:05 PM", "%F %H:%M %p", "2026-06-05T13:05:00"),
            ("2026-06-05 12:05 AM", "%F %H:%M %p", "2026-06-05T00:05:00"),
            ("2026-06-05 13:05 AM", "%F %H:%M %p", "-"),
            ("2026-06-05 00:05 PM", "%F %H:%M %p", "-"),
            ("2026-06-05 24:00", "%F %H:%M", "-"),
            ("2026-06-05 13:60", "%F %H:%M", "-"),
            ("5.6.2026 klo 14.30", "%d.%m.%Y klo %H.%M", "2026-06-05T14:30:00"),
            ("2026-06-05 13:05:06.25", "%F %T%.f", "2026-06-05T13:05:06.25"),
            ("2026-06-05 13:05:06,25", "%F %T%.f", "2026-06-05T13:05:06.25"),
            ("2026-06-05 13:05:06", "%F %T%.f", "2026-06-05T13:05:06"),
            ("2026-06-05T13:05:00+0000", "%Y-%m-%dT%H:%M:%S%z", "2026-06-05T13:05:00Z"),
            ("2026-06-05T13:05:00-05:30", "%FT%T%z", "2026-06-05T18:35:00Z"),
            ("2026-06-05T13:05:00Z", "%FT%T%:z", "2026-06-05T13:05:00Z"),
            ("2026-06-05T13:05:00+99", "%FT%T%z", "-"),
            ("2026-06-05 13:05 EST", "%F %H:%M %Z", "2026-06-05T18:05:00Z"),
            ("2026-06-05 13:05 CST", "%F %H:%M %Z", "zone"),
            ("2026-06-05 13:05 XYZ", "%F %H:%M %Z", "zone"),
            ("Fri Jun 05 2026 13:05:00 GMT+0200", "%a %b %d %Y %T %Z", "2026-06-05T11:05:00Z"),
            ("Fri Jun 05 2026 13:05:00 GMT+0200", "%a %b %d %Y %T GMT%z", "2026-06-05T11:05:00Z"),
            ("Fri, 05 Jun 2026 13:05:00 GMT", "%a, %d %b %Y %T %Z", "2026-06-05T13:05:00Z"),
        ]);
    }

    /// A weekday can settle the century.
    #[test]
    fn m4_years_of_two_digits() {
        check(&[
            ("03/04/26", "%m/%d/%y", "2026-03-04"),
            ("03/04/69", "%m/%d/%y", "1969-03-04 or 2069-03-04"),
            ("03/04/69 13:30", "%m/%d/%y %H:%M", "1969-03-04T13:30:00 or 2069-03-04"),
            ("Tue 03/04/69", "%a %m/%d/%y", "1969-03-04"),
            ("Mon 03/04/69", "%a %m/%d/%y", "2069-03-04"),
            ("Sun 03/04/69", "%a %m/%d/%y", "-"),
            ("02/29/26", "%m/%d/%y", "February 2026 has 28 days"),
        ]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in "\\PC{0,30}", format in "(%[YmdHMSzZsFTjyIpbaf][ /:-]?){1,6}") {
            let _ = reader().read(&text, &format);
        }

        /// What is written in a format that names everything reads back.
        #[test]
        fn what_is_written_reads_back(days in 0_i64..200_000, second in 0_i64..86_400) {
            let at = Timestamp::from_second(days * 86_400 + second).unwrap().to_zoned(jiff::tz::TimeZone::UTC);
            for format in ["%A, %d %B %Y %I:%M:%S %p %z", "%a %e-%b-%Y %T %Z", "%Y%m%d%H%M%S%z", "%j %Y %T%:z"] {
                let text = jiff::fmt::strtime::format(format, &at).unwrap();
                prop_assert_eq!(describe(reader().read(&text, format)), at.timestamp().to_string(), "{} in {}", text, format);
            }
        }
    }
}
