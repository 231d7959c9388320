//! Attachments on their way: sealed from a file as a stream, uploaded and downloaded with resume, verified, in constant memory.
