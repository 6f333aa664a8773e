//! The proleptic Gregorian calendar: dates as counts of days since 1970-01-01, and back.
//!
//! Works for the years 0 to 10,000, a year more on either side than [`Timestamp`](super::Timestamp) needs, since a local
//! date may lie beyond.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "years up to 10,000 stay far inside `i64`"
)]

pub(crate) const SECONDS_PER_DAY: i64 = 86_400;
pub(crate) const MICROS_PER_DAY: i64 = SECONDS_PER_DAY * super::MICROS_PER_SECOND;

/// The calendar repeats after 400 years.
const DAYS_PER_ERA: i64 = 146_097;
/// Days from 0000-03-01 to 1970-01-01.
const EPOCH_FROM_MARCH_0000: i64 = 719_468;

/// A date of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Date {
    pub(crate) year: i64,
    /// 1 to 12.
    pub(crate) month: i64,
    /// 1 to 31.
    pub(crate) day: i64,
}

impl Date {
    /// The date that is `days` days after 1970-01-01.
    ///
    /// Counts years from the 1st of March, so that the leap day is the last of its year and month lengths follow a
    /// straight line (153 days in five months).
    pub(crate) fn from_epoch_days(days: i64) -> Self {
        let from_march = days + EPOCH_FROM_MARCH_0000;
        let era = from_march.div_euclid(DAYS_PER_ERA);
        let day_of_era = from_march.rem_euclid(DAYS_PER_ERA);
        // Take out the leap days, every 4 years but for 100 and with 400, and years are 365 days.
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let january = month_from_march >= 10;
        Self {
            year: era * 400 + year_of_era + i64::from(january),
            month: if january {
                month_from_march - 9
            } else {
                month_from_march + 3
            },
            day,
        }
    }

    /// Days since 1970-01-01. The day may be one that the month does not have; it then counts on into the next month.
    pub(crate) fn epoch_days(self) -> i64 {
        let year = if self.month <= 2 {
            self.year - 1
        } else {
            self.year
        };
        let month_from_march = if self.month <= 2 {
            self.month + 9
        } else {
            self.month - 3
        };
        let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day - 1;
        year * 365 + leap_days + day_of_year - EPOCH_FROM_MARCH_0000
    }

    /// The date `months` months later; a day that the month does not have becomes its last day.
    pub(crate) fn plus_months(self, months: i64) -> Self {
        let total = self.year * 12 + self.month - 1 + months;
        let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
        Self {
            year,
            month,
            day: self.day.min(days_in_month(year, month)),
        }
    }
}

/// How many days a month has.
pub(crate) fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}
