//! Queries of RFC 9535 over a tree. Numbers are compared as decimals, and all work is counted: a query that would look at too
//! much is refused, however it is written.

mod compare;
mod filter;
mod inside;
mod slice;

use super::select::PATH_VISITS_MAX;
use crate::functions::Refusal;
use crate::plan::{Key, Segment, Selector, Singular, Start};
use hookmill_json::NodeRef;
use inside::{children, skipped};

pub use compare::same;

/// How many values that are only stepped over, or characters that are only read, count as much as one that is looked at.
const STEPS_PER_VISIT: usize = 64;

/// All values that the segments select, in the order of the RFC, and how many were looked at.
pub fn all<'v>(segments: &[Segment<'_>], root: NodeRef<'v>) -> Result<(Vec<NodeRef<'v>>, usize), Refusal> {
    let mut walk = Walk { root, visits: 0 };
    Ok((walk.nodes(segments, root)?, walk.visits))
}

struct Walk<'v> {
    root: NodeRef<'v>,
    visits: usize,
}

impl<'v> Walk<'v> {
    fn nodes(&mut self, segments: &[Segment<'_>], from: NodeRef<'v>) -> Result<Vec<NodeRef<'v>>, Refusal> {
        let mut nodes = vec![from];
        for segment in segments {
            let mut next = Vec::new();
            for node in nodes {
                match segment {
                    Segment::Child(selectors) => self.select(selectors, node, &mut next)?,
                    Segment::Descendant(selectors) => self.descend(selectors, node, &mut next)?,
                }
            }
            nodes = next;
        }
        Ok(nodes)
    }

    fn visit(&mut self, steps: usize) -> Result<(), Refusal> {
        self.visits += 1 + steps / STEPS_PER_VISIT;
        if self.visits > PATH_VISITS_MAX {
            return Err(Refusal::new(
                "path_too_wide",
                format!("this path would look at more than {PATH_VISITS_MAX} values"),
            ));
        }
        Ok(())
    }

    /// The node and all below it, each before what is inside it.
    fn descend(
        &mut self,
        selectors: &[Selector<'_>],
        node: NodeRef<'v>,
        out: &mut Vec<NodeRef<'v>>,
    ) -> Result<(), Refusal> {
        self.select(selectors, node, out)?;
        let mut open = vec![children(node)];
        while let Some(inside) = open.last_mut() {
            let Some(child) = inside.next() else {
                open.pop();
                continue;
            };
            self.select(selectors, child, out)?;
            open.push(children(child));
        }
        Ok(())
    }

    fn select(
        &mut self,
        selectors: &[Selector<'_>],
        node: NodeRef<'v>,
        out: &mut Vec<NodeRef<'v>>,
    ) -> Result<(), Refusal> {
        for selector in selectors {
            match selector {
                Selector::Name(name) => out.extend(self.member(node, name)?),
                Selector::Index(index) => out.extend(self.item(node, *index)?),
                Selector::Wildcard => self.wildcard(node, out)?,
                Selector::Slice(from, to, by) => {
                    let picked = slice::picked(node, *from, *to, *by);
                    self.visit(picked.skipped)?;
                    for item in picked.items {
                        self.visit(0)?;
                        out.push(item);
                    }
                }
                Selector::Filter(filter) => {
                    self.visit(0)?;
                    for child in children(node) {
                        if self.passes(filter, child)? {
                            out.push(child);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn wildcard(&mut self, node: NodeRef<'v>, out: &mut Vec<NodeRef<'v>>) -> Result<(), Refusal> {
        self.visit(0)?;
        for child in children(node) {
            self.visit(0)?;
            out.push(child);
        }
        Ok(())
    }

    /// What a singular query finds. Nothing is allocated: this runs for every item of a filtered list.
    fn follow(&mut self, query: &Singular<'_>, node: NodeRef<'v>) -> Result<Option<NodeRef<'v>>, Refusal> {
        let mut at = self.start(query.start, node);
        for key in &query.keys {
            let next = match key {
                Key::Name(name) => self.member(at, name)?,
                Key::Index(index) => self.item(at, *index)?,
            };
            match next {
                Some(found) => at = found,
                None => return Ok(None),
            }
        }
        Ok(Some(at))
    }

    fn start(&self, start: Start, node: NodeRef<'v>) -> NodeRef<'v> {
        match start {
            Start::Root => self.root,
            Start::Current => node,
        }
    }

    fn member(&mut self, node: NodeRef<'v>, name: &str) -> Result<Option<NodeRef<'v>>, Refusal> {
        let found = node.member(name);
        self.visit(skipped(node, found))?;
        Ok(found)
    }

    fn item(&mut self, node: NodeRef<'v>, index: i64) -> Result<Option<NodeRef<'v>>, Refusal> {
        let found = super::select::item_at(node, index);
        // To count from the end, the whole list is stepped over first.
        self.visit(skipped(node, found.filter(|_| index >= 0)))?;
        Ok(found)
    }
}
