//! How much work one item may take. Each step of a document has bounds of its own; a document has many steps, so what they take
//! together is counted as well: the same for the same document and input, on any machine.

use std::cell::Cell;

use hookmill_json::{NodeRef, Value};

use crate::functions::{FunctionError, cost};

/// Steps that one element, lead, message or response may take: about one for each byte that a function reads.
pub const WORK_MAX: usize = 16 << 20;

/// Steps that each lead of an element adds to it.
pub const WORK_PER_LEAD: usize = 64 << 10;

/// What it takes to step over a value.
const STEPS_PER_STEP: usize = 8;

/// What one value takes in a list or an object that is taken as a whole.
const STEPS_PER_VALUE: usize = 32;

/// Bytes that all leads of one element, or one message, may have before they are encoded. The host has a bound of its own for what it
/// takes; this one keeps an instance within its memory.
pub const OUTPUT_BYTES_MAX: usize = 4 << 20;

/// Bytes of values that a trace shows of one item, so that it fits beside what it tells of. What comes after them is left out of it.
pub const TRACE_BYTES_MAX: usize = 256 << 10;

/// What is shown in a trace in the place of the first value for which there is no room.
const NO_ROOM: &str = "(the trace ends here: TRACE_BYTES_MAX)";

/// What may still be done for one item.
pub struct WorkBudget {
    left: Cell<usize>,
    room: Cell<usize>,
    trace: Cell<usize>,
}

impl Default for WorkBudget {
    fn default() -> Self {
        Self { left: Cell::new(WORK_MAX), room: Cell::new(OUTPUT_BYTES_MAX), trace: Cell::new(TRACE_BYTES_MAX) }
    }
}

impl WorkBudget {
    /// What an element adds that becomes so many leads.
    pub fn add_leads(&self, leads: usize) {
        self.left.set(self.left.get() + leads * WORK_PER_LEAD);
    }

    /// Takes so many steps. Once there are too few, nothing more can be done for this item.
    pub fn spend(&self, steps: usize) -> Result<(), FunctionError> {
        let left = self.left.get().checked_sub(steps).filter(|left| 0 < *left);
        self.left.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(|| {
            let hint = "use smaller parts of the input, or fewer functions and rules on them";
            let message = format!("this item takes more than {WORK_MAX} steps (WORK_MAX) by this document; {hint}");
            FunctionError::new("too_much_work", message)
        })
    }

    /// Takes what it takes to hold the values at these places as one more value. Single ones are free.
    pub fn spend_copy(&self, nodes: &[NodeRef<'_>]) -> Result<(), FunctionError> {
        if 0 < self.left.get() {
            return self.spend(nodes.iter().map(|node| STEPS_PER_VALUE * (values_at(*node) - 1)).sum());
        }
        if nodes.iter().any(|node| 1 < values_at(*node)) { self.spend(1) } else { Ok(()) }
    }

    /// Takes what it takes to step over the values at this place, without holding them.
    pub fn spend_walk(&self, node: NodeRef<'_>) -> Result<(), FunctionError> {
        self.spend(STEPS_PER_STEP * (values_at(node) - 1))
    }

    /// Takes room for so many bytes of what is made.
    pub fn reserve(&self, bytes: usize) -> Result<(), FunctionError> {
        let left = self.room.get().checked_sub(bytes);
        self.room.set(left.unwrap_or(0));
        left.map(|_| ()).ok_or_else(|| {
            let message =
                format!("what this item would become is larger than {OUTPUT_BYTES_MAX} bytes (OUTPUT_BYTES_MAX)");
            FunctionError::new("too_large", message)
        })
    }

    /// A value for the trace, as long as there is room.
    pub fn trace_value(&self, value: &Value<'_>) -> Value<'static> {
        let left =
            if self.has_trace_room() { self.trace.get().checked_sub(cost(value) + STEPS_PER_VALUE) } else { None };
        self.trace.set(left.unwrap_or(0));
        if left.is_some() { value.clone().into_owned() } else { Value::text(NO_ROOM) }
    }

    /// Whether the trace has room for more.
    pub fn has_trace_room(&self) -> bool {
        0 < self.trace.get()
    }

    /// What is left now, to come back to.
    pub fn save(&self) -> SavedBudget {
        SavedBudget { left: self.left.get(), room: self.room.get() }
    }

    /// Comes back to what was left before something was tried that will be done another way.
    pub fn restore(&self, saved: &SavedBudget) {
        self.left.set(saved.left);
        self.room.set(saved.room);
    }
}

/// What was left at some time.
pub struct SavedBudget {
    left: usize,
    room: usize,
}

fn values_at(node: NodeRef<'_>) -> usize {
    match node {
        NodeRef::Indexed(node) => node.count(),
        NodeRef::Built(value) => values_in(value),
    }
}

/// How many values a value is, with all inside it.
pub fn values_in(value: &Value<'_>) -> usize {
    match value {
        Value::List(items) => 1 + items.iter().map(values_in).sum::<usize>(),
        Value::Object(members) => 1 + members.iter().map(|(_, value)| values_in(value)).sum::<usize>(),
        _ => 1,
    }
}
