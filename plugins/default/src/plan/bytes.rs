//! A plan as bytes: a mark, a checksum, and its parts in postcard's compact form. A part is read when a stage first needs
//! it, and its texts stay slices of the bytes.

use std::borrow::Cow;
use std::cell::OnceCell;

use hookmill_json::PathTrie;
use hookmill_plugin_sdk::types::{self, Severities};
use serde::de::Deserialize;

use super::codec::{PlainCodes, PlanError, decode, encode};
use super::map_code::{self, LoadedMap};
use super::message_code::{self, LoadedMessage};
use super::{Interpretation, Plan, RulePlan};

/// How many bytes a plan may have.
pub const PLAN_BYTES_MAX: usize = 4 << 20;

/// Says what follows, and in which form.
const MARK: &[u8; 4] = b"HMP\x09";

/// Name, map, qualify, client, webhook, interpret, what is checked, ping, what the response to that means.
const PARTS: usize = 9;

impl Plan<'_> {
    /// Whether the response to a ping can have a price.
    fn reads_price(&self) -> bool {
        self.interpret_ping.as_ref().or(self.interpret.as_ref()).is_some_and(Interpretation::reads_price)
    }

    /// Encodes it; the same plan gives the same bytes. `plain_codes` names the functions that need no arguments.
    ///
    /// # Errors
    /// When a part is too large to be encoded.
    pub fn to_bytes(&self, plain_codes: PlainCodes) -> Result<Vec<u8>, PlanError> {
        let Self { name, map, qualify, rule_paths, client, ping, webhook, interpret, interpret_ping } = self;
        let parts: [Vec<u8>; PARTS] = [
            encode(name)?,
            map_code::encode_section(map, plain_codes)?,
            encode(qualify)?,
            message_code::encode_section(client, plain_codes)?,
            message_code::encode_section(webhook, plain_codes)?,
            encode(interpret)?,
            rule_paths.clone(),
            message_code::encode_section(ping, plain_codes)?,
            encode(interpret_ping)?,
        ];
        let severities = qualify.iter().map(|rule| types::Severity::from(rule.severity).into()).collect::<Severities>();
        let mut body = vec![severities.bits(), u8::from(self.reads_price())];
        for part in &parts {
            let length = u32::try_from(part.len()).map_err(|_| PlanError("a part of the plan is too large"))?;
            body.extend_from_slice(&length.to_le_bytes());
        }
        parts.iter().for_each(|part| body.extend_from_slice(part));
        let bytes = [MARK, checksum(&body).to_le_bytes().as_slice(), &body].concat();
        if bytes.len() > PLAN_BYTES_MAX {
            return Err(PlanError("the plan is larger than PLAN_BYTES_MAX"));
        }
        Ok(bytes)
    }
}

/// A plan that was loaded.
#[derive(Debug)]
pub struct LoadedPlan<'p> {
    severities: Severities,
    reads_price: bool,
    name: Part<'p, Option<Cow<'p, str>>>,
    map: &'p [u8],
    loaded_map: OnceCell<Result<LoadedMap<'p>, PlanError>>,
    qualify: Part<'p, Vec<RulePlan<'p>>>,
    rule_paths: PathTrie<'p>,
    client: &'p [u8],
    loaded_client: OnceCell<Result<LoadedMessage<'p>, PlanError>>,
    webhook: &'p [u8],
    loaded_webhook: OnceCell<Result<LoadedMessage<'p>, PlanError>>,
    interpret: Part<'p, Option<Interpretation<'p>>>,
    ping: &'p [u8],
    loaded_ping: OnceCell<Result<LoadedMessage<'p>, PlanError>>,
    interpret_ping: Part<'p, Option<Interpretation<'p>>>,
}

#[derive(Debug)]
struct Part<'p, T> {
    bytes: &'p [u8],
    read: OnceCell<Result<T, PlanError>>,
}

impl<'p, T: Deserialize<'p>> Part<'p, T> {
    fn new(bytes: &'p [u8]) -> Self {
        Self { bytes, read: OnceCell::new() }
    }

    fn get(&self) -> Result<&T, PlanError> {
        let read = self.read.get_or_init(|| decode(self.bytes));
        read.as_ref().map_err(|damaged| *damaged)
    }
}

impl<'p> LoadedPlan<'p> {
    /// Takes what [`Plan::to_bytes`] made. The checksum guards against accidents: a plan is a tree, and reading a
    /// random one could nest without end.
    pub fn read(bytes: &'p [u8]) -> Result<Self, PlanError> {
        if bytes.len() > PLAN_BYTES_MAX {
            return Err(PlanError("it is larger than PLAN_BYTES_MAX"));
        }
        let cut_off = PlanError("it is cut off");
        let rest = bytes.strip_prefix(MARK).ok_or(PlanError("it was not compiled by this version of the plugin"))?;
        let (sum, body) = rest.split_first_chunk::<8>().ok_or(cut_off)?;
        if u64::from_le_bytes(*sum) != checksum(body) {
            return Err(PlanError("its checksum is wrong"));
        }
        let (severities, body) = body.split_first().ok_or(cut_off)?;
        let (reads_price, body) = body.split_first().ok_or(cut_off)?;
        let (lengths, mut rest) = body.split_at_checked(PARTS * 4).ok_or(cut_off)?;
        let mut parts = [&body[..0]; PARTS];
        for (part, length) in parts.iter_mut().zip(lengths.as_chunks::<4>().0) {
            (*part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or(cut_off)?;
        }
        let [name, map, qualify, client, webhook, interpret, rule_paths, ping, interpret_ping] = parts;
        Ok(Self {
            severities: Severities::from_bits_truncate(*severities),
            reads_price: *reads_price != 0,
            name: Part::new(name),
            map,
            loaded_map: OnceCell::new(),
            qualify: Part::new(qualify),
            rule_paths: PathTrie::read(rule_paths).unwrap_or_else(PathTrie::empty),
            client,
            loaded_client: OnceCell::new(),
            webhook,
            loaded_webhook: OnceCell::new(),
            interpret: Part::new(interpret),
            ping,
            loaded_ping: OnceCell::new(),
            interpret_ping: Part::new(interpret_ping),
        })
    }

    /// The document's name.
    pub fn name(&self) -> Result<Option<&str>, PlanError> {
        self.name.get().map(Option::as_deref)
    }

    /// How elements become leads.
    pub fn map(&self) -> Result<&LoadedMap<'p>, PlanError> {
        let read = self.loaded_map.get_or_init(|| LoadedMap::read(self.map));
        read.as_ref().map_err(|damaged| *damaged)
    }

    /// The severities for which there are rules; told without reading them.
    pub fn severities(&self) -> Severities {
        self.severities
    }

    /// Whether the response to a ping can have a price; told without reading what it means.
    pub fn reads_price(&self) -> bool {
        self.reads_price
    }

    /// The rules.
    pub fn qualify(&self) -> Result<&[RulePlan<'p>], PlanError> {
        self.qualify.get().map(Vec::as_slice)
    }

    /// The places that paths of the rules have in the lead.
    pub fn rule_paths(&self) -> &PathTrie<'p> {
        &self.rule_paths
    }

    /// The message to the client.
    pub fn client(&self) -> Result<&LoadedMessage<'p>, PlanError> {
        let read = self.loaded_client.get_or_init(|| LoadedMessage::read(self.client));
        read.as_ref().map_err(|damaged| *damaged)
    }

    /// The message that asks the client for a bid.
    pub fn ping(&self) -> Result<&LoadedMessage<'p>, PlanError> {
        let read = self.loaded_ping.get_or_init(|| LoadedMessage::read(self.ping));
        read.as_ref().map_err(|damaged| *damaged)
    }

    /// The message to webhooks.
    pub fn webhook(&self) -> Result<&LoadedMessage<'p>, PlanError> {
        let read = self.loaded_webhook.get_or_init(|| LoadedMessage::read(self.webhook));
        read.as_ref().map_err(|damaged| *damaged)
    }

    /// What a client's response means; none for the host's default.
    pub fn interpret(&self) -> Result<Option<&Interpretation<'p>>, PlanError> {
        self.interpret.get().map(Option::as_ref)
    }

    /// What the response to a ping means; none for the host's default.
    pub fn interpret_ping(&self) -> Result<Option<&Interpretation<'p>>, PlanError> {
        match self.interpret_ping.get()? {
            Some(own) => Ok(Some(own)),
            None => self.interpret(),
        }
    }
}

/// FNV-1a over words of eight bytes in four rows, so that none waits for the other: an accident changes it, and it takes a moment
/// only.
fn checksum(bytes: &[u8]) -> u64 {
    let mix = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x100_0000_01b3).rotate_left(23);
    let (rows, rest) = bytes.as_chunks::<32>();
    let mut sums = [0xcbf2_9ce4_8422_2325, 1, 2, 3];
    for row in rows {
        for (sum, word) in sums.iter_mut().zip(row.as_chunks::<8>().0) {
            *sum = mix(*sum, u64::from_le_bytes(*word));
        }
    }
    let sum = sums.into_iter().fold(bytes.len() as u64, mix);
    rest.iter().fold(sum, |sum, byte| mix(sum, u64::from(*byte)))
}
