//! Names of a form's fields that say where a value stands in others: `people[0][name]`, `address.city`, `tags[]`.

/// How many digits a place in a list may have: no list that is made of names has more items than that.
const PLACE_DIGITS_MAX: usize = 5;

/// A name taken apart.
#[derive(Debug, PartialEq, Eq)]
pub struct FormName<'n> {
    /// The parts, from the outside in.
    pub parts: Vec<NamePart<'n>>,
    /// Whether `[]` ends it: its values are items of a list.
    pub ends_in_list: bool,
}

/// A part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamePart<'n> {
    /// The part.
    pub name: &'n str,
    /// Whether it is a number in brackets, and so a place in a list if all beside it are.
    pub is_place: bool,
}

impl<'n> FormName<'n> {
    /// Takes a name apart at a mark, and at brackets where they count; none where it is only one part, one of them is empty, or there are more
    /// than `parts_max`.
    pub fn read(name: &'n str, between: &str, brackets: bool, parts_max: usize) -> Option<Self> {
        let mut read = Self { parts: Vec::new(), ends_in_list: false };
        let mut rest = name;
        while !rest.is_empty() && !read.ends_in_list {
            if brackets && !read.parts.is_empty() && rest.starts_with('[') {
                let (inside, behind) = rest[1..].split_once(']')?;
                match (inside.is_empty(), behind.is_empty()) {
                    (true, true) => read.ends_in_list = true,
                    (true, false) => return None,
                    (false, _) => read.parts.push(NamePart { name: inside, is_place: place(inside).is_some() }),
                }
                rest = behind;
            } else {
                let plain = if read.parts.is_empty() { rest } else { rest.strip_prefix(between)? };
                let bracket = plain.find('[').filter(|_| brackets);
                let end = [plain.find(between), bracket].into_iter().flatten().min().unwrap_or(plain.len());
                let name = plain.get(..end).filter(|part| !part.is_empty())?;
                read.parts.push(NamePart { name, is_place: false });
                rest = &plain[end..];
            }
        }
        let is_nested = 1 < read.parts.len() || read.ends_in_list;
        (is_nested && read.parts.len() <= parts_max).then_some(read)
    }
}

/// The place in a list that a part in brackets is: a number without zeros before it.
pub fn place(part: &str) -> Option<usize> {
    let is_plain = part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'));
    part.parse().ok().filter(|_| is_plain && part.len() <= PLACE_DIGITS_MAX)
}

/// Whether names are the places of a list, from 0 without a gap, in any order: `answers[12]` is an id that a list would lose.
pub fn are_places<'n>(names: impl Iterator<Item = &'n str>) -> bool {
    let places: Option<Vec<usize>> = names.map(place).collect();
    places.is_some_and(|mut places| {
        places.sort_unstable();
        !places.is_empty() && places.iter().copied().eq(0..places.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS_MAX: usize = 16;

    fn parts(name: &str, brackets: bool) -> Option<(Vec<String>, bool)> {
        let read = FormName::read(name, ".", brackets, PARTS_MAX)?;
        let text = |part: &NamePart<'_>| if part.is_place { format!("#{}", part.name) } else { part.name.to_owned() };
        Some((read.parts.iter().map(text).collect(), read.ends_in_list))
    }

    #[test]
    fn m4_names_are_split_as_forms_write_them() {
        let table: [(&str, &[&str], bool); 7] = [
            ("people[0][name]", &["people", "#0", "name"], false),
            ("People[1].Name.first", &["People", "#1", "Name", "first"], false),
            ("a.b[c.d]", &["a", "b", "c.d"], false),
            ("tags[]", &["tags"], true),
            ("a[b][]", &["a", "b"], true),
            ("a[00]", &["a", "00"], false),
            ("a[123456]", &["a", "123456"], false),
        ];
        for (name, way, ends_in_list) in table {
            let expected = (way.iter().map(|part| (*part).to_owned()).collect(), ends_in_list);
            assert_eq!(parts(name, true), Some(expected), "{name}");
        }
        for name in ["", "a", "[0]", "a[", "a[0", "a[0]b", "a[][b]", "a..b", ".a", "a."] {
            assert_eq!(parts(name, true), None, "{name}");
        }
        assert_eq!(parts("a[0][b]", false), None);
        assert_eq!(parts(&vec!["a"; PARTS_MAX + 1].join("."), true), None);
    }

    #[test]
    fn m4_places_make_a_list_from_0_without_a_gap() {
        for (names, expected) in [
            (&["0"][..], true),
            (&["1", "0", "2"], true),
            (&[], false),
            (&["1"], false),
            (&["0", "2"], false),
            (&["0", "0"], false),
            (&["0", "01"], false),
            (&["0", "+1"], false),
            (&["0", "a"], false),
        ] {
            assert_eq!(are_places(names.iter().copied()), expected, "{names:?}");
        }
    }
}
