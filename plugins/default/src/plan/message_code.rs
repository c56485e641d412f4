//! A message as bytes that run as they are: its JSON body as the text that is the same for every lead, and the places of the
//! lead in between. What is not so simple stands beside it and is read when it is needed.

use std::cell::OnceCell;

use hookmill_json::{PathTrie, text_of, write_text};
use serde::{Deserialize, Serialize};

use super::codec::{PlainCodes, PlanError, decode, encode};
use super::{Format, Message, Path, Recipe, Root, Shape, SourceKind, Steps, TemplatePart};

/// A loaded message.
#[derive(Debug)]
pub struct LoadedMessage<'p> {
    /// The places that paths into the lead have.
    pub path_trie: PathTrie<'p>,
    /// What goes with the body.
    pub head: Head<'p>,
    /// The body, where it is JSON of the usual kind.
    pub body: Option<Code<'p>>,
    bytes: &'p [u8],
    message: OnceCell<Result<Message<'p>, PlanError>>,
    shape_bytes: &'p [u8],
    shapes: OnceCell<Vec<OnceCell<Result<Shape<'p>, PlanError>>>>,
}

/// What goes with a body.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Head<'p> {
    /// The HTTP method; none for the destination's.
    pub method: Option<&'p str>,
    /// The value of `Content-Type`; none for JSON's.
    pub content_type: Option<&'p str>,
    /// It is JSON whatever the destination's owner chose.
    pub is_json: bool,
}

/// Where the next part of a body stands.
#[derive(Clone, Copy, Debug)]
pub struct Code<'p>(&'p [u8]);

/// A value of a body.
#[derive(Clone, Copy, Debug)]
pub enum Part<'p> {
    /// An object: its members follow, until none is there.
    Object,
    /// JSON text that is the same for every lead.
    Fixed(&'p str),
    /// What stands at a place of the lead, after functions that a code can name.
    Place(u16, &'p [u8]),
    /// A text of so many pieces, which follow.
    Template(u16),
    /// A part by its number.
    Shape(u16),
}

/// A piece of a text.
#[derive(Clone, Copy, Debug)]
pub enum Piece<'p> {
    /// The same for every lead, as it stands in JSON text.
    Fixed(&'p str),
    /// What stands at a place of the lead.
    Place(u16),
}

const END: u8 = 0;
const MEMBER: u8 = 1;
const OBJECT: u8 = 2;
const FIXED: u8 = 3;
const PLACE: u8 = 4;
const TEMPLATE: u8 = 5;
const SHAPE: u8 = 6;

impl<'p> Code<'p> {
    /// The name of the next member as JSON text with its colon; none at the end of the object.
    pub fn member(&mut self) -> Option<&'p str> {
        if self.byte()? == MEMBER { self.text() } else { None }
    }

    /// The next value.
    pub fn part(&mut self) -> Option<Part<'p>> {
        Some(match self.byte()? {
            OBJECT => Part::Object,
            FIXED => Part::Fixed(self.text()?),
            PLACE => {
                let (place, count) = (self.short()?, self.byte()?);
                Part::Place(place, self.take(usize::from(count))?)
            }
            TEMPLATE => Part::Template(self.short()?),
            SHAPE => Part::Shape(self.short()?),
            _ => return None,
        })
    }

    /// The next piece of a text.
    pub fn piece(&mut self) -> Option<Piece<'p>> {
        if self.byte()? == FIXED { self.text().map(Piece::Fixed) } else { self.short().map(Piece::Place) }
    }

    fn take(&mut self, length: usize) -> Option<&'p [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    fn short(&mut self) -> Option<u16> {
        self.take(2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
    }

    fn text(&mut self) -> Option<&'p str> {
        let length = self.short()?;
        std::str::from_utf8(self.take(usize::from(length))?).ok()
    }
}

impl<'p> LoadedMessage<'p> {
    /// Takes what [`encode_section`] made.
    pub(super) fn read(bytes: &'p [u8]) -> Result<Self, PlanError> {
        let cut_off = PlanError("a message is cut off");
        let (mut sections, mut rest) = ([&bytes[..0]; 4], bytes);
        for section in &mut sections {
            let (length, behind) = rest.split_first_chunk::<4>().ok_or(cut_off)?;
            (*section, rest) = behind.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(cut_off)?;
        }
        let [path_trie, head, body, shape_bytes] = sections;
        Ok(Self {
            path_trie: PathTrie::read(path_trie).unwrap_or_else(PathTrie::empty),
            head: decode(head)?,
            body: (!body.is_empty()).then_some(Code(body)),
            bytes: rest,
            message: OnceCell::new(),
            shape_bytes,
            shapes: OnceCell::new(),
        })
    }

    /// The message as its author wrote it.
    pub fn message(&self) -> Result<&Message<'p>, PlanError> {
        let message = self.message.get_or_init(|| decode(self.bytes));
        message.as_ref().map_err(|damaged| *damaged)
    }

    /// A part by its number.
    pub fn shape(&self, number: u16) -> Option<&Shape<'p>> {
        let (counted, _) = self.shape_bytes.as_chunks::<8>();
        let count =
            self.shape_bytes.first_chunk::<8>().map_or(0, |count| usize::from(count[0]) | usize::from(count[1]) << 8);
        let cells = self.shapes.get_or_init(|| (0..count).map(|_| OnceCell::new()).collect());
        let cell = cells.get(usize::from(number))?;
        let place = counted.get(usize::from(number) + 1)?;
        let word = |at: usize| u32::from_le_bytes([place[at], place[at + 1], place[at + 2], place[at + 3]]) as usize;
        let damaged = PlanError("a part of a message can't be read");
        let read =
            || decode(self.shape_bytes.get(word(0)..word(0).checked_add(word(4)).ok_or(damaged)?).ok_or(damaged)?);
        cell.get_or_init(read).as_ref().ok()
    }
}

/// The bytes of a message.
pub(super) fn encode_section(message: &Message<'_>, plain_codes: PlainCodes) -> Result<Vec<u8>, PlanError> {
    let mut body = Body { code: Vec::new(), shapes: Vec::new(), plain_codes };
    let is_usual = message.query.is_none() && message.headers.is_empty() && !message.omits_blank;
    let is_json = matches!(message.format, None | Some(Format::Json));
    let code = match &message.body {
        Some(shape @ Shape::Object(_)) if is_usual && is_json && body.value(shape).is_some() => body.code,
        _ => Vec::new(),
    };
    let shapes = concat_sections(&body.shapes);
    let mut bytes = Vec::new();
    let head = Head {
        method: message.method.as_deref(),
        content_type: message.content_type.as_deref(),
        is_json: message.format.is_some(),
    };
    for section in [&*message.path_trie, &encode(&head)?, &code, &shapes] {
        let length = u32::try_from(section.len()).map_err(|_| PlanError("a part of the plan is too large"))?;
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(section);
    }
    bytes.extend_from_slice(&encode(message)?);
    Ok(bytes)
}

/// How many there are, where each begins and how long it is, then all of them.
fn concat_sections(shapes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = (shapes.len() as u64).to_le_bytes().to_vec();
    let mut start = 8 * (shapes.len() + 1);
    for shape in shapes {
        bytes.extend_from_slice(&(start as u32).to_le_bytes());
        bytes.extend_from_slice(&(shape.len() as u32).to_le_bytes());
        start += shape.len();
    }
    shapes.iter().for_each(|shape| bytes.extend_from_slice(shape));
    bytes
}

struct Body {
    plain_codes: PlainCodes,
    code: Vec<u8>,
    shapes: Vec<Vec<u8>>,
}

impl Body {
    /// Writes a value; none when there is no room for it. The depth is the document's, which is bounded.
    fn value(&mut self, shape: &Shape<'_>) -> Option<()> {
        match shape {
            Shape::Object(members) => {
                self.code.push(OBJECT);
                for member in members {
                    let mut name = String::new();
                    write_text(&mut name, &member.name);
                    name.push(':');
                    self.code.push(MEMBER);
                    self.text(&name)?;
                    self.value(&member.shape)?;
                }
                self.code.push(END);
                Some(())
            }
            Shape::Fixed(value) => {
                self.code.push(FIXED);
                self.text(&text_of(value))
            }
            Shape::Leaf(recipe) if self.place(recipe).is_some() || self.template(recipe).is_some() => Some(()),
            other => {
                let number = u16::try_from(self.shapes.len()).ok()?;
                self.shapes.push(encode(other).ok()?);
                self.code.push(SHAPE);
                self.code.extend_from_slice(&number.to_le_bytes());
                Some(())
            }
        }
    }

    fn place(&mut self, recipe: &Recipe<'_>) -> Option<()> {
        let [source] = recipe.sources.as_slice() else { return None };
        let SourceKind::Path(path) = &source.kind else { return None };
        let codes = (self.plain_codes)(&recipe.then).filter(|_| recipe.options.is_none() && source.then.is_empty())?;
        let place = lead_place(path)?;
        self.code.push(PLACE);
        self.code.extend_from_slice(&place.to_le_bytes());
        self.code.push(codes.len() as u8);
        self.code.extend_from_slice(&codes);
        Some(())
    }

    fn template(&mut self, recipe: &Recipe<'_>) -> Option<()> {
        let [source] = recipe.sources.as_slice() else { return None };
        let SourceKind::Template(template) = &source.kind else { return None };
        let is_plain = recipe.then.is_empty() && recipe.options.is_none() && source.then.is_empty();
        let mut code = vec![TEMPLATE];
        code.extend_from_slice(&u16::try_from(template.parts.len()).ok().filter(|_| is_plain)?.to_le_bytes());
        for part in &template.parts {
            match part {
                TemplatePart::Text(text) => {
                    let mut quoted = String::new();
                    write_text(&mut quoted, text);
                    let inside = &quoted[1..quoted.len() - 1];
                    code.push(FIXED);
                    code.extend_from_slice(&u16::try_from(inside.len()).ok()?.to_le_bytes());
                    code.extend_from_slice(inside.as_bytes());
                }
                TemplatePart::Value(path) => {
                    code.push(PLACE);
                    code.extend_from_slice(&lead_place(path)?.to_le_bytes());
                }
            }
        }
        self.code.extend_from_slice(&code);
        Some(())
    }

    fn text(&mut self, text: &str) -> Option<()> {
        self.code.extend_from_slice(&u16::try_from(text.len()).ok()?.to_le_bytes());
        self.code.extend_from_slice(text.as_bytes());
        Some(())
    }
}

fn lead_place(path: &Path<'_>) -> Option<u16> {
    path.place.filter(|_| path.root == Root::Lead && path.steps == Steps::Singular(Vec::new()))
}
