//! Reading JSON text (RFC 8259) in one pass, for any builder: the input tree borrows slices, the document tree keeps places.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Value;

/// How deep lists and objects may be nested.
pub const DEPTH_MAX: usize = 128;

/// Objects with more members than this are searched for double names with a table instead of by comparing all pairs.
const PAIRS_MAX: usize = 16;

/// Why a text could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// A stable code in snake case.
    pub code: &'static str,
    /// Where, in bytes from the start.
    pub offset: usize,
    /// What is wrong, for people.
    pub message: String,
}

/// A tree, and the names that stood twice in one object (the last one won).
#[derive(Debug)]
pub struct Parsed<T> {
    /// The tree.
    pub root: T,
    /// Double names, in order of appearance.
    pub double_names: Vec<String>,
}

/// A value without parts.
pub enum Scalar<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number's text.
    Number(&'a str),
    /// A text, unescaped.
    Text(Cow<'a, str>),
}

/// What makes a tree of what is read. Offsets are in bytes, of the first byte of the thing.
pub trait Build<'a> {
    /// A node of the tree.
    type Node;
    /// A member's name.
    type Name: AsRef<str>;
    /// A value without parts.
    fn scalar(&self, offset: usize, value: Scalar<'a>) -> Self::Node;
    /// A list.
    fn list(&self, offset: usize, items: Vec<Self::Node>) -> Self::Node;
    /// A member's name.
    fn name(&self, offset: usize, name: Cow<'a, str>) -> Self::Name;
    /// An object; names are distinct.
    fn object(&self, offset: usize, members: Vec<(Self::Name, Self::Node)>) -> Self::Node;
}

/// Reads one value that borrows from `text`.
pub fn parse(text: &str) -> Result<Parsed<Value<'_>>, Refused> {
    parse_with(text, Borrow)
}

/// Reads one value with a builder.
pub fn parse_with<'a, B: Build<'a>>(text: &'a str, build: B) -> Result<Parsed<B::Node>, Refused> {
    let mut reader = Reader { text, at: 0, depth: 0, build, double_names: Vec::new() };
    reader.space();
    let root = reader.value()?;
    reader.space();
    if reader.at < text.len() {
        return Err(reader.refuse("trailing_text", "there is more after the end of the value"));
    }
    Ok(Parsed { root, double_names: reader.double_names })
}

struct Borrow;

impl<'a> Build<'a> for Borrow {
    type Node = Value<'a>;
    type Name = Cow<'a, str>;

    fn scalar(&self, _offset: usize, value: Scalar<'a>) -> Value<'a> {
        match value {
            Scalar::Null => Value::Null,
            Scalar::Bool(value) => Value::Bool(value),
            Scalar::Number(text) => Value::Number(text.into()),
            Scalar::Text(text) => Value::Text(text),
        }
    }

    fn list(&self, _offset: usize, items: Vec<Value<'a>>) -> Value<'a> {
        Value::List(items)
    }

    fn name(&self, _offset: usize, name: Cow<'a, str>) -> Cow<'a, str> {
        name
    }

    fn object(&self, _offset: usize, members: Vec<(Cow<'a, str>, Value<'a>)>) -> Value<'a> {
        Value::Object(members)
    }
}

struct Reader<'a, B> {
    text: &'a str,
    at: usize,
    depth: usize,
    build: B,
    double_names: Vec<String>,
}

impl<'a, B: Build<'a>> Reader<'a, B> {
    fn value(&mut self) -> Result<B::Node, Refused> {
        let start = self.at;
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => self.string().map(|text| self.build.scalar(start, Scalar::Text(text))),
            Some(b't') => self.word("true", Scalar::Bool(true)),
            Some(b'f') => self.word("false", Scalar::Bool(false)),
            Some(b'n') => self.word("null", Scalar::Null),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(_) => Err(self.refuse("not_json", "a value can't begin here")),
            None => Err(self.refuse("truncated", "the text ends where a value should be")),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<B::Node, Refused>) -> Result<B::Node, Refused> {
        if self.depth == DEPTH_MAX {
            return Err(self.refuse("too_deep", &format!("lists and objects are nested more than {DEPTH_MAX} deep")));
        }
        self.depth += 1;
        let node = read(self);
        self.depth -= 1;
        node
    }

    fn object(&mut self) -> Result<B::Node, Refused> {
        let start = self.at;
        let mut members = Vec::new();
        self.at += 1;
        self.space();
        if self.take(b'}') {
            return Ok(self.build.object(start, members));
        }
        loop {
            members.push(self.member()?);
            if !self.more(b'}')? {
                break;
            }
        }
        let members = self.distinct(members);
        Ok(self.build.object(start, members))
    }

    fn member(&mut self) -> Result<(B::Name, B::Node), Refused> {
        let start = self.at;
        if self.peek() != Some(b'"') {
            return Err(self.refuse("not_json", "a name in double quotes should be here"));
        }
        let name = self.string()?;
        let name = self.build.name(start, name);
        self.space();
        if !self.take(b':') {
            return Err(self.refuse("not_json", "a colon should follow the name"));
        }
        self.space();
        Ok((name, self.value()?))
    }

    fn list(&mut self) -> Result<B::Node, Refused> {
        let start = self.at;
        let mut items = Vec::new();
        self.at += 1;
        self.space();
        if self.take(b']') {
            return Ok(self.build.list(start, items));
        }
        loop {
            items.push(self.value()?);
            if !self.more(b']')? {
                break;
            }
        }
        Ok(self.build.list(start, items))
    }

    /// After an item: whether a comma announces another, or `close` ends it.
    fn more(&mut self, close: u8) -> Result<bool, Refused> {
        self.space();
        if self.take(b',') {
            self.space();
            return Ok(true);
        }
        if self.take(close) {
            return Ok(false);
        }
        let code = if self.at == self.text.len() { "truncated" } else { "not_json" };
        Err(self.refuse(code, &format!("a comma or `{}` should be here", char::from(close))))
    }

    /// The last of members with one name wins.
    fn distinct(&mut self, members: Vec<(B::Name, B::Node)>) -> Vec<(B::Name, B::Node)> {
        if !has_double(&members) {
            return members;
        }
        let mut last = BTreeMap::new();
        for (index, (name, _)) in members.iter().enumerate() {
            if last.insert(name.as_ref().to_owned(), index).is_some() {
                self.double_names.push(name.as_ref().to_owned());
            }
        }
        let wins = |index, name: &B::Name| last.get(name.as_ref()) == Some(&index);
        members.into_iter().enumerate().filter(|(index, (name, _))| wins(*index, name)).map(|(_, m)| m).collect()
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Refused> {
        self.at += 1;
        let start = self.at;
        let run = plain_run(&self.text.as_bytes()[start..]);
        self.at += run;
        if self.take(b'"') {
            return Ok(Cow::Borrowed(&self.text[start..start + run]));
        }
        let mut text = self.text[start..self.at].to_owned();
        while !self.take(b'"') {
            self.piece(&mut text)?;
        }
        Ok(Cow::Owned(text))
    }

    /// An escape or a run of plain characters inside a text.
    fn piece(&mut self, text: &mut String) -> Result<(), Refused> {
        match self.peek() {
            None => Err(self.refuse("truncated", "the text ends inside a string")),
            Some(b'\\') => self.escape().map(|character| text.push(character)),
            Some(0..=0x1f) => Err(self.refuse("control_character", "a control character must be escaped in a string")),
            Some(_) => {
                let run = plain_run(&self.text.as_bytes()[self.at..]);
                text.push_str(&self.text[self.at..self.at + run]);
                self.at += run;
                Ok(())
            }
        }
    }

    fn escape(&mut self) -> Result<char, Refused> {
        self.at += 1;
        let Some(letter) = self.peek() else { return Err(self.refuse("truncated", "the text ends inside a string")) };
        let character = match letter {
            b'"' | b'\\' | b'/' => char::from(letter),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => return Err(self.refuse("not_json", "this character can't be escaped")),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode_escape(&mut self) -> Result<char, Refused> {
        let high = self.hex4()?;
        if !(0xd800..0xe000).contains(&high) {
            return char::from_u32(high).ok_or_else(|| self.refuse("not_json", "this is no character"));
        }
        let follows = self.text.as_bytes()[self.at..].starts_with(b"\\u");
        if high < 0xdc00 && follows {
            self.at += 1;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return char::from_u32(code).ok_or_else(|| self.refuse("not_json", "this is no character"));
            }
        }
        Err(self.refuse("lone_surrogate", &format!("`\\u{high:04x}` is half a character: its other half is missing")))
    }

    /// The four digits after `u`, which is at the current place.
    fn hex4(&mut self) -> Result<u32, Refused> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
        let code = digits.and_then(|digits| {
            digits.iter().try_fold(0, |code, digit| Some(code * 16 + char::from(*digit).to_digit(16)?))
        });
        let code = code.ok_or_else(|| self.refuse("not_json", "`\\u` needs four hexadecimal digits"))?;
        self.at += 5;
        Ok(code)
    }

    fn number(&mut self) -> Result<B::Node, Refused> {
        let start = self.at;
        let length = number_length(&self.text.as_bytes()[start..]);
        if length == 0 {
            return Err(self.refuse("not_json", "this is no number: write digits without a leading zero"));
        }
        self.at += length;
        Ok(self.build.scalar(start, Scalar::Number(&self.text[start..self.at])))
    }

    fn word(&mut self, word: &str, value: Scalar<'a>) -> Result<B::Node, Refused> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.refuse("not_json", &format!("`{word}` should be here, or a text in double quotes")));
        }
        let start = self.at;
        self.at += word.len();
        Ok(self.build.scalar(start, value))
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.peek() {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn refuse(&self, code: &'static str, message: &str) -> Refused {
        Refused { code, offset: self.at, message: message.to_owned() }
    }
}

/// How many bytes from here need no unescaping.
fn plain_run(bytes: &[u8]) -> usize {
    bytes.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(bytes.len())
}

/// The length of the number that begins here by the grammar of RFC 8259; 0 when none does.
pub(super) fn number_length(bytes: &[u8]) -> usize {
    let digits = |from: usize| bytes[from..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    let whole = if bytes.get(at) == Some(&b'0') { 1 } else { digits(at) };
    if whole == 0 {
        return 0;
    }
    at += whole;
    if bytes.get(at) == Some(&b'.') {
        match digits(at + 1) {
            0 => return 0,
            fraction => at += 1 + fraction,
        }
    }
    if let Some(b'e' | b'E') = bytes.get(at) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        match digits(at + 1 + sign) {
            0 => return 0,
            exponent => at += 1 + sign + exponent,
        }
    }
    at
}

fn has_double<N: AsRef<str>, T>(members: &[(N, T)]) -> bool {
    if members.len() > PAIRS_MAX {
        let mut names: Vec<&str> = members.iter().map(|(name, _)| name.as_ref()).collect();
        names.sort_unstable();
        return names.windows(2).any(|pair| pair[0] == pair[1]);
    }
    let later = |index: usize| members[index + 1..].iter();
    members.iter().enumerate().any(|(index, (name, _))| later(index).any(|(other, _)| other.as_ref() == name.as_ref()))
}

#[cfg(test)]
mod tests;
