//! The envelope from outside: what is sealed opens, and what was touched does not.

mod blobs;
mod bodies;
mod refusals;
mod round_trip;
mod vectors;
mod world;
