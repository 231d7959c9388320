//! The byte layouts both sides parse, hash and sign. One file a statement; PROTOCOL.md has the bytes.
