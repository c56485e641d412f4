//! Makes the static tables of the plugin: numbering plans, letters in ASCII, names of months and weekdays.
//!
//! Turns the metadata of the `phonenumber` crate (Google's libphonenumber) into a static table of some 90 KB.
//!
//! The crate itself builds its database and its regular expressions on first use, which takes tens of milliseconds: far too
//! long where every batch gets a fresh instance. All that is needed to recognise and normalise a number is which digits
//! each region's numbers are made of; these patterns are finite automata over ten digits, and one minimal automaton
//! shared by all regions is small and needs no start at all.

#![allow(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]

#[path = "build/calendar.rs"]
mod calendar;
#[path = "build/fold.rs"]
mod fold;

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use phonenumber::Metadata;
use phonenumber::metadata::{DATABASE, Descriptor, Format};
use regex_automata::Anchored;
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};

/// The digits of a plan may form a national number of the region.
const GENERAL: u8 = 1;
/// The digits belong to a number that can be assigned: fixed line, mobile and so on.
const ASSIGNABLE: u8 = 2;
/// The digits belong to a place: a fixed line, or a mobile of a country whose mobiles have area codes.
const LOCAL: u8 = 4;
/// The digits so far are the leading ones that a format or a region asks for.
const LEADS: u8 = 8;

/// Countries by their code whose mobile numbers have area codes: Mexico, Argentina, Brazil, Indonesia, China.
const LOCAL_MOBILES: [u16; 5] = [52, 54, 55, 62, 86];

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for file in ["build/calendar.rs", "build/fold.rs", "build/months.txt", "build/weekdays.txt"] {
        println!("cargo::rerun-if-changed={file}");
    }
    let mut automaton = Shared::default();
    let mut regions: Vec<(String, u16, bool, String)> = Vec::new();
    for region in DATABASE.iter() {
        let root = automaton.add(region);
        let leads = automaton.add_leading(region.leading_digits().map(|regex| regex.as_str()));
        let lengths = automaton.lengths(root);
        let formats: Vec<String> = region.formats().iter().map(|format| automaton.format(region, format)).collect();
        let row = row(region, [root, leads], lengths, &formats.join(","));
        regions.push((region.id().to_owned(), region.country_code(), region.is_main_country_for_code(), row));
    }
    // The main region of a code comes first, so that its rules are the ones applied to the code.
    regions.sort_by(|a, b| (a.1, !a.2, &a.0).cmp(&(b.1, !b.2, &b.0)));
    let out = std::env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    std::fs::write(format!("{out}/phone_table.rs"), text(&regions, &automaton)).expect("OUT_DIR can be written");
    std::fs::write(format!("{out}/calendar_table.rs"), calendar::table()).expect("OUT_DIR can be written");
    std::fs::write(format!("{out}/fold_table.rs"), fold::table()).expect("OUT_DIR can be written");
}

/// One region as a Rust expression.
fn row(region: &Metadata, [root, leads]: [u16; 2], lengths: u32, formats: &str) -> String {
    let pattern = |text: &str| text.split_whitespace().collect::<String>();
    let prefix = region.national_prefix_for_parsing().map(|regex| pattern(regex.as_str()));
    let prefix = prefix.or_else(|| region.national_prefix().map(str::to_owned)).unwrap_or_default();
    let idd = region.international_prefix().map(|regex| pattern(regex.as_str())).unwrap_or_default();
    let transform = region.national_prefix_transform_rule().unwrap_or_default();
    format!(
        "Region {{ id: {:?}, code: {}, root: {root}, leads: {leads}, lengths: {lengths}, idd: {idd:?}, prefix: {prefix:?}, \
         transform: {transform:?}, has_prefix: {}, formats: &[{formats}] }}",
        region.id(),
        region.country_code(),
        region.national_prefix().is_some(),
    )
}

/// A format's text for national use: `$1` and so on are its groups.
fn national_text(region: &Metadata, format: &Format) -> String {
    let Some(rule) = format.national_prefix() else { return format.format().to_owned() };
    let text = format.format();
    let Some(at) = text.find('$') else { return text.to_owned() };
    let (first, rest) = text[at..].split_at(2);
    let rule = rule.replace("$NP", region.national_prefix().unwrap_or_default()).replace("$FG", first);
    format!("{}{rule}{rest}", &text[..at])
}

/// The least and most digits of each group: patterns of formats are nothing but `(\d)`, `(\d{3})`, `(\d{2,3})`.
fn groups(pattern: &str) -> Vec<(u8, u8)> {
    let bare: String = pattern.split_whitespace().collect();
    let pieces = bare.split(')').filter(|piece| !piece.is_empty());
    let group = |piece: &str| {
        let count = piece.strip_prefix("(\\d").expect("a group of digits").trim_matches(['{', '}']).to_owned();
        let (least, most) = count.split_once(',').unwrap_or((&count, &count));
        let number = |text: &str| if text.is_empty() { 1 } else { text.parse().expect("a number of digits") };
        (number(least), number(most))
    };
    pieces.map(group).collect()
}

fn text(regions: &[(String, u16, bool, String)], automaton: &Shared) -> String {
    let mut text = String::new();
    let rows: Vec<&str> = regions.iter().map(|region| region.3.as_str()).collect();
    let mut by_id: Vec<(&str, usize)> =
        regions.iter().enumerate().filter(|(_, r)| r.0 != "001").map(|(index, r)| (r.0.as_str(), index)).collect();
    by_id.sort_unstable();
    let (starts, ends, targets) = automaton.runs();
    let _ = writeln!(text, "static REGIONS: [Region; {}] = [{}];", rows.len(), rows.join(","));
    let _ = writeln!(text, "static BY_ID: [(&str, usize); {}] = {by_id:?};", by_id.len());
    let _ = writeln!(text, "static ACCEPTS: [u8; {}] = {:?};", automaton.nodes.len(), automaton.accepts());
    let _ = writeln!(text, "static STARTS: [u16; {}] = {starts:?};", starts.len());
    let _ = writeln!(text, "static ENDS: [u8; {}] = {ends:?};", ends.len());
    let _ = writeln!(text, "static TARGETS: [u16; {}] = {targets:?};", targets.len());
    text
}

/// A state: what it accepts, and the state after each digit. State 0 accepts nothing, ever.
type Node = (u8, [u16; 10]);

/// The one automaton of all regions; equal states exist once.
#[derive(Default)]
struct Shared {
    nodes: Vec<Node>,
    known: BTreeMap<Node, u16>,
}

type Dfa = dense::DFA<Vec<u32>>;

impl Shared {
    /// Adds the patterns of a region, and returns its first state.
    fn add(&mut self, region: &Metadata) -> u16 {
        self.intern((0, [0; 10]));
        let all = region.descriptors();
        let kinds = [
            all.fixed_line(),
            all.mobile(),
            all.toll_free(),
            all.premium_rate(),
            all.shared_cost(),
            all.personal_number(),
            all.voip(),
            all.pager(),
            all.uan(),
            all.voicemail(),
        ];
        let local_mobile = all.mobile().filter(|_| LOCAL_MOBILES.contains(&region.country_code()));
        let locals = [all.fixed_line(), local_mobile];
        let together = |kinds: &[Option<&Descriptor>]| {
            let kinds = kinds.iter().flatten().map(|kind| format!("(?:{})", kind.national_number().as_str()));
            dfa(&kinds.collect::<Vec<_>>().join("|"))
        };
        let all = [dfa(all.general().national_number().as_str()), together(&kinds), together(&locals)];
        let first = [first_state(&all[0]), first_state(&all[1]), first_state(&all[2])];
        self.walk(&all, first, &mut HashMap::new())
    }

    /// The product of the automata. The patterns are finite, so this ends.
    fn walk(&mut self, all: &[Dfa; 3], at: [StateID; 3], seen: &mut HashMap<[StateID; 3], u16>) -> u16 {
        if all[0].is_dead_state(at[0]) {
            return 0;
        }
        if let Some(node) = seen.get(&at) {
            return *node;
        }
        let mut next = [0; 10];
        for (digit, target) in (b'0'..).zip(&mut next) {
            let after = [0, 1, 2].map(|which| all[which].next_state(at[which], digit));
            *target = self.walk(all, after, seen);
        }
        let accepts = |which: usize| all[which].is_match_state(all[which].next_eoi_state(at[which]));
        let kinds = if accepts(1) { ASSIGNABLE } else { 0 } | if accepts(2) { LOCAL } else { 0 };
        let accept = if accepts(0) { GENERAL | kinds } else { 0 };
        let node = self.intern((accept, next));
        seen.insert(at, node);
        node
    }

    /// Adds a pattern of leading digits, and returns its first state; 0 when there is none.
    fn add_leading(&mut self, pattern: Option<&str>) -> u16 {
        let Some(pattern) = pattern else { return 0 };
        let dfa = dfa(pattern);
        self.lead(&dfa, first_state(&dfa))
    }

    /// As soon as the digits match, what follows does not matter.
    fn lead(&mut self, dfa: &Dfa, at: StateID) -> u16 {
        if dfa.is_dead_state(at) {
            return 0;
        }
        if dfa.is_match_state(dfa.next_eoi_state(at)) {
            return self.intern((LEADS, [0; 10]));
        }
        let mut next = [0; 10];
        for (digit, target) in (b'0'..).zip(&mut next) {
            *target = self.lead(dfa, dfa.next_state(at, digit));
        }
        self.intern((0, next))
    }

    /// A format as a Rust expression. The last pattern of leading digits is the exact one.
    fn format(&mut self, region: &Metadata, format: &Format) -> String {
        let leads = self.add_leading(format.leading_digits().last().map(|regex| regex.as_str()));
        let (groups, text) = (groups(format.pattern().as_str()), national_text(region, format));
        format!("Format {{ leads: {leads}, groups: &{groups:?}, text: {text:?} }}")
    }

    fn intern(&mut self, node: Node) -> u16 {
        if let Some(known) = self.known.get(&node) {
            return *known;
        }
        let index = u16::try_from(self.nodes.len()).expect("fewer than 65536 states");
        self.nodes.push(node);
        self.known.insert(node, index);
        index
    }

    /// A bit for each length a number may have. Nodes come after those they lead to, so one pass in order knows all.
    fn lengths(&self, root: u16) -> u32 {
        let mut lengths = vec![0; usize::from(root) + 1];
        for (index, (accept, next)) in self.nodes[..=usize::from(root)].iter().enumerate().skip(1) {
            let after = next.iter().map(|target| lengths[usize::from(*target)] << 1);
            lengths[index] = after.fold(u32::from(accept & GENERAL), |all, one| all | one);
        }
        lengths[usize::from(root)]
    }

    fn accepts(&self) -> Vec<u8> {
        self.nodes.iter().map(|node| node.0).collect()
    }

    /// Digits with one target form a run: for each node where its runs start, for each run the digit after it and the target.
    fn runs(&self) -> (Vec<u16>, Vec<u8>, Vec<u16>) {
        let (mut starts, mut ends, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for (_, next) in &self.nodes {
            starts.push(u16::try_from(ends.len()).expect("fewer than 65536 runs"));
            for (end, run) in (1u8..).zip(next) {
                if end > 1 && targets.last() == Some(run) {
                    ends.pop();
                    targets.pop();
                }
                ends.push(end);
                targets.push(*run);
            }
        }
        (starts, ends, targets)
    }
}

fn dfa(pattern: &str) -> Dfa {
    dense::Builder::new()
        .configure(dense::Config::new().start_kind(StartKind::Anchored))
        .syntax(syntax::Config::new().unicode(false).utf8(false).ignore_whitespace(true))
        .build(&format!("^(?:{pattern})$"))
        .expect("the metadata's patterns are valid")
}

fn first_state(dfa: &Dfa) -> StateID {
    dfa.start_state(&start::Config::new().anchored(Anchored::Yes)).expect("an anchored start exists")
}
