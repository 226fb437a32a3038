//! Reading the log of a damaged database, message by message, without sled, which stops at the first that is damaged.
//!
//! The file `db` is made of segments of the same size, in any order. After a head of 20 bytes a segment has messages: their
//! CRC-32, kind, length, the number of their segment and of their page, then their body. The log sequence number
//! (LSN) of a message is the number of its segment times the size of one, and its offset in it. A node is a page of the
//! tree as a whole, a link adds or removes one key. Whoever follows them in the order of the LSN ends with the
//! entries as they were written last.
//!
//! This is the format of sled 0.34.7, which doesn't change: its version is pinned.

use super::{
    database::SEGMENT,
    totals::{Checked, Totals, checked},
};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    fs::{self, File},
    io::{self, Read},
    ops::Bound,
    path::Path,
};

const SEGMENT_HEAD: usize = 20;

// Kinds of messages.
const BATCH: u8 = 3;
const NODE: u8 = 8;
const NODE_IN_FILE: u8 = 9;
const LINK: u8 = 10;
const LINK_IN_FILE: u8 = 11;

/// What a log has to say.
#[derive(Debug, Default)]
pub(super) struct Replayed {
    /// The values that are what was written, by key.
    pub(super) entries: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The last totals among them; those of no batches if there are none.
    pub(super) totals: Totals,
    /// The messages that are damaged, and the entries in them that can't be read.
    pub(super) damaged: u64,
    /// The beginnings of the keys that a page has, which its links leave out.
    prefixes: HashMap<u64, Vec<u8>>,
}

/// Reads all of the log of the database in this folder. Takes as much memory as the entries do.
pub(super) fn replay(folder: &Path) -> io::Result<Replayed> {
    let mut segments = Vec::new();
    let mut end = 0;
    each_segment(folder, |index, segment| {
        let messages = messages(segment, None);
        if let Some(last) = messages.iter().rfind(|message| message.sound) {
            segments.push((last.segment, index));
            end = end.max(last.segment.saturating_mul(SEGMENT as u64).saturating_add(last.end as u64));
        }
    })?;
    let numbers: HashMap<u64, u64> = segments.iter().map(|(number, index)| (*index, *number)).collect();
    segments.sort_unstable();

    let mut replayed = Replayed::default();
    let mut file = File::open(folder.join("db"))?;
    for (number, index) in segments {
        io::Seek::seek(&mut file, io::SeekFrom::Start(index * SEGMENT as u64))?;
        let segment = read_segment(&mut file)?;
        for message in messages(&segment, numbers.get(&index).copied()) {
            debug_assert_eq!(message.segment, number, "others are passed over");
            if message.kind == BATCH && message.sound && first_number(message.body) >= end {
                // The process ended before the batch was written, so it never happened.
                return Ok(replayed);
            }
            replayed.message(folder, &message);
        }
    }
    Ok(replayed)
}

fn each_segment(folder: &Path, mut visit: impl FnMut(u64, &[u8])) -> io::Result<()> {
    let mut file = File::open(folder.join("db"))?;
    for index in 0.. {
        let segment = read_segment(&mut file)?;
        if segment.is_empty() {
            break;
        }
        visit(index, &segment);
    }
    Ok(())
}

fn read_segment(file: &mut File) -> io::Result<Vec<u8>> {
    let mut segment = Vec::with_capacity(SEGMENT);
    file.take(SEGMENT as u64).read_to_end(&mut segment)?;
    Ok(segment)
}

fn first_number(body: &[u8]) -> u64 {
    body.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

#[derive(Debug)]
struct Message<'s> {
    kind: u8,
    segment: u64,
    page: u64,
    body: &'s [u8],
    /// Where it ends in its segment.
    end: usize,
    /// Its CRC is right.
    sound: bool,
}

/// The messages of a segment: of the one of this number or, without one, that the first sound message names. Damaged ones
/// are passed over byte by byte until a sound one is found, but for what follows a sound one directly.
///
/// Nothing in a message says where in its segment it belongs. What a disk wrote to a wrong place as well would come after
/// what was written later, and undo it: behind something damaged, a message that was there before is passed over too.
fn messages(segment: &[u8], mut number: Option<u64>) -> Vec<Message<'_>> {
    let mut messages = Vec::new();
    let mut seen = HashSet::new();
    let mut at = SEGMENT_HEAD;
    let (mut follows, mut torn) = (true, false);
    while let Some(bytes) = segment.get(at..).filter(|bytes| !bytes.is_empty()) {
        let message = message(bytes, at)
            .filter(|message| number.is_none_or(|number| message.segment == number))
            .filter(|message| message.sound || follows && number.is_some());
        match message {
            Some(message) if message.sound => {
                number = Some(message.segment);
                follows = seen.insert(segment.get(at..message.end)) || !torn;
                at = message.end;
                messages.extend(follows.then_some(message));
            }
            found => {
                messages.extend(found);
                at += 1;
                (follows, torn) = (false, true);
            }
        }
    }
    messages
}

fn message(bytes: &[u8], at: usize) -> Option<Message<'_>> {
    let mut rest = bytes;
    let crc = take(&mut rest, 4)?;
    let kind = *take(&mut rest, 1)?.first()?;
    if !(1..=LINK_IN_FILE).contains(&kind) {
        return None;
    }
    let length = usize::try_from(number(&mut rest)?).ok()?;
    let (segment, page) = (number(&mut rest)?, number(&mut rest)?);
    let head = bytes.get(4..bytes.len() - rest.len())?;
    let body = take(&mut rest, length)?;
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(body);
    hasher.update(head);
    let sound = (hasher.finalize() ^ u32::MAX).to_le_bytes() == crc;
    Some(Message { kind, segment, page, body, end: at + bytes.len() - rest.len(), sound })
}

impl Replayed {
    fn message(&mut self, folder: &Path, message: &Message<'_>) {
        self.damaged += u64::from(!message.sound);
        match message.kind {
            NODE => self.node(message.page, message.body, message.sound),
            LINK => self.link(message.page, message.body, message.sound),
            NODE_IN_FILE | LINK_IN_FILE => {
                // The number of a file: its CRC-32, the kind again, and the body.
                let name = first_number(message.body).to_string();
                let bytes = fs::read(folder.join("blobs").join(name)).unwrap_or_default();
                let (crc, rest) = bytes.split_at_checked(4).unwrap_or_default();
                let sound = crc32fast::hash(rest).to_le_bytes() == crc;
                self.damaged += u64::from(!sound);
                let body = rest.get(1..).unwrap_or_default();
                if message.kind == NODE_IN_FILE {
                    self.node(message.page, body, sound);
                } else {
                    self.link(message.page, body, sound);
                }
            }
            _ => {}
        }
    }

    /// Takes a page for what it is. Of a damaged one, only the entries that are as they were written.
    fn node(&mut self, page: u64, body: &[u8], sound: bool) {
        let Some(node) = Node::parse(body) else { return };
        let prefix = node.low.get(..node.prefix).unwrap_or_default();
        if sound {
            self.prefixes.insert(page, prefix.to_vec());
            let end = if node.high.is_empty() { Bound::Unbounded } else { Bound::Excluded(node.high) };
            if node.high.is_empty() || node.low < node.high {
                let replaced = self.entries.range::<[u8], _>((Bound::Included(node.low), end));
                let replaced: Vec<Vec<u8>> = replaced.map(|(key, _)| key.clone()).collect();
                for key in replaced {
                    self.entries.remove(&key);
                }
            }
        }
        for (key, value) in node.entries {
            self.entry([prefix, key].concat(), value);
        }
    }

    fn link(&mut self, page: u64, body: &[u8], sound: bool) {
        let mut rest = body;
        let what = take(&mut rest, 1).and_then(<[u8]>::first);
        let prefix = self.prefixes.get(&page).cloned().unwrap_or_default();
        match (what, text(&mut rest)) {
            (Some(0), Some(key)) => {
                if let Some(value) = text(&mut rest) {
                    self.entry([&prefix, key].concat(), value);
                }
            }
            (Some(1), Some(key)) if sound => {
                self.entries.remove(&[&prefix, key].concat());
            }
            _ => {}
        }
    }

    fn entry(&mut self, key: Vec<u8>, stored: &[u8]) {
        match checked(&key, stored) {
            Some(Checked { value, totals }) => {
                self.totals = self.totals.newer(totals.unwrap_or_default());
                let value = value.to_vec();
                self.entries.insert(key, value);
            }
            None => self.damaged += 1,
        }
    }
}

/// A page of the tree with entries: those from `low` to `high`, excluded, if that isn't empty.
struct Node<'b> {
    low: &'b [u8],
    high: &'b [u8],
    /// So many bytes of `low` the keys begin with, and leave out.
    prefix: usize,
    entries: Vec<(&'b [u8], &'b [u8])>,
}

impl<'b> Node<'b> {
    /// Reads a page as far as it goes; none if it has no entries, but other pages.
    fn parse(body: &'b [u8]) -> Option<Self> {
        let mut rest = body;
        let _next = number(&mut rest)?;
        let _merging_child = number(&mut rest)?;
        let _merging = take(&mut rest, 1)?;
        let prefix = usize::from(*take(&mut rest, 1)?.first()?);
        let (low, high) = (text(&mut rest)?, text(&mut rest)?);
        if *take(&mut rest, 1)?.first()? != 0 {
            return None;
        }
        let count = number(&mut rest)?;
        let keys: Vec<&[u8]> = (0..count).map_while(|_| text(&mut rest)).collect();
        let entries = keys.into_iter().map_while(|key| Some((key, text(&mut rest)?))).collect();
        Some(Self { low, high, prefix, entries })
    }
}

fn take<'b>(rest: &mut &'b [u8], length: usize) -> Option<&'b [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn text<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = number(rest)?;
    take(rest, usize::try_from(length).ok()?)
}

/// A number as sled writes it, in one byte to nine.
fn number(rest: &mut &[u8]) -> Option<u64> {
    let byte = |bytes: &[u8], at: usize| bytes.get(at).copied().map(u64::from);
    let first = *take(rest, 1)?.first()?;
    match first {
        0..=240 => Some(u64::from(first)),
        241..=248 => Some(240 + 256 * (u64::from(first) - 241) + byte(take(rest, 1)?, 0)?),
        249 => {
            let two = take(rest, 2)?;
            Some(2_288 + 256 * byte(two, 0)? + byte(two, 1)?)
        }
        250..=255 => {
            let taken = take(rest, usize::from(first) - 247)?;
            let mut bytes = [0; 8];
            bytes.iter_mut().zip(taken).for_each(|(to, byte)| *to = *byte);
            Some(u64::from_le_bytes(bytes))
        }
    }
}
