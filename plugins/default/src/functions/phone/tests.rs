//! Against known numbers, and against the library that the table is made from.

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, country};
use proptest::prelude::*;

use super::*;

#[test]
fn m4_numbers_of_many_regions_become_e164() {
    for (text, region, expected) in [
        ("(555) 123-4567", "US", Ok("+15551234567")),
        ("0123456789", "US", Err(NotAPhone::NoSuchNumber)),
        ("(512) 555-0142", "US", Ok("+15125550142")),
        ("1 512 555 0142", "US", Ok("+15125550142")),
        ("+1 (512) 555-0142 ext 7", "DE", Ok("+15125550142")),
        ("011 44 20 7946 0958", "US", Ok("+442079460958")),
        ("020 7946 0958", "GB", Ok("+442079460958")),
        ("+44 (0)20 7946 0958", "US", Ok("+442079460958")),
        ("00442079460958", "DE", Ok("+442079460958")),
        ("030 123456", "DE", Ok("+4930123456")),
        ("0049 30 123456", "DE", Ok("+4930123456")),
        ("02 1234 5678", "IT", Ok("+390212345678")),
        ("06 12 34 56 78", "FR", Ok("+33612345678")),
        ("8 (912) 345-67-89", "RU", Ok("+79123456789")),
        ("011 15-2345-6789", "AR", Ok("+5491123456789")),
        ("0 11 2345-6789", "AR", Ok("+541123456789")),
        ("(11) 96123-4567", "BR", Ok("+5511961234567")),
        ("0 15 11 96123-4567", "BR", Ok("+5511961234567")),
        ("090-1234-5678", "JP", Ok("+819012345678")),
        ("0412 345 678", "AU", Ok("+61412345678")),
        ("98765 43210", "IN", Ok("+919876543210")),
        ("+91 98765 43210", "", Ok("+919876543210")),
        ("5125550142", "", Err(NotAPhone::UnknownRegion)),
        ("5125550142", "ZZ", Err(NotAPhone::UnknownRegion)),
        ("+999 123456", "US", Err(NotAPhone::UnknownCountryCode)),
        ("+1", "US", Err(NotAPhone::CodeAlone)),
        ("no phone", "US", Err(NotAPhone::NoNumber)),
        ("1-800-FLOWERS", "DE", Err(NotAPhone::Letters)),
        ("030 123456 home", "DE", Err(NotAPhone::Letters)),
        ("+1 800 FLOWERS", "DE", Ok("+18003569377")),
        ("030 1234**", "DE", Err(NotAPhone::NoNumber)),
        ("+4930123456.0", "DE", Ok("+4930123456")),
    ] {
        assert_eq!(e164(text, region).as_deref().map_err(|e| *e), expected, "{text} in {region}");
    }
}

/// A digit too few or too many: how many there are, and how many numbers that begin like this have.
#[test]
fn m4_numbers_of_a_wrong_length_say_how_long_they_should_be() {
    for (text, region, has, lengths) in [
        ("12", "US", 1, 1 << 10),
        ("(512) 555-014", "US", 9, 1 << 10),
        ("512 555 01429", "US", 11, 1 << 10),
        ("512555014299", "US", 12, 1 << 10),
        ("0041 44 668 18 00", "US", 13, 1 << 7 | 1 << 10),
        ("+1 512 555 014", "DE", 9, 1 << 10),
        ("020 7946 095", "GB", 9, 1 << 10),
        ("020 7946 09581", "GB", 11, 1 << 10),
        ("07400 12345", "GB", 9, 1 << 10),
        ("06 12 34 56 7", "FR", 8, 1 << 9),
        ("+33 6 12 34 56 789", "US", 10, 1 << 9),
        ("0612345678", "NL", 9, 0),
        ("061234567", "NL", 8, 1 << 9),
        ("98765 4321", "IN", 9, 1 << 10),
    ] {
        let found = e164(text, region);
        match lengths {
            0 => assert!(found.is_ok(), "{text}: {found:?}"),
            _ => {
                let Err(NotAPhone::Digits(count)) = found else { panic!("{text} in {region}: {found:?}") };
                assert_eq!((count.has, count.lengths), (has, lengths), "{text} in {region}: {}", count.reason());
            }
        }
    }
}

/// Every example number of every region and kind, in international form.
#[test]
fn m4_the_librarys_own_examples_are_all_known() {
    let mut seen = 0;
    for region in DATABASE.iter() {
        let all = region.descriptors();
        let kinds = [all.fixed_line(), all.mobile(), all.toll_free(), all.premium_rate(), all.voip(), all.uan()];
        for example in kinds.into_iter().flatten().filter_map(|kind| kind.example()) {
            let number = format!("+{}{example}", region.country_code());
            assert_eq!(e164(&number, "US").as_deref(), Ok(number.as_str()), "{}", region.id());
            assert!(is_assignable(&number, "US"), "{}", region.id());
            seen += 1;
        }
    }
    assert!(seen > 800, "{seen}");
}

/// What the library says of a text; none when it takes it for no valid number.
fn by_library(text: &str, region: &str) -> Option<String> {
    let id: country::Id = region.parse().ok()?;
    let number = phonenumber::parse(Some(id), text).ok()?;
    phonenumber::is_valid(&number).then(|| number.format().mode(Mode::E164).to_string())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// A number of the US is what the library says it is: its regions have no odd prefixes.
    #[test]
    fn m4_us_numbers_agree_with_the_library(digits in "1?[2-9][0-9]{9}") {
        let ours = e164(&digits, "US").ok().filter(|_| is_assignable(&digits, "US"));
        prop_assert_eq!(ours, by_library(&digits, "US"));
    }

    #[test]
    fn any_text_is_a_number_or_not(text: String, region in "[A-Z]{2}") {
        if let Ok(number) = e164(&text, &region) {
            prop_assert!(number.starts_with('+') && number[1..].bytes().all(|b| b.is_ascii_digit()));
            prop_assert_eq!(e164(&number, "US").ok(), Some(number));
        }
    }

    #[test]
    fn any_digits_are_a_number_or_not(text in "[+]?[0-9 ]{0,20}", region in "(AR|BR|GB|IT|MX|US|DE|KN|CN|KR|CO|LU)") {
        if let Ok(number) = e164(&text, &region) {
            prop_assert_eq!(e164(&number, "US").ok(), Some(number));
        }
    }
}

/// Every example number is written as the library writes it, and belongs to the region whose example it is, or to one that
/// shares its code.
#[test]
fn m4_the_librarys_own_examples_are_written_alike() {
    let mut alike = 0;
    for region in DATABASE.iter() {
        let all = region.descriptors();
        let kinds = [all.fixed_line(), all.mobile(), all.toll_free(), all.premium_rate(), all.voip(), all.uan()];
        for example in kinds.into_iter().flatten().filter_map(|kind| kind.example()) {
            let text = format!("+{}{example}", region.country_code());
            let known = known(&text, "").unwrap();
            let code_of_region = known.region.and_then(Region::by_id).map_or(region.country_code(), |found| found.code);
            assert_eq!(code_of_region, region.country_code(), "{text}");
            let theirs = phonenumber::parse(None, &text).unwrap();
            // A few numbers begin like a national prefix, which the library takes off.
            if theirs.format().mode(Mode::E164).to_string() == text {
                assert_eq!(known.national, theirs.format().mode(Mode::National).to_string(), "{} {text}", region.id());
                alike += 1;
            }
        }
    }
    assert!(alike > 800, "{alike}");
}

#[test]
fn m4_areas_and_countries_of_numbers() {
    for (text, area, region) in [
        ("+15127891111", Some("512"), Some("US")),
        ("+14167891111", Some("416"), Some("CA")),
        ("+17876251234", Some("787"), Some("PR")),
        ("+18002345678", None, Some("US")),
        ("+442079460958", Some("20"), Some("GB")),
        ("+447400123456", None, Some("GB")),
        ("+447911123456", None, Some("GG")),
        ("+4930901820", Some("30"), Some("DE")),
        ("+34911234567", None, Some("ES")),
        ("+541123456789", Some("11"), Some("AR")),
        ("+5491123456789", Some("11"), Some("AR")),
        ("+5511961234567", Some("11"), Some("BR")),
        ("+390212345678", None, Some("IT")),
        ("+77172123456", Some("7172"), Some("KZ")),
    ] {
        let known = known(text, "").unwrap();
        assert_eq!((known.area_code.as_deref(), known.region), (area, region), "{text}");
    }
}
