//! Stories and bad inputs against running programs: one test binary, so that one hub serves every test that can share it.
//!
//! `bad_NNN_…` is case NNN of the bad inputs in `tests/README.md`; every case of 1 to 142 is here, or explained in
//! `tests/cannot_occur.md`.

mod between;
mod faults;
mod ground;
mod siege;

mod bad_001_certificates;
mod bad_010_tls;
mod bad_017_keys;
mod bad_018_http2;
mod bad_024_grpc;
mod bad_029_messages;
mod bad_032_half_done;
mod bad_036_streams;

mod bad_039_protobuf;
mod bad_042_bodies;
mod bad_050_header;
mod bad_055_directory;
mod bad_060_times_and_lengths;
mod bad_065_sealed;
mod bad_066_repeats;
mod bad_069_references;
mod bad_080_attachments;
mod bad_091_uploads;
mod bad_094_disk_full;

mod bad_099_manifests;
mod bad_106_epoch_keys;
mod bad_111_checkpoints;
mod bad_114_receipts;
mod bad_115_withdrawals;

mod bad_120_disk;
mod bad_121_store;
mod bad_124_signals;

mod bad_128_keystore;
mod bad_130_files;
mod bad_135_network;
mod bad_137_interrupt;
mod bad_140_surroundings;

mod agreements;
mod attachment;
mod benchmarks;
mod canaries;
mod cli_walk;
mod compared;
mod crash;
mod endings;
mod evil_log;
mod export;
mod guide;
mod joining;
mod killed;
mod languages;
mod loadgen;
mod log_lines;
mod members;
mod network_faults;
mod numbers;
mod operators;
mod own_changes;
mod papers;
mod protected_identity;
mod readme;
mod recovery;
mod reloading;
mod resealing;
mod restored;
mod revocation;
mod rewrapping;
mod rpc_table;
mod simulation;
mod starting;
mod stolen;
mod story_01_victim_support;
mod story_02_duty_to_report;
mod story_04_passed_on;
mod story_transcript;
mod suspension;
mod taken_back;
mod tampering;
mod time_passes;
mod two_processes;
mod unlinkable;
mod unlocking;
