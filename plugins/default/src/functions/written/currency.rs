//! Signs, codes and words of currencies.

/// Every sign or word that is read, and the codes of the currencies that it may stand for. One with a capital letter is read in exactly this
/// way, any other one in capitals, too: `ft` is a foot and `try` a word.
const CURRENCIES: [(&str, &str); 51] = [
    ("$", "usd ars aud cad clp cop hkd mxn nzd sgd twd"),
    ("us$", "usd"),
    ("a$", "aud"),
    ("au$", "aud"),
    ("c$", "cad"),
    ("ca$", "cad"),
    ("hk$", "hkd"),
    ("mx$", "mxn"),
    ("nt$", "twd"),
    ("nz$", "nzd"),
    ("r$", "brl"),
    ("s$", "sgd"),
    ("dollar", "usd aud cad hkd nzd sgd twd"),
    ("dollars", "usd aud cad hkd nzd sgd twd"),
    ("€", "eur"),
    ("euro", "eur"),
    ("euros", "eur"),
    ("£", "gbp egp"),
    ("¥", "jpy cny"),
    ("円", "jpy"),
    ("元", "cny hkd twd"),
    ("원", "krw"),
    ("₩", "krw"),
    ("₹", "inr"),
    ("rs", "inr lkr mur npr pkr"),
    ("rs.", "inr lkr mur npr pkr"),
    ("₽", "rub"),
    ("руб", "rub"),
    ("руб.", "rub"),
    ("₴", "uah"),
    ("грн", "uah"),
    ("грн.", "uah"),
    ("₺", "try"),
    ("TL", "try"),
    ("TRY", "try"),
    ("₪", "ils"),
    ("฿", "thb"),
    ("₫", "vnd"),
    ("₦", "ngn"),
    ("₱", "php"),
    ("zł", "pln"),
    ("kč", "czk"),
    ("Ft", "huf"),
    ("lei", "ron"),
    ("RON", "ron"),
    ("kr", "dkk isk nok sek"),
    ("kr.", "dkk isk nok sek"),
    ("fr.", "chf"),
    ("RM", "myr"),
    (BEFORE_ONLY, "zar"),
    ("COP", "cop"),
];

/// Codes that stand for themselves, in small letters, too.
const CODES: &str = "aed ars aud bdt bgn brl cad chf clp cny czk dkk egp eur gbp ghs hkd huf idr ils inr isk jpy kes krw kwd lkr mur mxn myr \
                     ngn nok npr nzd php pkr pln qar rub sar sek sgd thb twd uah usd vnd zar";

/// The rand is not read behind a number, where the letter may stand for rooms.
const BEFORE_ONLY: &str = "R";

/// What an amount is counted in: the codes of the currencies that its sign may stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency(&'static str);

impl Currency {
    /// The one that stands before an amount, if the text is one and nothing else.
    pub fn before(text: &str) -> Option<Self> {
        let lower = text.to_lowercase();
        let is_meant = |word: &str| if word.chars().any(char::is_uppercase) { word == text } else { word == lower };
        let found = CURRENCIES.iter().find(|(word, _)| is_meant(word)).map(|(_, codes)| *codes);
        found.or_else(|| CODES.split(' ').find(|code| *code == lower)).map(Self)
    }

    /// The one that stands behind an amount.
    pub fn behind(text: &str) -> Option<Self> {
        Self::before(text).filter(|_| text != BEFORE_ONLY)
    }

    /// The currency that two signs of one amount, or of the ends of one range, are both for; an outer none when there is none.
    pub fn shared(one: Option<Self>, other: Option<Self>) -> Option<Option<Self>> {
        let (Some(one), Some(other)) = (one, other) else { return Some(one.or(other)) };
        let (few, many) = if one.0.len() <= other.0.len() { (one, other) } else { (other, one) };
        few.0.split(' ').any(|code| many.0.split(' ').any(|known| known == code)).then_some(Some(few))
    }
}

/// Every sign, word and code that is read, for the reference.
pub fn currency_words() -> impl Iterator<Item = &'static str> {
    CURRENCIES.iter().map(|(word, _)| *word).chain(CODES.split(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn m4_signs_of_one_currency_fit_together() {
        let known = |text| Currency::before(text);
        for (one, other, fits) in [
            ("$", "USD", true),
            ("$", "cad", true),
            ("US$", "CAD", false),
            ("€", "USD", false),
            ("Rs.", "INR", true),
            ("¥", "円", true),
            ("KČ", "czk", true),
        ] {
            assert!(known(one).is_some() && known(other).is_some(), "{one} {other}");
            assert_eq!(Currency::shared(known(one), known(other)).is_some(), fits, "{one} {other}");
        }
        assert_eq!(Currency::shared(known("$"), known("CAD")), Some(known("CAD")));
        for text in ["ft", "try", "rm", "r", "USD.", "", "$ $", "lb"] {
            assert_eq!(known(text), None, "{text}");
        }
        assert_eq!((known("R").is_some(), Currency::behind("R")), (true, None));
    }
}
