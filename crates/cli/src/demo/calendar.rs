//! Days and times of day in UTC, as the demo writes and shows them.
//!
//! Counted here by hand and not by the server's own calendar, so that the demo's sums are independent of it.

/// A day has this many microseconds: UTC without leap seconds.
pub(super) const MICROS_PER_DAY: i64 = 86_400 * 1_000_000;

/// A day of the calendar: days since 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(pub(super) i64);

impl Day {
    /// The day in which this point in time lies (microseconds since the Unix epoch).
    pub(super) fn of(micros: i64) -> Self {
        Self(micros.div_euclid(MICROS_PER_DAY))
    }

    /// Its first microsecond.
    pub(super) fn start_micros(self) -> i64 {
        self.0 * MICROS_PER_DAY
    }

    /// 0 for Monday to 6 for Sunday.
    pub(super) fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday.
        usize::try_from((self.0 + 3).rem_euclid(7)).expect("a remainder of 7 is small")
    }

    /// Year, month and day of the month, after Howard Hinnant's `civil_from_days`.
    fn civil(self) -> (i64, usize, i64) {
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 {
            month_from_march + 3
        } else {
            month_from_march - 9
        };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, usize::try_from(month).expect("1 to 12"), day)
    }

    /// The first day of its month.
    pub(super) fn first_of_month(self) -> Self {
        Self(self.0 - self.civil().2 + 1)
    }

    /// `2026-08-24`.
    pub(super) fn iso(self) -> String {
        let (year, month, day) = self.civil();
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// `24 Aug`.
    pub(super) fn short(self) -> String {
        let (_, month, day) = self.civil();
        format!("{day} {}", MONTHS[month - 1])
    }

    /// `Mon 24 Aug`, always ten columns.
    pub(super) fn with_weekday(self) -> String {
        let (_, month, day) = self.civil();
        format!(
            "{} {day:>2} {}",
            WEEKDAYS[self.weekday()],
            MONTHS[month - 1]
        )
    }

    /// `24 Aug 2026`.
    pub(super) fn with_year(self) -> String {
        format!("{} {}", self.short(), self.civil().0)
    }
}

/// A point in time as the API takes it: `2026-08-24T07:05:09.000120Z`.
pub(super) fn timestamp(micros: i64) -> String {
    let day = Day::of(micros);
    let within = micros - day.start_micros();
    let (seconds, fraction) = (within / 1_000_000, within % 1_000_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!(
        "{}T{hour:02}:{minute:02}:{second:02}.{fraction:06}Z",
        day.iso()
    )
}

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_in_time_are_written_as_the_calendar_has_them() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_399, "2000-02-28T23:59:59.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_735_689_599, "2024-12-31T23:59:59.000000Z"),
            (1_772_323_200, "2026-03-01T00:00:00.000000Z"),
        ] {
            assert_eq!(timestamp(seconds * 1_000_000), text);
        }
        assert_eq!(
            timestamp(1_735_689_599_000_120),
            "2024-12-31T23:59:59.000120Z"
        );
    }

    #[test]
    fn days_have_names() {
        let day = Day::of(1_772_323_200_000_000);
        assert_eq!(day.with_weekday(), "Sun  1 Mar");
        assert_eq!(day.short(), "1 Mar");
        assert_eq!(day.with_year(), "1 Mar 2026");
        assert_eq!(Day(day.0 - 1).first_of_month().iso(), "2026-02-01");
        assert_eq!(day.first_of_month(), day);
        assert_eq!(Day::of(day.start_micros() - 1), Day(day.0 - 1));
    }
}
