//! Letters and words that stand for zeros.

/// How many zeros, and what stands for them. What means different numbers in different countries is not among them: `billion`, `mil`,
/// `MM`, `L`.
const SUFFIXES: [(usize, &str); 7] = [
    (3, "k thousand tausend tsd tys тыс"),
    (4, "万 萬 만"),
    (5, "lakh lakhs lac lacs"),
    (6, "m mn mio mln million millions млн"),
    (7, "cr crore crores"),
    (8, "億 亿 억"),
    (9, "b bn mrd млрд"),
];

/// Each way in which a text can begin with a suffix: the zeros it stands for, and what is behind it. A point may end an abbreviation.
pub fn cut_suffix(text: &str) -> impl Iterator<Item = (usize, &str)> {
    suffix_words().filter_map(move |(zeros, word)| {
        let (start, rest) = text.split_at_checked(word.len())?;
        (start.to_lowercase() == word).then(|| (zeros, rest.strip_prefix('.').unwrap_or(rest).trim_start()))
    })
}

/// Every suffix with its zeros, in small letters.
pub fn suffix_words() -> impl Iterator<Item = (usize, &'static str)> {
    SUFFIXES.iter().flat_map(|(zeros, words)| words.split(' ').map(|word| (*zeros, word)))
}
