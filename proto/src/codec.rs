//! Reading and writing the fixed layouts: big-endian, strict, no copies on reading.

use crate::fault::{Fault, InvalidField};
use crate::ids::ByteId;

/// Takes fields off the front of a byte string.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

type Read<T> = Result<T, InvalidField>;

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The next `n` bytes.
    pub(crate) fn take(&mut self, n: usize, field: &'static str) -> Read<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(Fault::Truncated.in_field(field))?;
        self.rest = rest;
        Ok(head)
    }

    pub(crate) fn array<const N: usize>(&mut self, field: &'static str) -> Read<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Fault::Truncated.in_field(field))?;
        self.rest = rest;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self, field: &'static str) -> Read<u8> {
        Ok(u8::from_be_bytes(self.array(field)?))
    }

    pub(crate) fn u16(&mut self, field: &'static str) -> Read<u16> {
        Ok(u16::from_be_bytes(self.array(field)?))
    }

    pub(crate) fn u32(&mut self, field: &'static str) -> Read<u32> {
        Ok(u32::from_be_bytes(self.array(field)?))
    }

    pub(crate) fn u64(&mut self, field: &'static str) -> Read<u64> {
        Ok(u64::from_be_bytes(self.array(field)?))
    }

    /// An identifier by its own parser, refused under the name of the field it stands in.
    pub(crate) fn id<T: ByteId>(&mut self, field: &'static str) -> Read<T> {
        T::from_slice(self.take(T::LEN, field)?).map_err(|invalid| invalid.fault.in_field(field))
    }

    /// A code point of one byte, refused under the name of the field it stands in.
    pub(crate) fn code<T: TryFrom<u8, Error = InvalidField>>(&mut self, field: &'static str) -> Read<T> {
        T::try_from(self.u8(field)?).map_err(|invalid| invalid.fault.in_field(field))
    }

    /// `n` bytes that are unused here, and therefore zero.
    pub(crate) fn zero(&mut self, n: usize, field: &'static str) -> Read<()> {
        let unused = self.take(n, field)?;
        if unused.iter().all(|byte| *byte == 0) {
            Ok(())
        } else {
            Err(Fault::ReservedNotZero.in_field(field))
        }
    }

    /// Four magic bytes.
    pub(crate) fn magic(&mut self, magic: &[u8; 4]) -> Read<()> {
        if &self.array::<4>("magic")? == magic { Ok(()) } else { Err(Fault::WrongMagic.in_field("magic")) }
    }

    /// Four magic bytes and the layout version, which is 1.
    pub(crate) fn preamble(&mut self, magic: &[u8; 4]) -> Read<()> {
        self.magic(magic)?;
        if self.u16("version")? == 1 { Ok(()) } else { Err(Fault::UnknownVersion.in_field("version")) }
    }

    /// A `u8` count within `range`.
    pub(crate) fn count8(&mut self, range: std::ops::RangeInclusive<u8>, field: &'static str) -> Read<usize> {
        let n = self.u8(field)?;
        if range.contains(&n) { Ok(n.into()) } else { Err(Fault::CountOutOfRange.in_field(field)) }
    }

    /// A `u16` count within `range`.
    pub(crate) fn count16(
        &mut self,
        range: std::ops::RangeInclusive<u16>,
        field: &'static str,
    ) -> Read<usize> {
        let n = self.u16(field)?;
        if range.contains(&n) { Ok(n.into()) } else { Err(Fault::CountOutOfRange.in_field(field)) }
    }

    /// `text8`: a length byte and that much UTF-8.
    pub(crate) fn text8(&mut self, field: &'static str) -> Read<&'a str> {
        let len = self.u8(field)?;
        let bytes = self.take(len.into(), field)?;
        std::str::from_utf8(bytes).map_err(|_| Fault::BadText.in_field(field))
    }

    /// How many bytes are left.
    pub(crate) const fn len(&self) -> usize {
        self.rest.len()
    }

    /// Nothing may follow.
    pub(crate) fn finish(self, field: &'static str) -> Read<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(Fault::TrailingBytes.in_field(field)) }
    }
}

/// Appends fields to a byte string. Counts and text lengths are the caller's invariant: only parsed or checked values are written.
#[derive(Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// Starts with four magic bytes and layout version 1.
    pub(crate) fn statement(magic: &[u8; 4]) -> Self {
        let mut w = Self::default();
        w.put(magic);
        w.u16(1);
        w
    }

    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// `n` bytes that are unused here.
    pub(crate) fn zero(&mut self, n: usize) {
        self.bytes.resize(self.bytes.len() + n, 0);
    }

    pub(crate) fn u8(&mut self, n: u8) {
        self.bytes.push(n);
    }

    pub(crate) fn u16(&mut self, n: u16) {
        self.put(&n.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, n: u32) {
        self.put(&n.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, n: u64) {
        self.put(&n.to_be_bytes());
    }

    pub(crate) fn count8(&mut self, n: usize) {
        self.u8(u8::try_from(n).expect("checked lists have at most 255 entries"));
    }

    pub(crate) fn count16(&mut self, n: usize) {
        self.u16(u16::try_from(n).expect("checked lists have at most 65,535 entries"));
    }

    pub(crate) fn text8(&mut self, text: &str) {
        self.count8(text.len());
        self.put(text.as_bytes());
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Refuses a list that is not strictly ascending by `key`.
pub(crate) fn ascending<T, K: Ord>(
    list: &[T],
    key: impl Fn(&T) -> K,
    field: &'static str,
) -> Result<(), InvalidField> {
    if list.is_sorted_by(|a, b| key(a) < key(b)) { Ok(()) } else { Err(Fault::NotAscending.in_field(field)) }
}
