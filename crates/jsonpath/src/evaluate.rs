//! Queries of RFC 9535 over a tree. Numbers are compared as decimals, and all work is counted: a query that would look at too
//! much is rejected, however it is written.

mod children;
mod compare;
mod filter;
mod slice;

use children::skipped;
use hookmill_json::NodeRef;

use crate::PATH_VISITS_MAX;
use crate::TooWide;
use crate::ast::{Key, Segment, Selector, Singular, Start};

pub use compare::is_equal;

/// How many values that are only stepped over, or characters that are only read, count as much as one that is looked at.
const STEPS_PER_VISIT: usize = 64;

/// All values that the segments select from a root, in the order of the RFC, and how many were looked at.
///
/// # Errors
/// [`TooWide`] when more than [`PATH_VISITS_MAX`] would have to be looked at.
pub fn find<'v>(segments: &[Segment<'_>], root: NodeRef<'v>) -> Result<(Vec<NodeRef<'v>>, usize), TooWide> {
    let mut evaluator = Evaluator { root, visits: 0 };
    Ok((evaluator.nodes(segments, root)?, evaluator.visits))
}

struct Evaluator<'v> {
    root: NodeRef<'v>,
    visits: usize,
}

impl<'v> Evaluator<'v> {
    fn nodes(&mut self, segments: &[Segment<'_>], from: NodeRef<'v>) -> Result<Vec<NodeRef<'v>>, TooWide> {
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

    fn visit(&mut self, steps: usize) -> Result<(), TooWide> {
        self.visits += 1 + steps / STEPS_PER_VISIT;
        if self.visits > PATH_VISITS_MAX {
            return Err(TooWide);
        }
        Ok(())
    }

    /// The node and all below it, each before what is inside it.
    fn descend(
        &mut self,
        selectors: &[Selector<'_>],
        node: NodeRef<'v>,
        out: &mut Vec<NodeRef<'v>>,
    ) -> Result<(), TooWide> {
        self.select(selectors, node, out)?;
        let mut open = vec![node.children()];
        while let Some(inside) = open.last_mut() {
            let Some(child) = inside.next() else {
                open.pop();
                continue;
            };
            self.select(selectors, child, out)?;
            open.push(child.children());
        }
        Ok(())
    }

    fn select(
        &mut self,
        selectors: &[Selector<'_>],
        node: NodeRef<'v>,
        out: &mut Vec<NodeRef<'v>>,
    ) -> Result<(), TooWide> {
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
                    for child in node.children() {
                        if self.passes(filter, child)? {
                            out.push(child);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn wildcard(&mut self, node: NodeRef<'v>, out: &mut Vec<NodeRef<'v>>) -> Result<(), TooWide> {
        self.visit(0)?;
        for child in node.children() {
            self.visit(0)?;
            out.push(child);
        }
        Ok(())
    }

    /// What a singular query finds. Nothing is allocated: this runs for every item of a filtered list.
    fn follow(&mut self, query: &Singular<'_>, node: NodeRef<'v>) -> Result<Option<NodeRef<'v>>, TooWide> {
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

    fn member(&mut self, node: NodeRef<'v>, name: &str) -> Result<Option<NodeRef<'v>>, TooWide> {
        let found = node.member(name);
        self.visit(skipped(node, found))?;
        Ok(found)
    }

    fn item(&mut self, node: NodeRef<'v>, index: i64) -> Result<Option<NodeRef<'v>>, TooWide> {
        let found = node.item_at(index);
        // To count from the end, the whole list is stepped over first.
        self.visit(skipped(node, found.filter(|_| index >= 0)))?;
        Ok(found)
    }
}
