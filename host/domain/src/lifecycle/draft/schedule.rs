//! Schedules as the API receives and shows them: times of day as `09:00`, days as dates.

use super::{Schedule, ScheduleDraft, Window, WindowDraft, show};
use crate::endpoint::Faults;
use crate::lifecycle::schedule::{DAY_MINUTES, HOLIDAYS_MAX, WINDOWS_MAX};
use jiff::civil::Date;

/// A leap year: every day of any year is one of its days.
const LEAP_YEAR: &str = "2000";

impl ScheduleDraft {
    pub(super) fn check(self, faults: &mut Faults) -> Schedule {
        let Self { windows, holidays, when_closed } = self;
        if windows.is_empty() {
            let message = "is empty; name at least one window, or leave `schedule` out to take leads at any time";
            faults.add("schedule.windows", message);
        }
        if WINDOWS_MAX < windows.len() {
            let message = format!("has {} windows, at most {WINDOWS_MAX} are allowed", windows.len());
            faults.add("schedule.windows", message);
        }
        if HOLIDAYS_MAX < holidays.len() {
            let message = format!("has {} days, at most {HOLIDAYS_MAX} are allowed", holidays.len());
            faults.add("schedule.holidays", message);
        }
        for (index, day) in holidays.iter().take(HOLIDAYS_MAX).enumerate().filter(|(_, day)| !is_day(day)) {
            let message = format!(
                "is `{}`, which is not a day; write a date such as 2026-11-26, or 12-25 for every year",
                show(day)
            );
            faults.add(&format!("schedule.holidays[{index}]"), message);
        }
        let windows = windows.into_iter().take(WINDOWS_MAX).enumerate();
        let windows = windows.map(|(index, window)| window.check(&format!("schedule.windows[{index}]"), faults));
        Schedule { windows: windows.collect(), holidays: holidays.into_iter().collect(), when_closed }
    }
}

impl WindowDraft {
    fn check(self, path: &str, faults: &mut Faults) -> Window {
        let Self { days, from, until } = self;
        if days.is_empty() {
            faults.add(&format!("{path}.days"), "is empty; name at least one day, such as `monday`");
        }
        let (from_minute, until_minute) = (minute_of(&from), minute_of(&until));
        if from_minute.is_none_or(|minute| DAY_MINUTES <= minute) {
            let message = format!("is `{}`; it must be a time from 00:00 to 23:59, such as 09:00", show(&from));
            faults.add(&format!("{path}.from"), message);
        }
        if until_minute.is_none() {
            let message = format!("is `{}`; it must be a time from 00:00 to 24:00, such as 17:00", show(&until));
            faults.add(&format!("{path}.until"), message);
        }
        if from_minute.is_some() && from_minute == until_minute {
            let message =
                "is the same time as `from`, so that the window has no length; a whole day is from 00:00 until 24:00";
            faults.add(&format!("{path}.until"), message);
        }
        Window {
            days: days.into_iter().collect(),
            from_minute: from_minute.unwrap_or_default(),
            until_minute: until_minute.unwrap_or(DAY_MINUTES),
        }
    }
}

/// Minutes after midnight, of `00:00` to `24:00`.
fn minute_of(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |digits: &str| {
        let is_number = digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    let minute = hours * 60 + minutes;
    (minutes < 60 && minute <= DAY_MINUTES).then_some(minute)
}

fn time_of(minute: u16) -> String {
    format!("{:02}:{:02}", minute / 60, minute % 60)
}

/// Whether this is `2026-11-26`, or `12-25`, of a day that there is.
fn is_day(text: &str) -> bool {
    let written = if text.len() == "12-25".len() { format!("{LEAP_YEAR}-{text}") } else { text.to_owned() };
    written.parse::<Date>().is_ok_and(|day| day.to_string() == written)
}

impl From<&Schedule> for ScheduleDraft {
    fn from(schedule: &Schedule) -> Self {
        Self {
            windows: schedule.windows.iter().map(Into::into).collect(),
            holidays: schedule.holidays.iter().cloned().collect(),
            when_closed: schedule.when_closed,
        }
    }
}

impl From<&Window> for WindowDraft {
    fn from(window: &Window) -> Self {
        let days = window.days.iter().copied().collect();
        Self { days, from: time_of(window.from_minute), until: time_of(window.until_minute) }
    }
}
