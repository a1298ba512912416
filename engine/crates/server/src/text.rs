use std::fmt::Write;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// Appends the decimal number of so many units of 1e-9, without trailing zeros.
pub fn push_e9(out: &mut String, value: i128) {
    let magnitude = value.unsigned_abs();
    let (whole, fraction) = (magnitude / 1_000_000_000, (magnitude % 1_000_000_000) as u32);
    if value < 0 {
        out.push('-');
    }
    let _ = write!(out, "{whole}");
    push_fraction(out, fraction);
}

/// RFC 3339 in UTC with up to nine digits of a second, without trailing zeros.
pub fn rfc3339(nanos: u64) -> String {
    let mut out = String::with_capacity(30);
    push_rfc3339(&mut out, nanos);
    out
}

pub fn push_rfc3339(out: &mut String, nanos: u64) {
    let seconds = nanos / NANOS_PER_SECOND;
    let (year, month, day) = civil_from_days((seconds / 86_400) as i64);
    let of_day = seconds % 86_400;
    let _ = write!(
        out,
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}",
        of_day / 3_600,
        of_day / 60 % 60,
        of_day % 60
    );
    push_fraction(out, (nanos % NANOS_PER_SECOND) as u32);
    out.push('Z');
}

fn push_fraction(out: &mut String, nanos: u32) {
    if nanos != 0 {
        let digits = format!("{nanos:09}");
        out.push('.');
        out.push_str(digits.trim_end_matches('0'));
    }
}

/// Year, month and day of a number of days since 1970-01-01 (Hinnant's algorithm).
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

/// Appends a JSON string.
pub fn push_json_string(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            control if (control as u32) < 0x20 => {
                let _ = write!(out, "\\u{:04x}", control as u32);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn e9(value: i128) -> String {
        let mut out = String::new();
        push_e9(&mut out, value);
        out
    }

    #[test]
    fn decimals_have_no_trailing_zeros() {
        assert_eq!(e9(64_250_100_000_000), "64250.1");
        assert_eq!(e9(1), "0.000000001");
        assert_eq!(e9(0), "0");
        assert_eq!(e9(-1_500_000_000), "-1.5");
        assert_eq!(e9(20_000_000_000), "20");
    }

    #[test]
    fn times_are_rfc_3339_with_as_many_digits_as_they_need() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_723_161_255_342_000_000), "2024-08-08T23:54:15.342Z");
        assert_eq!(rfc3339(951_782_400_000_000_001), "2000-02-29T00:00:00.000000001Z");
    }
}
