//! Instants and dates through the public interface: days of odd lengths, timestamps as text, and the ends of the
//! calendar.

#![expect(clippy::unwrap_used, reason = "a test that fails may panic")]

use chrono::{DateTime, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use proptest::prelude::*;
use std::time::{Duration, SystemTime};
use trackstats::{Calendar, Error, Period, Result, Timestamp, calendar::Bucket, model::Date};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn zone(name: &str) -> Calendar {
    Calendar::new(name).unwrap()
}

#[test]
fn a_day_that_has_begun_goes_on_when_the_clocks_go_back_over_midnight() {
    // At 00:01 on 29 October 2006 the clocks went back to 23:01 of the 28th.
    let calendar = zone("America/St_Johns");
    let day = calendar.bucket_on(Period::Day, date("2006-10-29")).unwrap();
    assert_eq!(day.start, instant("2006-10-29T02:30:00Z"));
    for at in ["02:30:00", "02:30:59", "02:31:00", "03:29:59", "03:30:00"] {
        let at = instant(&format!("2006-10-29T{at}Z"));
        assert_eq!(calendar.bucket(Period::Day, at).unwrap(), day, "{at}");
    }
    let before = instant("2006-10-29T02:29:59Z");
    assert_eq!(calendar.day_of(before).unwrap(), date("2006-10-28"));
}

#[test]
fn a_skipped_day_has_no_length_and_no_instants() {
    let calendar = zone("Pacific/Apia");
    let skipped = calendar.bucket_on(Period::Day, date("2011-12-30")).unwrap();
    assert_eq!(skipped.start, skipped.end);
    assert_eq!(calendar.day_of(skipped.start).unwrap(), date("2011-12-31"));
    let hour = calendar.bucket_on(Period::Hour, date("2011-12-30")).unwrap();
    assert_eq!((hour.start, hour.end), (skipped.start, skipped.end));
    // A window counts dates, so this one lasts two days and not three.
    let window = calendar.bucket_on(Period::LastDays(3), date("2011-12-31")).unwrap();
    assert_eq!((window.end - window.start).num_hours(), 48);
}

#[test]
fn hours_are_real_hours_and_the_last_may_be_short() {
    let calendar = zone("Australia/Lord_Howe");
    // The clocks went forward by half an hour on the one day, and back by it on the other.
    for (day, hours, last) in [("2027-10-03", 24, 30), ("2027-04-04", 25, 30)] {
        let day = calendar.bucket_on(Period::Day, date(day)).unwrap();
        let mut start = day.start;
        for hour in 0..hours {
            let bucket = calendar.bucket(Period::Hour, start).unwrap();
            assert_eq!(bucket.date, Date::with_hour(day.date.day(), hour));
            assert_eq!(bucket.start, start);
            let minutes = if hour == hours - 1 { last } else { 60 };
            assert_eq!((bucket.end - bucket.start).num_minutes(), minutes);
            start = bucket.end;
        }
        assert_eq!(start, day.end);
        let absent = calendar.bucket_on(Period::Hour, Date::with_hour(day.date.day(), hours)).unwrap();
        assert_eq!((absent.start, absent.end), (day.end, day.end));
    }
}

#[test]
fn the_33rd_hour_of_a_day_is_an_error() {
    let calendar = zone("Pacific/Kwajalein");
    let day = calendar.bucket_on(Period::Day, date("1969-09-30")).unwrap();
    assert_eq!((day.end - day.start).num_hours(), 47);
    let hour = |hour: u64| calendar.bucket(Period::Hour, day.start + Duration::from_secs(hour * 3_600));
    assert_eq!(hour(31).unwrap().date.hour(), 31);
    let error = hour(32).unwrap_err();
    assert!(matches!(&error, Error::HourOutOfRange { date, hour: 32 } if date == "1969-09-30"), "{error}");
    let error = calendar.bucket_on(Period::Hour, Date::with_hour(day.date.day(), 32)).unwrap_err();
    assert!(matches!(error, Error::HourOutOfRange { hour: 32, .. }), "{error}");
}

#[test]
fn months_quarters_and_years_begin_on_the_day_of_the_month() {
    let calendar = Calendar::default().months_from(15).unwrap();
    let cases = [
        (Period::Month, "2024-03-14", "2024-02-15", "2024-03-15"),
        (Period::Month, "2024-03-15", "2024-03-15", "2024-04-15"),
        (Period::Quarter, "2024-04-14", "2024-01-15", "2024-04-15"),
        (Period::Quarter, "2024-04-15", "2024-04-15", "2024-07-15"),
        (Period::Year, "2024-01-14", "2023-01-15", "2024-01-15"),
        (Period::Year, "2024-01-15", "2024-01-15", "2025-01-15"),
    ];
    for (period, on, start, end) in cases {
        let bucket = calendar.bucket_on(period, date(on)).unwrap();
        let days = (bucket.date.day(), bucket.start.date_naive(), bucket.end.date_naive());
        assert_eq!(days, (date(start), date(start), date(end)), "{period} {on}");
    }
}

#[test]
fn rolling_windows_and_lifetime_end_with_their_date() {
    let calendar = zone("Europe/Amsterdam");
    let at = instant("2024-05-17T12:00:00Z");
    let window = calendar.bucket(Period::LastDays(30), at).unwrap();
    assert_eq!(window.date, date("2024-05-17"));
    assert_eq!(window.start, instant("2024-04-17T22:00:00Z"));
    assert_eq!(window.end, instant("2024-05-17T22:00:00Z"));
    let lifetime = calendar.bucket(Period::Lifetime, at).unwrap();
    assert_eq!((lifetime.date, lifetime.end), (window.date, window.end));
    let first = calendar.bucket_on(Period::Day, date("0001-01-01")).unwrap();
    assert_eq!(lifetime.start, first.start);
    assert!(matches!(calendar.bucket(Period::LastDays(0), at), Err(Error::UnknownPeriod { .. })));
}

#[test]
fn what_lies_outside_the_years_1_to_9999_is_an_error() {
    let out_of_range = |result: Result<Bucket>| matches!(result, Err(Error::DateOutOfRange { .. }));
    for name in ["UTC", "Asia/Manila", "Pacific/Kiritimati"] {
        for calendar in [zone(name), zone(name).weeks_from(Weekday::Sun).months_from(28).unwrap()] {
            let first = calendar.bucket_on(Period::Day, date("0001-01-01")).unwrap();
            let last = calendar.bucket_on(Period::Day, date("9999-12-31")).unwrap();
            for period in [
                Period::Hour,
                Period::Day,
                Period::Week,
                Period::Month,
                Period::Quarter,
                Period::Year,
                Period::LastDays(u16::MAX),
                Period::Lifetime,
            ] {
                let earliest = calendar.bucket(period, first.start).unwrap();
                assert_eq!(calendar.bucket_on(period, earliest.date).unwrap(), earliest);
                let latest = calendar.bucket(period, last.end - Duration::from_secs(1)).unwrap();
                assert_eq!(calendar.bucket_on(period, latest.date).unwrap(), latest);

                assert!(out_of_range(calendar.bucket(period, first.start - Duration::from_secs(1))));
                assert!(out_of_range(calendar.bucket(period, last.end)));
                for seconds in [i64::MIN, i64::MIN + 1, i64::MAX - 1, i64::MAX] {
                    assert!(out_of_range(calendar.bucket(period, Timestamp::from_unix_seconds(seconds))));
                }
                for day in [NaiveDate::MIN, NaiveDate::MAX] {
                    assert!(out_of_range(calendar.bucket_on(period, day)));
                }
            }
        }
    }
    let error = Calendar::default().day_of(instant("0000-12-31T23:59:59Z")).unwrap_err();
    assert!(error.to_string().starts_with("0000-12-31T23:59:59Z is outside the calendar"), "{error}");
    let error = Calendar::default().day_of(Timestamp::from_unix_seconds(i64::MIN)).unwrap_err();
    assert!(error.to_string().starts_with("Unix second -9223372036854775808 is outside"), "{error}");
}

#[test]
fn settings_that_can_not_be_are_refused_with_what_can() {
    let error = Calendar::new("Europe/Amsterdm").unwrap_err().to_string();
    assert!(error.contains("did you mean Europe/Amsterdam"), "{error}");
    let error = Calendar::new("").unwrap_err();
    assert!(matches!(error, Error::UnknownZone { .. }));

    let utc = Calendar::default();
    for time in ["02:30:01", "02:30:00.5"] {
        let error = utc.days_from(time.parse().unwrap()).unwrap_err();
        assert!(matches!(error, Error::InvalidCalendar { .. }));
    }
    for day in [0, 29, u32::MAX] {
        assert!(matches!(utc.months_from(day), Err(Error::InvalidCalendar { .. })));
    }
    assert_eq!(utc.days_from(NaiveTime::from_hms_opt(23, 59, 0).unwrap()).unwrap().day_start().minute(), 59);
}

#[test]
fn a_calendar_is_written_in_one_line() {
    let calendar = zone("Europe/Amsterdam").weeks_from(Weekday::Sun).months_from(15).unwrap();
    let calendar = calendar.days_from(NaiveTime::from_hms_opt(4, 30, 0).unwrap()).unwrap();
    assert_eq!(
        calendar.to_string(),
        "Europe/Amsterdam, days from 04:30, weeks from sunday, months from day 15"
    );
    assert_eq!(Calendar::default().to_string(), "UTC, days from 00:00, weeks from monday, months from day 1");
    assert_eq!(Calendar::new("UTC").unwrap(), Calendar::default());
    assert_eq!((calendar.zone(), calendar.month_start_day()), ("Europe/Amsterdam", 15));
    assert!(Calendar::tz_version().starts_with("20"));
}

#[test]
fn timestamps_round_down_towards_the_past() {
    let epoch = SystemTime::UNIX_EPOCH;
    let half = Duration::from_millis(500);
    let seconds = |at: Timestamp| at.unix_seconds();
    assert_eq!(seconds((epoch + half).into()), 0);
    assert_eq!(seconds((epoch - half).into()), -1);
    assert_eq!(seconds((epoch - Duration::from_secs(1)).into()), -1);
    assert_eq!(seconds(instant("1969-12-31T23:59:59.5Z").into()), -1);
    assert_eq!(Timestamp::from_unix_seconds(-1).to_utc().unwrap(), instant("1969-12-31T23:59:59Z"));
    assert!(Timestamp::from_unix_seconds(i64::MIN).to_utc().is_err());
}

fn read(calendar: Calendar, text: &str) -> String {
    calendar.parse_timestamp(text).unwrap().to_string()
}

#[test]
fn timestamps_are_read_in_every_form() {
    let calendar = zone("America/New_York");
    let same = [
        "2013-01-01T10:45:00Z",
        "2013-01-01t10:45:00z",
        "2013-01-01 10:45:00Z",
        "2013-01-01T05:45:00-05:00",
        "2013-01-01T16:15:00.999999999999+05:30",
        " 2013-01-01 05:45\n",
        "2013-01-01T05:45:00",
        "2013-01-01 05:45:00.9",
        "1357037100",
    ];
    for text in same {
        assert_eq!(read(calendar, text), "2013-01-01T10:45:00Z", "{text}");
    }
    assert_eq!(read(calendar, "-1"), "1969-12-31T23:59:59Z");
    assert_eq!(read(calendar, "2016-12-31T23:59:60Z"), "2016-12-31T23:59:59Z");
    assert_eq!(read(calendar, "2016-12-31 18:59:60"), "2016-12-31T23:59:59Z");
    let from_four = calendar.days_from(NaiveTime::from_hms_opt(4, 0, 0).unwrap()).unwrap();
    assert_eq!(read(from_four, "2013-01-01"), "2013-01-01T05:00:00Z");
    let largest = calendar.parse_timestamp(&i64::MAX.to_string()).unwrap();
    assert_eq!(largest.unix_seconds(), i64::MAX);
}

#[test]
fn local_times_in_gaps_and_folds_are_read_as_documented() {
    let amsterdam = zone("Europe/Amsterdam");
    assert_eq!(read(amsterdam, "2025-03-30 02:00"), "2025-03-30T01:00:00Z");
    assert_eq!(read(amsterdam, "2025-03-30 02:59:59"), "2025-03-30T01:00:00Z");
    assert_eq!(read(amsterdam, "2025-10-26 02:30"), "2025-10-26T00:30:00Z");
    assert_eq!(read(amsterdam, "2025-10-26 03:00"), "2025-10-26T02:00:00Z");
    assert_eq!(read(zone("America/Sao_Paulo"), "2014-10-19"), "2014-10-19T03:00:00Z");
    assert_eq!(read(zone("Pacific/Apia"), "2011-12-30 12:00"), "2011-12-30T10:00:00Z");
    assert_eq!(read(zone("America/St_Johns"), "2006-10-28 23:30"), "2006-10-29T02:00:00Z");
}

#[test]
fn nonsense_is_not_a_timestamp() {
    let nonsense = [
        "",
        " ",
        "-",
        "+1",
        "1.5",
        "--1",
        "9223372036854775808",
        "2013-1-1",
        "2013-02-29",
        "2013-13-01",
        "2013/01/01",
        "13-01-01 00:00",
        "2013-01-01T",
        "2013-01-01 5:45",
        "2013-01-01 05",
        "2013-01-01 05:45:",
        "2013-01-01 05:45.5",
        "2013-01-01 05:45:00.",
        "2013-01-01 05:45:00.5.5",
        "2013-01-01 24:00",
        "2013-01-01 23:60",
        "2013-01-01 23:59:61",
        "2013-01-01  23:59",
        "2013-01-01 23:59:59:59",
        "2013-01-0\u{661}",
        "201\u{e9}-01-01",
        "yesterday",
    ];
    for text in nonsense {
        let error = Calendar::default().parse_timestamp(text).unwrap_err();
        assert!(matches!(error, Error::InvalidTimestamp { .. }), "{text}");
    }
    let long = "\u{e9}".repeat(100);
    let error = Calendar::default().parse_timestamp(&long).unwrap_err();
    assert!(matches!(error, Error::InvalidTimestamp { text } if text == "\u{e9}".repeat(40)));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_it_panic(text in any::<String>()) {
        let _ = zone("America/St_Johns").parse_timestamp(&text);
    }

    #[test]
    fn no_text_like_a_timestamp_makes_it_panic(text in "[-+]?[0-9\u{e9}]{0,5}[-0-9]{0,6}[ Tt]?[0-9:.]{0,12}[Zz+-]?[0-9:]{0,5}") {
        if let Ok(at) = zone("Pacific/Apia").parse_timestamp(&text) {
            let _ = zone("Pacific/Apia").bucket(Period::Week, at);
        }
    }

    #[test]
    fn what_is_written_can_be_read(seconds in -62_135_596_800_i64..253_402_300_800) {
        let at = Timestamp::from_unix_seconds(seconds);
        prop_assert_eq!(zone("Asia/Kathmandu").parse_timestamp(&at.to_string()).unwrap(), at);
        prop_assert_eq!(Calendar::default().parse_timestamp(&seconds.to_string()).unwrap(), at);
    }

    #[test]
    fn an_instant_lies_in_its_bucket_and_so_does_its_date(seconds in -4_000_000_000_i64..5_000_000_000, month_start in 1_u32..=28) {
        let at = Timestamp::from_unix_seconds(seconds);
        let calendar = zone("America/Havana").weeks_from(Weekday::Sat).months_from(month_start).unwrap();
        let utc = at.to_utc().unwrap();
        for period in [Period::Hour, Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year] {
            let bucket = calendar.bucket(period, at).unwrap();
            prop_assert!((bucket.start..bucket.end).contains(&utc));
            prop_assert_eq!(calendar.bucket(period, bucket.start).unwrap(), bucket);
            prop_assert_eq!(calendar.bucket_on(period, bucket.date).unwrap(), bucket);
            let next = calendar.bucket(period, bucket.end).unwrap();
            prop_assert_eq!(next.start, bucket.end);
        }
    }
}
