//! The JSON body of a message, written straight from its code: what is the same for every lead is copied, what differs is taken
//! from its place.
//!
//! It goes on while everything is ordinary. Where a function rejects or a part can't be made, it gives up, and the message is made
//! part by part, which gives the same and says what is wrong.

use hookmill_json::{Kind, Node, NodeRef, write_text, write_value};

use super::budget::OUTPUT_BYTES_MAX;
use super::context::ScopeContext;
use super::message::MessageBuilder;
use super::recipe::append_text;
use super::scope::Scope;
use crate::functions::{apply, plain_functions};
use crate::plan::{Code, LoadedMessage, Part, Piece};

/// About how many bytes a body takes, so that writing one rarely has to move it.
const OUTPUT_BYTES_GUESS: usize = 512;

/// Writes the body; none when the long way is to be gone.
pub fn write_message<'s, 'p, S: Scope>(message: &'s LoadedMessage<'p>, code: Code<'p>, scope: &'s S) -> Option<String> {
    let mut writer = Writer { message, scope, code, out: String::with_capacity(OUTPUT_BYTES_GUESS) };
    writer.value()?;
    (writer.out.len() <= OUTPUT_BYTES_MAX).then_some(writer.out)
}

struct Writer<'s, 'p, S> {
    message: &'s LoadedMessage<'p>,
    scope: &'s S,
    code: Code<'p>,
    out: String,
}

impl<'s, 'p, S: Scope> Writer<'s, 'p, S> {
    /// Writes the next value, as long as there is room. Whether there is one. The depth is the document's, which is bounded.
    fn value(&mut self) -> Option<bool> {
        if OUTPUT_BYTES_MAX < self.out.len() {
            return None;
        }
        match self.code.part()? {
            Part::Object => self.object(),
            Part::Fixed(text) => {
                self.out.push_str(text);
                Some(true)
            }
            Part::Place(place, codes) => match self.scope.place(place) {
                Some(node) => self.node(node, codes),
                None => Some(false),
            },
            Part::Template(pieces) => self.template(pieces),
            Part::Shape(number) => self.shape(number),
        }
    }

    fn object(&mut self) -> Option<bool> {
        self.out.push('{');
        let mut is_first = true;
        while let Some(name) = self.code.member() {
            let start = self.out.len();
            if !is_first {
                self.out.push(',');
            }
            self.out.push_str(name);
            if self.value()? {
                is_first = false;
            } else {
                self.out.truncate(start);
            }
        }
        self.out.push('}');
        Some(true)
    }

    fn node(&mut self, node: Node<'s>, codes: &'p [u8]) -> Option<bool> {
        self.scope.budget().spend_copy(&[NodeRef::Indexed(node)]).ok()?;
        if codes.is_empty() {
            node.write(&mut self.out, &|_| false);
            return Some(true);
        }
        let mut value = node.value();
        let context = ScopeContext::new(self.scope);
        for function in plain_functions(codes) {
            value = apply(function, Some(value), &context).ok()??;
        }
        write_value(&mut self.out, &value);
        Some(true)
    }

    /// A text of which every value is missing is missing itself.
    fn template(&mut self, pieces: u16) -> Option<bool> {
        let (start, mut places, mut found) = (self.out.len(), 0, 0);
        self.out.push('"');
        for _ in 0..pieces {
            match self.code.piece()? {
                Piece::Fixed(text) => self.out.push_str(text),
                Piece::Place(place) => {
                    places += 1;
                    if let Some(node) = self.scope.place(place) {
                        found += 1;
                        self.piece(node)?;
                    }
                }
            }
        }
        self.out.push('"');
        let is_there = places == 0 || found > 0;
        if !is_there {
            self.out.truncate(start);
        }
        Some(is_there)
    }

    fn piece(&mut self, node: Node<'s>) -> Option<()> {
        if OUTPUT_BYTES_MAX < self.out.len() {
            return None;
        }
        // A text is as it stands there; anything else goes by way of its own text.
        if node.kind() == Kind::Text && node.is_plain() {
            self.out.push_str(node.text());
            return Some(());
        }
        self.scope.budget().spend_copy(&[NodeRef::Indexed(node)]).ok()?;
        let mut text = String::new();
        append_text(&mut text, &node.value());
        let mut quoted = String::new();
        write_text(&mut quoted, &text);
        self.out.push_str(&quoted[1..quoted.len() - 1]);
        Some(())
    }

    fn shape(&mut self, number: u16) -> Option<bool> {
        let filled = MessageBuilder::part(self.scope, self.message.shape(number)?)?;
        if let Some(value) = &filled {
            write_value(&mut self.out, value);
        }
        Some(filled.is_some())
    }
}
