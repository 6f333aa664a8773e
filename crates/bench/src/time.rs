//! The calendar without zones: days since the Unix epoch and back.

/// Year, month and day of a day since the Unix epoch, from year 0 on.
pub(crate) fn civil(days: i64) -> (u64, u64, u64) {
    // After Howard Hinnant's `civil_from_days`.
    let shifted = (days + 719_468).unsigned_abs();
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// `2026-08-24T07:05:09.123Z`.
pub(crate) fn timestamp(micros: u64) -> String {
    const DAY_MICROS: u64 = 86_400_000_000;
    let days = i64::try_from(micros / DAY_MICROS).expect("at most 2^48 days");
    let (year, month, day) = civil(days);
    let within = micros % DAY_MICROS / 1_000;
    let (hour, minute) = (within / 3_600_000, within / 60_000 % 60);
    let (second, milli) = (within / 1_000 % 60, within % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_calendar_has_them() {
        assert_eq!(timestamp(951_782_400_123_456), "2000-02-29T00:00:00.123Z");
        assert_eq!(timestamp(1_735_689_599_000_000), "2024-12-31T23:59:59.000Z");
        assert_eq!(civil(-1), (1969, 12, 31));
    }
}
